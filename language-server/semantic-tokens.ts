/** Semantic tokens: every token by what it is, names by what they stand for. */
import type { IToken } from "chevrotain";
import type { SemanticTokens } from "vscode-languageserver-types";
import type { DeclaredName } from "../compiler/check/context.ts";
import { builtins } from "../compiler/check/signatures.ts";
import { contextualWords, isKeyword, NameToken, NumberToken } from "../grammar/tokens.ts";
import { isString } from "./cursor.ts";
import { isDeclaration, type Snapshot } from "./snapshot.ts";

/** What is written in a document, by the place of each word here and there. */
export const legend = {
  tokenTypes: [
    "keyword",
    "number",
    "string",
    "comment",
    "operator",
    "type",
    "variable",
    "parameter",
    "property",
    "function",
    "class",
    "struct",
    "enumMember",
  ],
  tokenModifiers: ["declaration", "readonly", "documentation", "defaultLibrary"],
};

type TokenType = (typeof legend.tokenTypes)[number];

const types = {
  dim: ["enumMember", "readonly"],
  size: ["enumMember", "readonly"],
  param: ["variable", "readonly"],
  data: ["struct"],
  let: ["variable", "readonly"],
  var: ["variable"],
  network: ["class"],
  function: ["class"],
  report: ["variable", "readonly"],
  field: ["property"],
  binder: ["parameter"],
  argument: ["parameter"],
} as const satisfies Record<DeclaredName["sort"], readonly [TokenType, ...string[]]>;

interface Piece {
  readonly start: number;
  readonly length: number;
  readonly type: TokenType;
  readonly modifiers: readonly string[];
}

export function semanticTokens(snapshot: Snapshot): SemanticTokens {
  const { document, compiled } = snapshot;
  const byStart = new Map(snapshot.occurrences.map((each) => [each.span.start, each] as const));
  const words = snapshot.tokens().flatMap((token): readonly Piece[] => {
    const occurrence = byStart.get(token.startOffset);
    const place = { start: token.startOffset, length: token.image.length };
    if (occurrence === undefined) return classOf(token).map((type) => ({ ...place, ...type }));
    const { sort, denotation } = occurrence.name;
    const [type, ...modifiers] = denotation?.kind === "definition" ? ["function"] : types[sort];
    const declared = isDeclaration(occurrence) ? ["declaration"] : [];
    return [{ ...place, type: type ?? "variable", modifiers: [...modifiers, ...declared] }];
  });
  const comments = compiled.program.comments.map(({ span, doc }) => ({
    start: span.start,
    length: span.end - span.start,
    type: "comment",
    modifiers: doc ? ["documentation"] : [],
  }));
  let before = { line: 0, character: 0 };
  const data = [...words, ...comments]
    .sort((a, b) => a.start - b.start)
    .flatMap(({ start, length, type, modifiers }) => {
      const { line, character } = document.positionAt(start);
      const column = line === before.line ? character - before.character : character;
      const flags = modifiers.reduce((bits, each) => bits | (1 << legend.tokenModifiers.indexOf(each)), 0);
      const piece = [line - before.line, column, length, legend.tokenTypes.indexOf(type), flags];
      before = { line, character };
      return piece;
    });
  return { data };
}

function classOf(token: IToken): readonly Pick<Piece, "type" | "modifiers">[] {
  const { tokenType, image } = token;
  if (isKeyword(token)) return [{ type: "keyword", modifiers: [] }];
  if (isString(token)) return [{ type: "string", modifiers: [] }];
  if (tokenType === NumberToken) return [{ type: "number", modifiers: [] }];
  if (tokenType !== NameToken) return /[()[\]{},;:.]/.test(image) ? [] : [{ type: "operator", modifiers: [] }];
  if (builtins.has(image)) return [{ type: "function", modifiers: ["defaultLibrary"] }];
  const isType = (contextualWords.type as readonly string[]).includes(image);
  return isType ? [{ type: "type", modifiers: ["defaultLibrary"] }] : [];
}
