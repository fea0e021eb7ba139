import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parse, type StatementMemory } from "../../grammar/read.ts";

const examples = globSync("examples/*/*.bilevel").map((file) => readFileSync(file, "utf8"));
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(20),
  text: fc.oneof(fc.constantFrom("\n", "\n\n", "let a = 1\n", "# a\n", "(", "where "), fc.string({ maxLength: 4 })),
});

it("an edited text reads as it would afresh", () => {
  fc.assert(
    fc.property(fc.constantFrom(...examples), fc.array(edit, { maxLength: 5 }), (source, edits) => {
      const memory: StatementMemory = { statements: new Map() };
      let text = source;
      parse(text, "a.bilevel", memory);
      for (const { at, cut, text: typed } of edits) {
        const start = Math.floor(at * text.length);
        text = text.slice(0, start) + typed + text.slice(start + cut);
        expect(parse(text, "a.bilevel", memory)).toEqual(parse(text, "a.bilevel"));
      }
    }),
  );
});

it("an unchanged statement is the same tree", () => {
  const memory: StatementMemory = { statements: new Map() };
  const before = parse("let a = 1\nlet b = 2", "a", memory).program.declarations;
  const after = parse("let a = 1\nlet b = 3", "a", memory).program.declarations;
  expect(after[0]).toBe(before[0]);
  expect(after[1]).not.toEqual(before[1]);
});
