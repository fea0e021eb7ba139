/** The problem: who optimises what at which level, and the expressions of its clauses. */
import type { Span } from "../../grammar/diagnostics.ts";
import type {
  Clause,
  Declaration,
  Expression,
  Level,
  Selection,
  UnknownSyntax,
  UpperProblem,
} from "../../grammar/syntax.ts";
import { productOfSizes } from "../ir/size.ts";
import { matchArguments } from "./calls.ts";
import {
  all,
  attempt,
  type Denotation,
  fail,
  type GlobalSymbol,
  noteUse,
  poison,
  report,
  type Scope,
  withNames,
  written,
} from "./context.ts";
import { scalar, value } from "./elaborate.ts";
import {
  badClauseIndex,
  badSelection,
  equationShape,
  notAnUnknown,
  optimisedTwice,
  plural,
  typeMismatch,
  unknownName,
} from "./errors.ts";
import type {
  ModelClause,
  ModelLevel,
  ModelSelection,
  ModelUnknown,
  ModelUpper,
  Subject,
  Term,
  TermBinder,
} from "./model.ts";
import { nearest } from "./nearest.ts";
import { array, broadcastShapes } from "./operators.ts";
import { bind } from "./ranges.ts";
import { agreeing, constantOf } from "./sizes.ts";
import { buildAt, elementOf } from "./terms.ts";
import { showType } from "./types.ts";
import { fitted } from "./unknowns.ts";

/** Who optimises each unknown: the place, and how deep; the upper problem is level 0. */
export type Optimised = Map<string, { readonly span: Span; readonly depth: number }>;

export interface CheckedProblem {
  readonly upper?: ModelUpper;
  readonly level?: ModelLevel;
  readonly optimised: Optimised;
}

export function readProblem(scope: Scope, problem: Extract<Declaration, { kind: "problem" }>): CheckedProblem {
  const optimised: Optimised = new Map();
  const upper = problem.objective && readUpper(scope, problem.objective, optimised);
  const level = problem.level && readLevel(scope, problem.level, 1, optimised);
  return { optimised, ...(upper && { upper }), ...(level && { level }) };
}

function readUpper(scope: Scope, upper: UpperProblem, optimised: Optimised): ModelUpper | undefined {
  const over = upper.over.map((name) => {
    const denotation = attempt(() => unknownNamed(scope, name.text, name.span, "over"), undefined);
    claim(scope, name.text, name.span, 0, optimised);
    return denotation && name.text;
  });
  const objective = attempt(() => scalar(scope, upper.objective), undefined);
  const subject = attempt(() => all(upper.subject, (e) => constraint(scope, e)), undefined);
  if (objective === undefined || subject === undefined || over.includes(undefined)) return undefined;
  const names = over.filter((name) => name !== undefined);
  return { direction: upper.direction, objective, over: names, subject, span: upper.span };
}

function readLevel(scope: Scope, level: Level, depth: number, optimised: Optimised): ModelLevel | undefined {
  const clauses = level.clauses.map((clause) => attempt(() => readClause(scope, clause, depth, optimised), undefined));
  const deeper = level.deeper && readLevel(scope, level.deeper, depth + 1, optimised);
  if (clauses.includes(undefined) || (level.deeper && deeper === undefined)) return undefined;
  return { clauses: clauses.filter((clause) => clause !== undefined), ...(deeper && { deeper }) };
}

const sortNames: Readonly<Record<GlobalSymbol["sort"], string>> = {
  dim: "a size",
  size: "a size",
  param: "a constant",
  data: "a table",
  let: "a definition",
  var: "an unknown",
  network: "a network",
  function: "a function",
  report: "a report",
};

/** The denotation of a var, network or function; anything else is an error. */
function unknownNamed(scope: Scope, name: string, span: Span, where: "over" | "clause"): Denotation {
  const symbol = scope.context.symbols.get(name);
  if (symbol === undefined) return fail(scope, unknownName(span, name, nearest(name, scope.context.symbols.keys())));
  noteUse(scope, span, symbol.span);
  if (!["var", "network", "function"].includes(symbol.sort)) {
    const advice =
      symbol.sort === "param" || symbol.sort === "let"
        ? `declare it as: var ${name}: real`
        : where === "clause"
          ? "a clause says which unknown it determines: where theta minimizes ..."
          : undefined;
    return fail(scope, notAnUnknown(span, name, sortNames[symbol.sort], symbol.span, advice));
  }
  return symbol.denotation ?? { kind: "poison" };
}

