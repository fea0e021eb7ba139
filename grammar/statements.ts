/**
 * Cutting the tokens into statements. Every statement begins with a reserved word, so these words are where reading can
 * start afresh after a mistake: a statement is parsed alone, and a mistake costs that statement only.
 */
import type { IToken } from "chevrotain";
import type { Keyword } from "./tokens.ts";
import { closerOf, isKeyword, keywords, keywordTokens, marks } from "./tokens.ts";

export type Statement = readonly IToken[];

const clauseWords: ReadonlySet<string> = new Set<Keyword>(["where", "and"]);
const directions: ReadonlySet<string> = new Set<Keyword>(["minimize", "maximize"]);
const closers: ReadonlySet<string> = new Set(Object.values(closerOf));
const verbs: ReadonlySet<string> = new Set<Keyword>(["minimizes", "maximizes", "solves"]);

/** Tokens before the first reserved word that can begin a statement form a statement too, which will not parse. */
export function cutStatements(tokens: readonly IToken[]): readonly Statement[] {
  const statements: IToken[][] = [];
  let current: IToken[] = [];
  let depth = 0;
  let hasVerb = false;
  tokens.forEach((token, i) => {
    const inField = tokens[i - 2]?.image === ".";
    const context = {
      first: current[0],
      previous: tokens[i - 1],
      next: tokens[i + 1],
      inBrackets: depth > 0,
      inField,
      hasVerb,
    };
    if (current.length === 0 || beginsStatement(token, context)) {
      current = [];
      statements.push(current);
      depth = 0;
      hasVerb = false;
    }
    current.push(token);
    if (Object.hasOwn(closerOf, token.image)) depth += 1;
    if (closers.has(token.image)) depth -= 1;
    if (isKeyword(token) && verbs.has(token.image)) hasVerb = true;
  });
  return statements;
}

interface Context {
  readonly first: IToken | undefined;
  readonly previous: IToken | undefined;
  readonly next: IToken | undefined;
  readonly inBrackets: boolean;
  /** Whether the previous token is a field's name. */
  readonly inField: boolean;
  readonly hasVerb: boolean;
}

function beginsStatement(token: IToken, { first, previous, next, inBrackets, inField, hasVerb }: Context): boolean {
  if (!isKeyword(token)) return false;
  const word = token.image as Keyword;
  const onNewLine = previous === undefined || previous.endLine !== token.startLine;
  if (!onNewLine && previous.image === ".") return false;
  if (next?.image === ":" && (inBrackets || !onNewLine)) return false;
  if (word === "where") return true;
  if (word === "and") return onNewLine || !inBrackets;
  // `where a minimize f` is a clause with the wrong verb, not a second problem.
  const awaitsVerb = first !== undefined && clauseWords.has(first.image) && !hasVerb;
  if (directions.has(word)) return !awaitsVerb;
  // `var data: ...` and `1 + report` use a reserved word as a name: one mistake, in the statement where it stands.
  if (!onNewLine && !inField && expectsOperand(previous)) return false;
  return word === "solve" ? next?.image !== "(" && !awaitsVerb : keywords[word] === "declaration";
}

/** Whether a statement cannot end after this token. */
function expectsOperand(token: IToken): boolean {
  if (isKeyword(token)) return keywords[token.image as Keyword] !== "constant";
  return Object.hasOwn(marks, token.image) && ![")", "]", "}", "'"].includes(token.image);
}

/** Whether a statement begins with `and` and the one above is no clause, nor one that lost its `where`. */
export function isOrphanClause(statement: Statement, above: Statement | undefined): boolean {
  const isClause = above?.some((token, i) => isKeyword(token) && (i === 0 ? clauseWords : verbs).has(token.image));
  return statement[0]?.tokenType === keywordTokens.and && !isClause;
}

/** The names that a statement which cannot be read would have introduced, so that their absence is not reported as well. */
export function introducedNames(statement: Statement): readonly string[] {
  const isStart = (token: IToken, i: number) => (i === 0 ? !directions.has(token.image) : token.image === "over");
  const starts = statement.flatMap((token, i) => (isStart(token, i) ? [i] : []));
  return starts.flatMap((start) => {
    const names: string[] = [];
    let i = isKeyword(statement[start] as IToken) ? start + 1 : start;
    for (let token = statement[i]; token?.tokenType.name === "Name"; i += 2, token = statement[i]) {
      names.push(token.image.normalize("NFC"));
      if (statement[i + 1]?.image !== ",") break;
    }
    return names;
  });
}
