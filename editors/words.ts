/** What the colouring of every editor is made of. */
import type { TokenType } from "chevrotain";
import { type Keyword, type KeywordCategory, keywords } from "../grammar/tokens.ts";

export const keywordsOf = (category: KeywordCategory): readonly Keyword[] =>
  (Object.keys(keywords) as Keyword[]).filter((word) => keywords[word] === category);

/** The regular expression of a token that has one. */
export function patternOf({ name, PATTERN }: TokenType): string {
  if (PATTERN instanceof RegExp) return PATTERN.source;
  throw new Error(`${name} is no regular expression`);
}