function claim(scope: Scope, name: string, span: Span, depth: number, optimised: Optimised): void {
  const first = optimised.get(name);
  if (first === undefined) optimised.set(name, { span, depth });
  else report(scope, optimisedTwice(span, name, first.span));
}

/** The clause's unknowns, and the scope in which their indices are bound. One index name is one index. */
function readUnknowns(
  scope: Scope,
  syntaxes: readonly UnknownSyntax[],
  depth: number,
  optimised: Optimised,
): { scope: Scope; unknowns: readonly ModelUnknown[] } {
  const bound = new Map<string, TermBinder>();
  let inner = scope;
  const unknowns = all(syntaxes, ({ name, index, span }): ModelUnknown => {
    claim(scope, name.text, name.span, depth, optimised);
    const denotation = unknownNamed(scope, name.text, name.span, "clause");
    if (index === undefined) return { name: name.text, span };
    const range = denotation.kind === "indexed" || denotation.kind === "map" ? denotation.range : undefined;
    if (denotation.kind !== "poison" && range === undefined) {
      return fail(
        scope,
        badClauseIndex(
          span,
          `${name.text} is one unknown, not one per index`,
          `declare it with its index: var ${name.text}[${index.text} in ...]: ...`,
        ),
      );
    }
    const known = bound.get(index.text);
    if (range === undefined) return { name: name.text, span };
    if (known !== undefined) {
      if (rangeKey(known.range) !== rangeKey(range))
        fail(
          scope,
          badClauseIndex(span, `${index.text} runs over another range than ${name.text}'s`, "use one clause for each"),
        );
      return { name: name.text, index: known, span };
    }
    if (bound.size > 0)
      return fail(
        scope,
        badClauseIndex(
          span,
          `the clause has two indices, ${[...bound.keys()][0]} and ${index.text}`,
          "the unknowns of one clause share their index",
        ),
      );
    const made = bind(inner, index, range, index.span);
    inner = made.scope;
    bound.set(index.text, made.binder);
    return { name: name.text, index: made.binder, span };
  });
  return { scope: inner, unknowns };
}

/** Equal keys are equal ranges. */
function rangeKey(range: TermBinder["range"]): string {
  if (range.kind === "size") return range.size.key;
  return range.table.kind === "data" ? `table ${range.table.name}` : `table ${range.table.binder}.${range.table.field}`;
}

function readClause(scope: Scope, clause: Clause, depth: number, optimised: Optimised): ModelClause {
  const syntaxes = clause.kind === "solves" ? [clause.unknown] : clause.unknowns;
  const inner = attempt(() => readUnknowns(scope, syntaxes, depth, optimised), undefined);
  const inside =
    inner?.scope ??
    withNames(
      scope,
      "binder",
      new Map(
        syntaxes.flatMap(({ index }) =>
          index === undefined ? [] : [[index.text, { denotation: { kind: "poison" }, span: index.span }] as const],
        ),
      ),
    );
  if (clause.kind === "solves") return readEquation(inside, clause, inner?.unknowns[0]);
  const objective = attempt(() => scalar(inside, clause.objective), undefined);
  const subject = attempt(() => all(clause.subject, (e) => constraint(inside, e)), undefined);
  const selection =
    clause.selection &&
    attempt(() => readSelection(inside, clause.selection as Selection, inner?.unknowns ?? []), undefined);
  const failed =
    inner === undefined ||
    objective === undefined ||
    subject === undefined ||
    (clause.selection !== undefined && selection === undefined);
  if (failed) throw poison;
  const { direction, span } = clause;
  return {
    kind: "optimize",
    direction,
    unknowns: inner.unknowns,
    objective,
    subject,
    span,
    ...(selection && { selection }),
  };
}

