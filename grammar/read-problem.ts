/** Concrete syntax to tree: the objective and the clauses of the problem, and how clauses make levels. */
import type * as Cst from "./cst.ts";
import type { Span } from "./diagnostics.ts";
import { notAConstraint, syntaxError, unknownSelection } from "./errors.ts";
import type { Reader } from "./read-expressions.ts";
import { nodeSpan, only, readCallArguments, readExpression, readName } from "./read-expressions.ts";
import type { Clause, Expression, Level, Selection, UnknownSyntax, UpperProblem } from "./syntax.ts";

export function readObjective(reader: Reader, node: Cst.ObjectiveCstNode): UpperProblem {
  const { maximizeKeyword, expression, names, subject } = node.children;
  return {
    direction: maximizeKeyword ? "maximize" : "minimize",
    objective: readExpression(reader, only(expression)),
    over: only(names).children.Name.map((name) => readName(reader, name)),
    subject: readSubject(reader, subject),
    span: nodeSpan(reader, node),
  };
}

export function readClause(reader: Reader, node: Cst.WhereClauseCstNode): Clause {
  const { unknown, optimizes, solves } = node.children;
  const unknowns = unknown.map((each) => readUnknown(reader, each));
  const span = { ...nodeSpan(reader, node), start: only(unknowns).span.start };
  if (solves !== undefined) {
    const { left, right } = only(solves).children;
    if (unknowns[1] !== undefined) {
      const extra = { ...unknowns[1].span, end: unknowns.at(-1)?.span.end ?? unknowns[1].span.end };
      reader.report(
        syntaxError(extra, "`solves` takes one unknown.", "Give each unknown its own equation, joined by `and`."),
      );
    }
    return {
      kind: "solves",
      unknown: only(unknowns),
      left: readExpression(reader, only(left)),
      right: readExpression(reader, only(right)),
      span,
    };
  }
  const { maximizesKeyword, expression, subject, selection } = only(optimizes).children;
  return {
    kind: "optimize",
    direction: maximizesKeyword ? "maximizes" : "minimizes",
    unknowns,
    objective: readExpression(reader, only(expression)),
    subject: readSubject(reader, subject),
    ...(selection && { selection: readSelection(reader, only(selection)) }),
    span,
  };
}

function readUnknown(reader: Reader, node: Cst.UnknownCstNode): UnknownSyntax {
  const { Name, index } = node.children;
  return {
    name: readName(reader, only(Name)),
    ...(index && { index: readName(reader, only(index)) }),
    span: nodeSpan(reader, node),
  };
}

const constraintOperators: ReadonlySet<string> = new Set(["<=", ">=", "=="]);

function readSubject(reader: Reader, subject: Cst.SubjectCstNode[] | undefined): Expression[] {
  if (subject === undefined) return [];
  const constraints = only(only(subject).children.expressions).children.expression;
  return constraints.map((node) => {
    const constraint = readExpression(reader, node);
    const holds = constraint.kind === "binary" && constraintOperators.has(constraint.operator);
    if (!holds) reader.report(notAConstraint(constraint.span));
    return constraint;
  });
}

function readSelection(reader: Reader, node: Cst.SelectionCstNode): Selection {
  const { Name, expressions, callArguments } = node.children;
  const by = readName(reader, only(Name));
  if (by.text !== "gradient_flow" && by.text !== "descent") reader.report(unknownSelection(by.span, by.text));
  const { arguments: given, weights } = callArguments
    ? readCallArguments(reader, only(callArguments))
    : { arguments: { positional: [], named: [] }, weights: undefined };
  if (weights)
    reader.report(syntaxError(weights.span, "A selection takes no weights.", "Remove what follows the `;`."));
  const from = expressions && readStarts(reader, only(expressions));
  return { ...(from && { from }), by, arguments: given, span: nodeSpan(reader, node) };
}

function readStarts(reader: Reader, node: Cst.ExpressionsCstNode): NonNullable<Selection["from"]> {
  const values = node.children.expression.map((each) => readExpression(reader, each));
  const first = only(values);
  if (values.length === 1 && first.kind === "name" && first.name === "previous")
    return { kind: "previous", span: first.span };
  return { kind: "starts", values };
}

/** Clauses in the order of the text, each with the word that begins it, as nested levels; all clauses of a level hold at once. */
export function nestLevels(
  clauses: readonly { readonly deeper: boolean; readonly clause: Clause; readonly span: Span }[],
): Level | undefined {
  const levels: { clauses: Clause[]; span: Span }[] = [];
  for (const { deeper, clause, span } of clauses) {
    const last = levels.at(-1);
    if (deeper || last === undefined) levels.push({ clauses: [clause], span });
    else last.clauses.push(clause);
  }
  return levels.reduceRight<Level | undefined>((deeper, { clauses: held, span }) => {
    const end = deeper?.span.end ?? held.at(-1)?.span.end ?? span.end;
    return { clauses: held, ...(deeper && { deeper }), span: { ...span, end } };
  }, undefined);
}
