/** Text to tree: the entry of the grammar. Statement by statement, so that what can be read is read. */
import type { ILexingError, IToken } from "chevrotain";
import type { StatementCstNode } from "./cst.ts";
import type { Diagnostic, Span } from "./diagnostics.ts";
import { invalidCharacter, misplacedClause, singleQuotedString, tooDeep, unterminatedString } from "./errors.ts";
import { explain } from "./explain.ts";
import type { Memory, Remembered } from "./memory.ts";
import { recall } from "./memory.ts";
import { parseStatement } from "./parser.ts";
import { maximumNesting, TooDeep } from "./parser-expressions.ts";
import type { PlainDeclaration } from "./read-declarations.ts";
import { readDeclaration } from "./read-declarations.ts";
import type { Reader } from "./read-expressions.ts";
import { only, tokenSpan } from "./read-expressions.ts";
import { nestLevels, readClause, readObjective } from "./read-problem.ts";
import type { Statement } from "./statements.ts";
import { cutStatements, introducedNames, isOrphanClause } from "./statements.ts";
import type { Clause, Comment, Declaration, Program, UpperProblem } from "./syntax.ts";
import { lexer, SingleQuotedString, UnterminatedString } from "./tokens.ts";

/** How high a statement's tree may be, long chains of operators included: every stage walks it recursively. */
export const maximumHeight = 1000;

/**
 * Reads a source file. Never throws: what is wrong is in `diagnostics`, in the order of the text, and the tree holds every
 * statement that could be read. Names are NFC-normalised; spans are UTF-16 offsets into `text` as given. `memory` is of an
 * earlier text of the same file, and is brought up to date.
 */
export function parse(
  text: string,
  file: string,
  memory?: StatementMemory,
): { program: Program; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const reader: Reader = { file, report: (diagnostic) => diagnostics.push(diagnostic) };
  const { tokens, groups, errors } = lexer.tokenize(text);
  const statements = cutStatements(tokens);
  const faulty = reportLexicalErrors(reader, text, statements, errors);
  const lineStarts = [0, ...Array.from(text.matchAll(/\r\n|\r|\n/g), (end) => end.index + end[0].length)];
  const comments = (groups.comments ?? []).map((token) => readComment(reader, text, lineStarts, token));

  const read = new Map<string, Remembered<Content>>();
  const parts = statements.map((statement, i) => {
    const isOrphan = isOrphanClause(statement, statements[i - 1]);
    if (isOrphan) reader.report(misplacedClause(tokenSpan(reader, only(statement))));
    const isFaulty = isOrphan || faulty.has(statement);
    const span = spanOf(reader, statement);
    const written = text.slice(span.start, span.end);
    const known = isFaulty ? undefined : recall(memory, written, span.start);
    const before = diagnostics.length;
    const part = known ? { statement, span, whole: true, content: known } : readStatement(reader, statement, isFaulty);
    const isClean = part.whole && !isFaulty && diagnostics.length === before;
    if (isClean && part.content !== undefined) read.set(written, { start: span.start, content: part.content });
    return part;
  });
  if (memory !== undefined) memory.statements = read;
  const declarations = attachDocs(assemble(reader, parts), parts, comments);
  const unread = parts.flatMap(({ statement, whole }) => (whole ? [] : introducedNames(statement)));
  diagnostics.sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  const span = { file, start: 0, end: text.length };
  return { program: { declarations, comments, unread, lineStarts, span }, diagnostics };
}

// ------------------------------------------------------------------------------------------------ statements

/** What one statement holds; `content` is missing where it could not be read. */
interface Part {
  readonly statement: Statement;
  readonly span: Span;
  /** Whether all of it was read. */
  readonly whole: boolean;
  readonly content?: Content;
}

type Content =
  | { readonly kind: "declaration"; readonly declaration: PlainDeclaration }
  | { readonly kind: "objective"; readonly objective: UpperProblem }
  | { readonly kind: "clause"; readonly clause: Clause };

export type StatementMemory = Memory<Content>;

const spanOf = (reader: Reader, statement: Statement): Span => ({
  ...tokenSpan(reader, only(statement)),
  end: tokenSpan(reader, only(statement.slice(-1))).end,
});

function readStatement(reader: Reader, statement: Statement, faulty: boolean): Part {
  const span = spanOf(reader, statement);
  try {
    const { node, mistake } = parseStatement(statement);
    if (mistake !== undefined && !faulty) reader.report(explain(reader, statement, mistake));
    const whole = mistake === undefined;
    if (node === undefined) return { statement, span, whole };
    // One message for one mistake: where a statement does not end as it should, what was read of it is not judged.
    const content = readContent(whole ? reader : { ...reader, report: () => {} }, node);
    // A construct takes about one token, so only long statements need measuring.
    if (statement.length > maximumHeight / 2 && height(content) > maximumHeight) {
      reader.report(tooDeep(span, "This statement's parts nest too deeply", maximumHeight));
      return { statement, span, whole: false };
    }
    return { statement, span, whole, content };
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    reader.report(tooDeep(tokenSpan(reader, error.token), "Nesting is too deep", maximumNesting));
    return { statement, span, whole: false };
  }
}

function readContent(reader: Reader, node: StatementCstNode): Content {
  const { objective, whereClause } = node.children;
  const declaration = readDeclaration(reader, node);
  if (declaration !== undefined) return { kind: "declaration", declaration };
  if (whereClause !== undefined) return { kind: "clause", clause: readClause(reader, only(whereClause)) };
  return { kind: "objective", objective: readObjective(reader, only(objective)) };
}

