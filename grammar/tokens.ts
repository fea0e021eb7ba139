/**
 * The words and marks of the language: one list of keywords, one of operators and marks, and the lexer over them. Editor
 * grammars are generated from the same lists.
 */
import type { CustomPatternMatcherFunc, IToken, TokenType } from "chevrotain";
import { createToken, Lexer } from "chevrotain";

export type KeywordCategory = "declaration" | "problem" | "modifier" | "callable" | "constant";

/** Every reserved word. `callable` words are functions that the grammar must know; `constant` words are values. */
export const keywords = {
  data: "declaration",
  param: "declaration",
  dim: "declaration",
  let: "declaration",
  var: "declaration",
  network: "declaration",
  function: "declaration",
  report: "declaration",
  import: "declaration",
  minimize: "problem",
  maximize: "problem",
  over: "problem",
  where: "problem",
  and: "problem",
  minimizes: "problem",
  maximizes: "problem",
  solves: "problem",
  selected: "problem",
  from: "problem",
  subject: "problem",
  to: "problem",
  by: "modifier",
  in: "modifier",
  init: "modifier",
  solve: "callable",
  E: "callable",
  sum: "callable",
  true: "constant",
  false: "constant",
} as const satisfies Record<string, KeywordCategory>;

export type Keyword = keyof typeof keywords;

/** Words with a meaning in one place only; elsewhere they are ordinary names. */
export const contextualWords = {
  type: ["real", "int", "bool", "class", "weights"],
  selection: ["previous", "gradient_flow", "descent"],
  clause: ["adjoint"],
  constant: ["pi", "inf"],
} as const;

export type MarkCategory =
  | "additive"
  | "multiplicative"
  | "product"
  | "power"
  | "comparison"
  | "logical"
  | "prefix"
  | "transpose"
  | "bracket"
  | "punctuation";

/** Every operator and mark, longer ones before their prefixes. */
export const marks = {
  "->": { name: "Arrow", category: "punctuation" },
  "==": { name: "EqualEqual", category: "comparison" },
  "!=": { name: "NotEqual", category: "comparison" },
  "<=": { name: "LessEqual", category: "comparison" },
  ">=": { name: "GreaterEqual", category: "comparison" },
  "<": { name: "Less", category: "comparison" },
  ">": { name: "Greater", category: "comparison" },
  "&&": { name: "And", category: "logical" },
  "||": { name: "Or", category: "logical" },
  "+": { name: "Plus", category: "additive" },
  "-": { name: "Minus", category: "additive" },
  "*": { name: "Star", category: "multiplicative" },
  "/": { name: "Slash", category: "multiplicative" },
  "@": { name: "At", category: "product" },
  "^": { name: "Caret", category: "power" },
  "!": { name: "Bang", category: "prefix" },
  "'": { name: "Quote", category: "transpose" },
  "(": { name: "LeftParen", category: "bracket" },
  ")": { name: "RightParen", category: "bracket" },
  "[": { name: "LeftBracket", category: "bracket" },
  "]": { name: "RightBracket", category: "bracket" },
  "{": { name: "LeftBrace", category: "bracket" },
  "}": { name: "RightBrace", category: "bracket" },
  "=": { name: "Equal", category: "punctuation" },
  ",": { name: "Comma", category: "punctuation" },
  ";": { name: "Semicolon", category: "punctuation" },
  ":": { name: "Colon", category: "punctuation" },
  ".": { name: "Dot", category: "punctuation" },
} as const satisfies Record<string, { readonly name: string; readonly category: MarkCategory }>;

export type Mark = keyof typeof marks;

/** Which closing bracket answers which opening one. */
export const closerOf: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

// ------------------------------------------------------------------------------------------------ categories

/** What may stand where a field, a named argument or a solve key is expected: a name or any reserved word. */
export const Label = createToken({ name: "Label", pattern: Lexer.NA });
const KeywordToken = createToken({ name: "Keyword", pattern: Lexer.NA });
/** All operators between two operands but `^`, which binds tighter than the prefix operators. */
export const BinaryOperatorToken = createToken({ name: "BinaryOperator", pattern: Lexer.NA });
const binaryCategories: ReadonlySet<MarkCategory> = new Set<MarkCategory>([
  "logical",
  "comparison",
  "additive",
  "multiplicative",
  "product",
]);
/** `E` and `sum`, which take binders. */
export const Reducer = createToken({ name: "Reducer", pattern: Lexer.NA });

