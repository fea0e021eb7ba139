/** The words and marks of the language as a TextMate grammar, which colours a text before the language server has read it. */
import {
  contextualWords,
  type KeywordCategory,
  type Mark,
  type MarkCategory,
  marks,
  NumberToken,
  namePattern,
  StringToken,
} from "../grammar/tokens.ts";
import { keywordsOf, patternOf } from "./words.ts";

interface Rule {
  readonly name?: string;
  readonly match: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
}

const scopeOfKeyword = {
  declaration: "storage.type",
  problem: "keyword.control",
  modifier: "keyword.other",
  callable: "support.function",
  constant: "constant.language",
} as const satisfies Record<KeywordCategory, string>;

const scopeOfWord = {
  type: "support.type",
  selection: "support.function",
  clause: "keyword.other",
  constant: "constant.language",
} as const satisfies Record<keyof typeof contextualWords, string>;

const scopeOfMark = {
  additive: "keyword.operator.arithmetic",
  multiplicative: "keyword.operator.arithmetic",
  product: "keyword.operator.product",
  power: "keyword.operator.power",
  comparison: "keyword.operator.comparison",
  logical: "keyword.operator.logical",
  prefix: "keyword.operator.logical",
  transpose: "keyword.operator.transpose",
  bracket: "punctuation.bracket",
  punctuation: "punctuation.separator",
} as const satisfies Record<MarkCategory, string>;

/** A grammar for editors with regular expressions by Oniguruma. The first rule that matches at a place wins. */
export function textMateGrammar(): object {
  return {
    name: "Bilevel",
    scopeName: "source.bilevel",
    fileTypes: ["bilevel"],
    patterns: [
      rule("comment.line.documentation", "##.*$"),
      rule("comment.line.number-sign", "#.*$"),
      rule("string.quoted.double", patternOf(StringToken)),
      rule("string.quoted.double.unterminated", '"[^"]*$'),
      rule("constant.numeric", `${outsideName}${patternOf(NumberToken)}`),
      // What is a keyword elsewhere may name a field, an argument or a key.
      {
        match: `(\\.)\\s*(${namePattern})`,
        captures: { 1: { name: scoped(scopeOfMark.punctuation) }, 2: { name: scoped("variable.other.property") } },
      },
      rule("variable.other", `${outsideName}${namePattern}(?=\\s*:)`),
      ...Object.entries(scopeOfKeyword).map(([category, scope]) =>
        rule(scope, words(keywordsOf(category as KeywordCategory))),
      ),
      ...Object.entries(scopeOfWord).map(([kind, scope]) =>
        rule(scope, words(contextualWords[kind as keyof typeof contextualWords])),
      ),
      rule("entity.name.function", `${outsideName}${namePattern}(?=\\s*\\()`),
      rule("variable.other", namePattern),
      ...(Object.keys(marks) as Mark[]).map((mark) => rule(scopeOfMark[marks[mark].category], escaped(mark))),
    ],
  };
}

/** Where a name cannot have begun already. */
const outsideName = String.raw`(?<![\p{L}\p{M}\p{Nd}_])`;

const words = (some: readonly string[]): string =>
  `${outsideName}(?:${some.join("|")})${String.raw`(?![\p{L}\p{M}\p{Nd}_])`}`;

const escaped = (mark: string): string => mark.replace(/[\^$.*+?()[\]{}|]/g, "\\$&");

const scoped = (scope: string): string => `${scope}.bilevel`;

const rule = (scope: string, match: string): Rule => ({ name: scoped(scope), match });
