/** Where the cursor stands, in tokens: also in a statement that does not parse yet. */
import type { IToken } from "chevrotain";
import { cutStatements } from "../grammar/statements.ts";
import { closerOf, isKeyword, NameToken, NumberToken, StringToken } from "../grammar/tokens.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Cursor {
  readonly offset: number;
  /** The tokens of its statement before the word that it stands in. */
  readonly before: readonly IToken[];
  /** The name, keyword or string that it stands in, or at the end of. */
  readonly word?: IToken;
  /** The keyword of the statement. */
  readonly statement?: string;
  /** Whether only blanks stand before the word on its line. */
  readonly startsLine: boolean;
}

/** `undefined` in a comment. */
export function cursorAt(snapshot: Snapshot, offset: number): Cursor | undefined {
  const { comments } = snapshot.compiled.program;
  if (comments.some(({ span }) => span.start < offset && offset <= span.end)) return undefined;
  const left = snapshot.tokens().filter((token) => token.startOffset < offset);
  const last = left.at(-1);
  const word = last !== undefined && endOf(last) >= offset && isWord(last) && !closed(last, offset) ? last : undefined;
  const before = cutStatements(left).at(-1) ?? [];
  const text = snapshot.document.getText();
  const start = word?.startOffset ?? offset;
  return {
    offset,
    before: word === undefined ? before : before.slice(0, -1),
    startsLine: text.slice(text.lastIndexOf("\n", start - 1) + 1, start).trim() === "",
    ...(word !== undefined && { word }),
    ...(before[0] !== undefined && before[0] !== word && { statement: before[0].image }),
  };
}

export const endOf = (token: IToken): number => token.startOffset + token.image.length;

export const isString = ({ tokenType }: IToken): boolean =>
  tokenType === StringToken || (tokenType.CATEGORIES ?? []).includes(StringToken);

const isWord = (token: IToken): boolean => token.tokenType === NameToken || isKeyword(token) || isString(token);

/** Behind a string that has ended, nothing of it is still being written. */
const closed = (token: IToken, offset: number): boolean =>
  (token.tokenType === StringToken && endOf(token) === offset) || token.tokenType === NumberToken;

/** A bracket that is open at the end of some tokens. */
export interface Enclosure {
  /** Where its opening bracket stands among them. */
  readonly at: number;
  readonly opener: IToken;
  /** The name in front of `(`. */
  readonly callee?: IToken;
  /** How many commas stand in it so far. */
  readonly argument: number;
  /** `key` where what is being written is `key: ...`. */
  readonly label?: string;
}

/** Innermost first. */
export function enclosures(tokens: readonly IToken[]): readonly Enclosure[] {
  const closers = Object.values(closerOf);
  const open: Enclosure[] = [];
  let depth = 0;
  let argument = 0;
  let label: string | undefined;
  for (let at = tokens.length - 1; at >= 0; at--) {
    const token = tokens[at] as IToken;
    const { image } = token;
    if (closers.includes(image)) depth += 1;
    else if (Object.hasOwn(closerOf, image) && depth > 0) depth -= 1;
    else if (Object.hasOwn(closerOf, image)) {
      const callee = image === "(" ? tokens[at - 1] : undefined;
      const isCall = callee !== undefined && (callee.tokenType === NameToken || isKeyword(callee));
      open.push({ at, opener: token, argument, ...(isCall && { callee }), ...(label !== undefined && { label }) });
      argument = 0;
      label = undefined;
    } else if (depth === 0 && image === ",") argument += 1;
    // The label that counts is the one after the last comma.
    else if (depth === 0 && image === ":" && argument === 0) label ??= tokens[at - 1]?.image;
  }
  return open;
}