// ------------------------------------------------------------------------------------- names, literals, trivia

/** A sticky expression as a custom pattern: the lexer would drop the `u` flag of a plain one. */
function sticky(pattern: RegExp): CustomPatternMatcherFunc {
  return (text, offset) => {
    pattern.lastIndex = offset;
    return pattern.exec(text);
  };
}

/** The lexer indexes patterns by first character, and characters above 255 in blocks of 255. */
function nonAsciiCharacters(): number[] {
  const codes = Array.from({ length: 128 }, (_, i) => 128 + i);
  for (let code = 256; code <= 0xffff; code += 255) codes.push(code);
  return [...codes, 0xffff];
}

/** The letters of a name. Marks are among them because a letter may be written decomposed; reading normalises to NFC. */
export const namePattern = String.raw`[\p{L}_][\p{L}\p{M}\p{Nd}_]*`;

export const NameToken = createToken({
  name: "Name",
  pattern: sticky(new RegExp(namePattern, "uy")),
  start_chars_hint: [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", ...nonAsciiCharacters()],
  line_breaks: false,
  categories: [Label],
});

export const NumberToken = createToken({
  name: "Number",
  pattern: /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+(?:_\d+)*)?/,
});

export const StringToken = createToken({ name: "String", pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*"/ });

/** A string whose line ends before its quote; an error, but it lexes as a string so that it is the only one. */
export const UnterminatedString = createToken({
  name: "UnterminatedString",
  pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*\\?/,
  categories: [StringToken],
});

/** `'abc'` where no transpose can stand; an error, but it lexes as a string so that it is the only one. */
export const SingleQuotedString = createToken({
  name: "SingleQuotedString",
  pattern: (text, offset, tokens) => {
    if (transposable(tokens)) return null;
    const pattern = /'[^'\n\r]*'/y;
    pattern.lastIndex = offset;
    return pattern.exec(text);
  },
  start_chars_hint: ["'"],
  line_breaks: false,
  categories: [StringToken],
});

function transposable(tokens: readonly IToken[]): boolean {
  const last = tokens.at(-1);
  if (last === undefined) return false;
  if (isKeyword(last)) return last.image === "true" || last.image === "false" || tokens.at(-2)?.image === ".";
  return [NameToken, NumberToken, StringToken, markTokens["]"], markTokens[")"], markTokens["'"]].includes(
    last.tokenType,
  );
}

const CommentToken = createToken({ name: "Comment", pattern: /#[^\n\r]*/, group: "comments" });
const Space = createToken({ name: "Space", pattern: /[\s\uFEFF]+/, group: Lexer.SKIPPED, line_breaks: true });

// --------------------------------------------------------------------------------------- keywords and marks

function keywordCategories(word: Keyword): TokenType[] {
  return word === "E" || word === "sum" ? [KeywordToken, Label, Reducer] : [KeywordToken, Label];
}

function table<K extends string, V>(keys: readonly K[], value: (key: K) => V): Readonly<Record<K, V>> {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, V>;
}

export const keywordTokens = table(Object.keys(keywords) as Keyword[], (word) =>
  createToken({
    name: `${word}Keyword`,
    pattern: word,
    label: word,
    longer_alt: NameToken,
    categories: keywordCategories(word),
  }),
);

export const markTokens = table(Object.keys(marks) as Mark[], (mark) => {
  const { name, category } = marks[mark];
  return createToken({
    name,
    pattern: mark,
    label: mark,
    categories: binaryCategories.has(category) ? [BinaryOperatorToken] : [],
  });
});

export function isKeyword(token: IToken): boolean {
  return token.tokenType.CATEGORIES?.includes(KeywordToken) ?? false;
}

const longestFirst = (a: TokenType, b: TokenType) => (b.LABEL ?? "").length - (a.LABEL ?? "").length;

export const vocabulary: readonly TokenType[] = [
  Space,
  CommentToken,
  StringToken,
  UnterminatedString,
  SingleQuotedString,
  NumberToken,
  ...Object.values<TokenType>(keywordTokens).sort(longestFirst),
  NameToken,
  ...Object.values<TokenType>(markTokens),
  Label,
  KeywordToken,
  Reducer,
  BinaryOperatorToken,
];

/** Lexes a text; `groups.comments` holds the comments. Characters that start no token are skipped and reported. */
export const lexer = new Lexer([...vocabulary], { positionTracking: "full", ensureOptimizations: true });
