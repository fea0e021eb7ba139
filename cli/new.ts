/** `bilevel new`: a folder with a program to start from, and made-up data that it runs on. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest } from "../compiler/check/nearest.ts";
import { compile } from "../compiler/compile.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { commandLine } from "./errors.ts";
import { mockFiles } from "./mock-data.ts";
import type { ExitStatus, Output } from "./output.ts";
import { columnWidth, pad } from "./show.ts";
import { writeWhole } from "./write-file.ts";

export interface NewFlags {
  readonly template: string;
  readonly list: boolean;
}

export function create(folder: string | undefined, { template, list }: NewFlags, output: Output): ExitStatus {
  if (list) output.print(showTemplates());
  else if (folder === undefined) throw new BilevelError([commandLine("missing required argument 'folder'")]);
  else output.print(showWritten(writeFiles(folder, template)));
  return 0;
}

const templates = fileURLToPath(new URL("../templates/", import.meta.url));

const templateNames: readonly string[] = existsSync(templates)
  ? readdirSync(templates).map((file) => basename(file, ".bilevel"))
  : [];

function templateText(name: string): string {
  if (templateNames.includes(name)) return readFileSync(join(templates, `${name}.bilevel`), "utf8");
  const close = nearest(name, templateNames);
  throw new BilevelError([
    commandLine(
      `there is no template ${name}`,
      close === undefined ? "bilevel new --list shows those that there are" : `did you mean ${close}?`,
    ),
  ]);
}

/** The paths of the files, the program first. */
function writeFiles(folder: string, template: string): readonly string[] {
  const text = templateText(template);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new BilevelError([commandLine(`${folder} is there already, and not empty`, "give it another name")]);
  const file = join(folder, `${basename(folder)}.bilevel`);
  const { model } = compile(text, file);
  const files = new Map([[file, text], ...(model === undefined ? [] : mockFiles(model))]);
  for (const [path, content] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeWhole(path, content);
  }
  return [...files.keys()];
}

function showTemplates(): string {
  const width = columnWidth(templateNames);
  return templateNames
    .map((name) => `${pad(name, width)}  ${/^## (.*)$/m.exec(templateText(name))?.[1] ?? ""}\n`)
    .join("");
}

function showWritten([program, ...data]: readonly string[]): string {
  const lines = data.map((path) => `wrote ${path} (made-up rows: put yours in their place)`);
  return `${[`wrote ${program}`, ...lines].join("\n")}\n\nbilevel run ${program}\n`;
}
