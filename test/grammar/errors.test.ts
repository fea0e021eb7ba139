import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { syntaxCodes } from "../../grammar/errors.ts";
import { parse } from "../../grammar/read.ts";

describe.each(syntaxCodes)("%s", (code) => {
  const program = readFileSync(new URL(`../errors/${code}/problem.bilevel`, import.meta.url), "utf8");
  const page = readFileSync(new URL(`../../docs/errors/${code}.md`, import.meta.url), "utf8");
  const { diagnostics } = parse(program, "problem.bilevel");

  test("is what its program provokes, and nothing else", () => {
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
  });

  test("has a page that shows its message", () => {
    expect(page.startsWith(`# ${code}\n`)).toBe(true);
    expect(page).toContain(diagnostics[0]?.message);
    expect(page).toContain(diagnostics[0]?.suggestion ?? "");
  });
});
