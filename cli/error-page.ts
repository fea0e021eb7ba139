/** `bilevel explain CODE`: the page of a message. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest } from "../compiler/check/nearest.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { sourceUnreadable } from "../runtime/errors.ts";

const pages = fileURLToPath(new URL("../docs/errors/", import.meta.url));

/** Markdown, where `argument` is the code of a message and not a file. Throws a BilevelError for a word that is neither. */
export function errorPage(argument: string): string | undefined {
  if (!/^[a-z]+(-[a-z]+)*$/.test(argument) || existsSync(argument)) return undefined;
  const codes = readdirSync(pages).map((file) => basename(file, ".md"));
  if (codes.includes(argument)) return readFileSync(join(pages, `${argument}.md`), "utf8");
  const close = nearest(argument, codes);
  throw new BilevelError([
    sourceUnreadable(
      argument,
      "there is no such file, and no message of this code",
      close === undefined ? undefined : `did you mean ${close}?`,
    ),
  ]);
}
