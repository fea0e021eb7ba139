import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { parse } from "../../grammar/read.ts";

const folder = new URL("../programs/", import.meta.url);
const programs = readdirSync(folder).map(
  (file) =>
    readFileSync(new URL(file, folder), "utf8")
      .replace(/#.*/g, "")
      .match(/[\p{L}_]\w*|[\d.]+|"[^"]*"|\s+|->|&&|[<>=!]=|[^\s\w]/gu) ?? [],
);
const words = [...new Set(programs.flat())];

const change = fc.record({
  at: fc.nat(),
  word: fc.constantFrom(...words),
  how: fc.constantFrom("replace", "delete", "insert"),
});
const mutated = fc
  .tuple(fc.constantFrom(...programs), fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([tokens, changes]) => {
    const result = [...tokens];
    for (const { at, word, how } of changes)
      result.splice(at % result.length, how === "insert" ? 0 : 1, ...(how === "delete" ? [] : [word]));
    return result.join("");
  });

it("any program gives a model or an error, and nothing is thrown", () => {
  fc.assert(
    fc.property(mutated, (source) => {
      const { program, diagnostics: syntax } = parse(source, "problem.bilevel");
      const { model, diagnostics } = check(program);
      if (syntax.length === 0) expect(model === undefined).toBe(diagnostics.some((d) => d.severity === "error"));
    }),
    { numRuns: 300 },
  );
});