/** The height of a tree: how many constructs stand one inside the other. Walked with an own stack, not by recursion. */
function height(root: unknown): number {
  let highest = 0;
  const open: { readonly value: unknown; readonly level: number }[] = [{ value: root, level: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, level } = next;
    if (typeof value !== "object" || value === null) continue;
    const inside = "kind" in value ? level + 1 : level;
    highest = Math.max(highest, inside);
    for (const child of Object.values(value)) open.push({ value: child, level: inside });
  }
  return highest;
}

/** Declarations as they stand; an objective and the clauses that follow it, or clauses alone, are one problem. */
function assemble(reader: Reader, parts: readonly Part[]): readonly Declaration[] {
  const declarations: Declaration[] = [];
  for (let i = 0; i < parts.length; ) {
    const part = only(parts.slice(i, i + 1));
    i += 1;
    if (part.content?.kind === "declaration") declarations.push(part.content.declaration);
    const role = roleOf(part);
    if (role === undefined) continue;
    const clauses = role === "objective" ? [] : [part];
    for (let next = parts[i]; next !== undefined && isClause(next); next = parts[i]) {
      clauses.push(next);
      i += 1;
    }
    const problem = readProblem(reader, part, clauses);
    if (problem !== undefined) declarations.push(problem);
  }
  return declarations;
}

/** What a part is in a problem, going by its first word, so that one that could not be read keeps its place. */
function roleOf({ statement }: Part): "objective" | "where" | "and" | undefined {
  const word = only(statement).image;
  if (word === "minimize" || word === "maximize") return "objective";
  return word === "where" || word === "and" ? word : undefined;
}

function isClause(part: Part): boolean {
  const role = roleOf(part);
  return role === "where" || role === "and";
}

function readProblem(reader: Reader, first: Part, parts: readonly Part[]): Declaration | undefined {
  const objective = first.content?.kind === "objective" ? first.content.objective : undefined;
  const clauses = parts.flatMap(({ content, statement, span }) =>
    content?.kind === "clause" ? [{ clause: content.clause, deeper: only(statement).image === "where", span }] : [],
  );
  const level = nestLevels(clauses);
  if (clauses.filter(({ deeper }) => deeper).length > maximumNesting) {
    reader.report(tooDeep(first.span, "The levels nest too deeply", maximumNesting));
    return undefined;
  }
  if (objective === undefined && level === undefined) return undefined;
  const span = { ...first.span, end: parts.at(-1)?.span.end ?? first.span.end };
  return { kind: "problem", ...(objective && { objective }), ...(level && { level }), span };
}

// ------------------------------------------------------------------------------------------------- characters

const lookalikes: Readonly<Record<string, string>> = {
  ...{ "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "→": "->" },
  ...{ "≤": "<=", "≥": ">=", "≠": "!=", "∧": "&&", "∨": "||", "¬": "!", "&": "&&", "|": "||", "∈": "in" },
  ...{ "“": '"', "”": '"', "„": '"', "‘": '"', "’": "'", "′": "'", "²": "^2", "³": "^3", "∞": "inf" },
};

/** Reports what the lexer could not read, once a statement; returns the statements whose mistakes follow from that. */
function reportLexicalErrors(
  reader: Reader,
  text: string,
  statements: readonly Statement[],
  errors: readonly ILexingError[],
): ReadonlySet<Statement> {
  const faulty = new Set<Statement>();
  for (const statement of statements) {
    for (const token of statement) {
      if (token.tokenType === UnterminatedString) reader.report(unterminatedString(tokenSpan(reader, token)));
      else if (token.tokenType === SingleQuotedString) {
        reader.report(singleQuotedString(tokenSpan(reader, token), JSON.stringify(token.image.slice(1, -1))));
      } else continue;
      faulty.add(statement);
    }
  }
  let at = 0;
  let alone = false;
  for (const { offset } of errors) {
    while ((statements[at + 1]?.[0]?.startOffset ?? Number.POSITIVE_INFINITY) <= offset) at += 1;
    const statement = statements[at];
    if (statement === undefined ? alone : faulty.has(statement)) continue;
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    const span = { file: reader.file, start: offset, end: offset + character.length };
    reader.report(invalidCharacter(span, character, lookalikes[character]));
    if (statement === undefined) alone = true;
    else faulty.add(statement);
  }
  return faulty;
}

// --------------------------------------------------------------------------------------------------- comments

function readComment(reader: Reader, text: string, lineStarts: readonly number[], token: IToken): Comment {
  const doc = /^##(?!#)/.test(token.image);
  const lineStart = lineStarts[(token.startLine ?? 1) - 1] ?? 0;
  return {
    text: token.image
      .slice(doc ? 2 : 1)
      .replace(/^ /, "")
      .trimEnd(),
    doc,
    ownLine: text.slice(lineStart, token.startOffset).trim() === "",
    span: tokenSpan(reader, token),
  };
}

/** A declaration's documentation: the `##` lines between the statement above and it. */
function attachDocs(
  declarations: readonly Declaration[],
  statements: readonly Part[],
  comments: readonly Comment[],
): readonly Declaration[] {
  const docs = comments.filter(({ doc, ownLine }) => doc && ownLine);
  let next = 0;
  let statement = 0;
  return declarations.map((declaration) => {
    const { start } = declaration.span;
    let above = 0;
    for (; (statements[statement]?.span.start ?? start) < start; statement += 1)
      above = statements[statement]?.span.end ?? 0;
    const lines: string[] = [];
    for (let doc = docs[next]; doc !== undefined && doc.span.start < start; doc = docs[next]) {
      if (doc.span.start >= above) lines.push(doc.text);
      next += 1;
    }
    return lines.length > 0 ? { ...declaration, doc: lines.join("\n") } : declaration;
  });
}
