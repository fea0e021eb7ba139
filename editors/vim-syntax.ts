/** The words of the language as a Vim syntax file, for a Neovim that does not show semantic tokens, or not yet. */
import { contextualWords, type KeywordCategory } from "../grammar/tokens.ts";
import { keywordsOf } from "./words.ts";

const groupOfKeyword = {
  declaration: "Type",
  problem: "Statement",
  modifier: "Keyword",
  callable: "Function",
  constant: "Constant",
} as const satisfies Record<KeywordCategory, string>;

const groupOfWord = {
  type: "StorageClass",
  selection: "Function",
  clause: "Keyword",
  constant: "Constant",
} as const satisfies Record<keyof typeof contextualWords, string>;

interface Match {
  readonly name: string;
  readonly pattern: string;
  /** One of Vim's own groups, which every colour scheme has. */
  readonly like: string;
}

/** Of two that match at one place, Vim takes the later. */
const matches: readonly Match[] = [
  { name: "bilevelCall", pattern: String.raw`\<\K\k*\ze\s*(`, like: "Function" },
  ...Object.entries(groupOfWord).map(([kind, like]) =>
    wordsLike(`Word${capitalised(kind)}`, contextualWords[kind as keyof typeof contextualWords], like),
  ),
  ...Object.entries(groupOfKeyword).map(([category, like]) =>
    wordsLike(capitalised(category), keywordsOf(category as KeywordCategory), like),
  ),
  // What is a keyword elsewhere may name a field, an argument or a key.
  { name: "bilevelField", pattern: String.raw`\.\s*\K\k*`, like: "Identifier" },
  { name: "bilevelLabel", pattern: String.raw`\<\K\k*\ze\s*:`, like: "Identifier" },
  {
    name: "bilevelNumber",
    pattern: String.raw`\<\d[0-9_]*\%(\.\d[0-9_]*\)\?\%([eE][+-]\?\d[0-9_]*\)\?`,
    like: "Number",
  },
  { name: "bilevelString", pattern: String.raw`"\%([^"\\]\|\\.\)*"\?`, like: "String" },
  { name: "bilevelComment", pattern: "#.*$", like: "Comment" },
  { name: "bilevelDocumentation", pattern: "##.*$", like: "SpecialComment" },
];

function wordsLike(name: string, words: readonly string[], like: string): Match {
  return { name: `bilevel${name}`, pattern: String.raw`\<\%(${words.join("\\|")}\)\>`, like };
}

function capitalised(word: string): string {
  return `${word[0]?.toUpperCase()}${word.slice(1)}`;
}

export function vimSyntax(): string {
  return [
    '" Written by scripts/grammars.mjs from grammar/tokens.ts.',
    'if exists("b:current_syntax") | finish | endif',
    "",
    ...matches.map(({ name, pattern }) => `syntax match ${name} /${pattern.replaceAll("/", "\\/")}/`),
    "",
    ...matches.map(({ name, like }) => `highlight default link ${name} ${like}`),
    "",
    'let b:current_syntax = "bilevel"',
    "",
  ].join("\n");
}
