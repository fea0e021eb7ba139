/** Program texts: any bytes, words of the language in any order, and real programs with pieces changed, moved and repeated. */
import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { decodeText } from "../../cli/sources.ts";
import { compile } from "../../compiler/compile.ts";
import { print } from "../../grammar/print.ts";
import { parse } from "../../grammar/read.ts";
import { type Target, target } from "./target.ts";

const real = globSync([
  "examples/*/*.bilevel",
  "templates/*.bilevel",
  "test/programs/*.bilevel",
  "test/errors/*/*.bilevel",
])
  .toSorted()
  .map((file) => readFileSync(file, "utf8"));

/** Words, numbers, strings and marks, each with the space before it. */
const piecesOf = (text: string): readonly string[] => text.match(/\s*(?:\w+|"[^"\n]*"|[^\w\s])/gu) ?? [];

const pieces = [...new Set(real.flatMap(piecesOf).map((piece) => piece.trim()))];
const strange = [
  "1e999",
  "1e12",
  "99999999999999999999",
  "0x",
  "\0",
  "\\",
  "'",
  "λ",
  "😀",
  "\ud800",
  '"',
  "(",
  "]",
  "::",
];
const soup = fc
  .array(fc.tuple(fc.constantFrom(...pieces, ...strange), fc.constantFrom(" ", " ", "\n", "")), { maxLength: 80 })
  .map((parts) => parts.map(([piece, space]) => piece + space).join(""));

const change = fc.record({
  kind: fc.constantFrom("drop", "repeat", "swap", "replace", "insert", "splice"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 8 }),
  other: fc.constantFrom(...real),
  piece: fc.constantFrom(...pieces, ...strange),
});

const mutated = fc
  .tuple(fc.constantFrom(...real), fc.array(change, { minLength: 1, maxLength: 5 }))
  .map(([text, changes]) => {
    const program = [...piecesOf(text)];
    for (const { kind, at, from, length, other, piece } of changes) {
      const place = Math.floor(at * program.length);
      const donor = kind === "splice" ? piecesOf(other) : program;
      const start = Math.floor(from * donor.length);
      const moved = donor.slice(start, start + length);
      if (kind === "drop") program.splice(place, length);
      else if (kind === "replace") program.splice(place, 1, ` ${piece}`);
      else if (kind === "insert") program.splice(place, 0, ` ${piece}`);
      else if (kind === "swap") program.splice(place, length, ...moved);
      else program.splice(place, 0, ...moved);
    }
    return program.join("");
  });

function parsed(bytes: Uint8Array): void {
  const text = decodeText(bytes);
  if (text !== undefined) print(parse(text, "problem.bilevel").program);
}

const compiled = (text: string): unknown => compile(text, "problem.bilevel");

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 200 }).map((text) => new TextEncoder().encode(text)),
);

export const programs: readonly Target[] = [
  target("programs, any bytes", anyBytes, parsed),
  target("programs, words in any order", soup, compiled),
  target("programs, real ones changed", mutated, compiled),
];