function readEquation(
  scope: Scope,
  clause: Extract<Clause, { kind: "solves" }>,
  unknown: ModelUnknown | undefined,
): ModelClause {
  const sides = attempt(
    () => all([clause.left, clause.right], (e) => array(scope, value(scope, e), e, "an equation")),
    undefined,
  );
  const [left, right] = sides ?? [];
  if (left === undefined || right === undefined || unknown === undefined) throw poison;
  const shape = broadcastShapes(scope, left, right, clause.left, clause.right, clause.right);
  const type = unknownType(scope, unknown);
  const equations = buildAt(clause.span).subtract(left, right).type;
  const agree = agreeing(scope, clause.span, () => `as many equations as unknowns ${unknown.name}`);
  if (type === undefined || !agree(productOfSizes(shape), productOfSizes(type.shape))) {
    const shown = type === undefined ? "a function or weights" : showType(type);
    return fail(scope, equationShape(clause.span, showType(equations), unknown.name, shown));
  }
  return { kind: "solves", unknown, left, right, span: clause.span };
}

/** The type of an array unknown, of one index's entry where the clause is indexed. */
function unknownType(scope: Scope, unknown: ModelUnknown): Extract<Term["type"], { kind: "array" }> | undefined {
  const denotation = scope.context.symbols.get(unknown.name)?.denotation;
  const type =
    denotation?.kind === "value" ? denotation.term.type : denotation?.kind === "indexed" ? denotation.type : undefined;
  return type?.kind === "array" ? type : undefined;
}

const isRelation = (operator: string): operator is Subject["relation"] =>
  operator === "<=" || operator === ">=" || operator === "==";

/** The grammar lets only comparisons stand after `subject to`, and has reported anything else. */
function constraint(scope: Scope, e: Expression): Subject {
  if (e.kind !== "binary" || !isRelation(e.operator)) throw poison;
  const [left, right] = all([e.left, e.right], (side) => array(scope, value(scope, side), side, "a constraint")) as [
    Term,
    Term,
  ];
  for (const [term, side] of [
    [left, e.left],
    [right, e.right],
  ] as const) {
    if (elementOf(term) === "bool" || elementOf(term) === "class")
      fail(
        scope,
        typeMismatch(side.span, `${written(side)} is ${showType(term.type)}, and a constraint compares numbers`),
      );
  }
  broadcastShapes(scope, left, right, e.left, e.right, e);
  return { left, relation: e.operator, right, span: e.span };
}

function readSelection(scope: Scope, selection: Selection, unknowns: readonly ModelUnknown[]): ModelSelection {
  const by = selectionMethod(scope, selection);
  const { from, span } = selection;
  if (from === undefined) return { from: { kind: "init" }, by, span };
  if (from.kind === "previous") return { from: { kind: "previous" }, by, span };
  const values = all(from.values, (e) => value(scope, e));
  const last = from.values.at(-1);
  if (unknowns.length > 0 && values.length !== unknowns.length && last !== undefined) {
    return fail(
      scope,
      badSelection(
        last.span,
        `the clause has ${plural(unknowns.length, "unknown")} and ${plural(values.length, "start")}`,
        `give one start for each of ${unknowns.map((u) => u.name).join(", ")}`,
      ),
    );
  }
  unknowns.forEach((unknown, i) => {
    const denotation = scope.context.symbols.get(unknown.name)?.denotation;
    const type =
      denotation?.kind === "value"
        ? denotation.term.type
        : denotation?.kind === "indexed"
          ? denotation.type
          : undefined;
    const [term, e] = [values[i], from.values[i]];
    if (type !== undefined && term !== undefined && e !== undefined) fitted(scope, unknown.name, type, term, e);
  });
  return { from: { kind: "starts", values }, by, span };
}

/** The grammar knows no other way of selecting. */
function selectionMethod(scope: Scope, { by, arguments: given, span }: Selection): ModelSelection["by"] {
  const isFlow = by.text === "gradient_flow";
  const matched = matchArguments(
    scope,
    by.text,
    span,
    isFlow ? "gradient_flow()" : "descent(steps, rate, momentum: 0)",
    given,
  );
  if (isFlow) return { kind: "gradient_flow" };
  const terms = new Map(
    [...matched].map(([name, expressions]): [string, Term] => [name, scalar(scope, expressions[0] as Expression)]),
  );
  const steps = terms.get("steps");
  const count = steps && constantOf(scope.context, steps);
  if (steps === undefined || count === undefined || !Number.isInteger(count) || count < 1) {
    return fail(
      scope,
      badSelection(
        steps?.span ?? span,
        "the number of steps is a constant whole number of at least 1",
        "write descent(steps: 100, rate: 0.1)",
      ),
    );
  }
  return { kind: "descent", arguments: new Map([...terms, ["steps", buildAt(steps.span).number(count)]]) };
}
