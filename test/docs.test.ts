/** Programs in the documents compile, and an example's page shows the programs beside it as they are. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSources } from "../cli/sources.ts";
import { compile } from "../compiler/compile.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Fenced as `bilevel`, with the page they are on. */
function programsIn(pages: readonly string[]): readonly (readonly [page: string, program: string])[] {
  return pages.flatMap((page) =>
    [...read(page).matchAll(/^```bilevel\n(.*?)^```/gms)].map(([, program = ""]) => [page, program] as const),
  );
}

const examples = globSync("examples/*/README.md", { cwd: root }).toSorted();
const documents = ["README.md", "CONTRIBUTING.md", ...globSync("docs/*.md", { cwd: root }).toSorted()];

describe("programs in the documents", () => {
  it.each(programsIn(documents))("of %s compile: %s", (page, program) => {
    const imports = createSources().importer([root]);
    const { diagnostics } = compile(program, join(root, page), { imports });
    expect(diagnostics.filter(({ severity }) => severity !== "warning").map(({ message }) => message)).toEqual([]);
  });
});

describe("the page of an example", () => {
  it.each(programsIn(examples))("%s shows what it runs: %s", (page, program) => {
    const folder = dirname(page);
    const beside = globSync(`${folder}/*.bilevel`, { cwd: root }).map(read);
    expect(beside.some((text) => text.trim().includes(program.trim()))).toBe(true);
  });
});
