/**
 * What the parser says when a token does not fit: the bare phrase for what it expected. explain.ts makes the diagnostic.
 */
import type { IParserErrorMessageProvider, TokenType } from "chevrotain";
import { Label, NameToken, NumberToken, StringToken } from "./tokens.ts";

/** Where a rule chooses between alternatives and none fits. */
const choices: Readonly<Record<string, string>> = {
  statement: "a declaration, a problem or a clause",
  varModifier: "`in` or `init`",
  whereClause: "`minimizes`, `maximizes` or `solves`",
  type: "a type such as `real[n]`",
  mapType: "a type such as `real[n]`",
  size: "a size",
  exponent: "an exponent",
  reduction: "`[` or `(`",
  indexItem: "an index",
  names: "a name",
};

/** Lists in brackets may go on where they are expected to end. */
const lists: ReadonlySet<string> = new Set([
  "list",
  "sizes",
  "fields",
  "binders",
  "indexItems",
  "callArguments",
  "parameters",
]);

export function tokenPhrase(type: TokenType): string {
  if (type === NameToken) return "a name";
  if (type === Label) return "a name";
  if (type === NumberToken) return "a number";
  if (type === StringToken) return "a string";
  return `\`${type.LABEL ?? type.name}\``;
}

export const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => {
    const phrase = tokenPhrase(expected);
    if (lists.has(ruleName) && /^`[)\]}]`$/.test(phrase)) return `\`,\` or ${phrase}`;
    if (ruleName === "solveDeclaration" && phrase === "`}`") return "an entry such as `steps: 100` or `}`";
    return phrase;
  },
  buildNotAllInputParsedMessage: () => "the next declaration",
  buildNoViableAltMessage: ({ ruleName }) => choices[ruleName] ?? "an expression",
  buildEarlyExitMessage: ({ ruleName }) => choices[ruleName] ?? "an expression",
};
