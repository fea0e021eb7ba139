/** The programs under test/programs, and what the grammar's tests do with them. */
import { readdirSync, readFileSync } from "node:fs";
import { lexer } from "../../grammar/tokens.ts";

const folder = new URL("../programs/", import.meta.url);

export const programs: readonly { readonly name: string; readonly text: string }[] = readdirSync(folder)
  .filter((name) => name.endsWith(".bilevel"))
  .sort()
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

/** A tree without places, for comparing what two texts say. */
export function withoutSpans(tree: unknown): unknown {
  const places = ["span", "operatorSpan", "pathSpan", "lineStarts"];
  return JSON.parse(JSON.stringify(tree, (key, value) => (places.includes(key) ? undefined : value)));
}

export interface Piece {
  readonly image: string;
  readonly start: number;
  readonly end: number;
}

/** The tokens of a text, comments apart. */
export function pieces(text: string): readonly Piece[] {
  return lexer
    .tokenize(text)
    .tokens.map(({ image, startOffset }) => ({ image, start: startOffset, end: startOffset + image.length }));
}
