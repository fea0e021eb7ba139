/**
 * A checked model as tensor expressions: objectives, conditions, starts, params and reports over one graph. `maximizes`
 * becomes the minimisation of the negative; the upper level keeps the author's sign.
 */
import type {
  Model,
  ModelClause,
  ModelLevel,
  ModelSelection,
  SetConstraint,
  Subject,
  Term,
  TermBinder,
  UnknownDeclaration,
} from "../check/model.ts";
import { broadcast } from "../check/shapes.ts";
import { shapeOf } from "../check/terms.ts";
import { add, constant, createGraph, type Graph, input, scale, sumAll } from "../ir/graph.ts";
import { dependsOn, type Input, type InputRole, type Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { elementwise, spread, unbatched } from "./batched.ts";
import type { LowerClause, LowerConstraint, LowerLevel, LowerSet, Problem, Selected } from "./problem.ts";
import { type Lowering, lowerClosed, lowerUnder, rangeSize, refuse, type TermTableRange } from "./terms.ts";

/** Throws a BilevelError with a refusal where the program uses what cannot be derived yet. */
export function lowerModel(model: Model): Problem {
  refuseWhatIsNotDerived(model);
  const graph = createGraph();
  const inputs = declareInputs(graph, model);
  const generated: Lowering["generated"] = new Map();
  const binders: Lowering["binders"] = new Map();
  const context: Lowering = {
    graph,
    variable: (name) => inputs.get(name) as Input,
    generated,
    binders,
    baseOf: (range) => baseTable(model, binders, range),
    divergences: [],
    lowered: new Map(),
  };
  const lower = (term: Term): Node => lowerClosed(context, term);

  const upper = model.upper && {
    direction: model.upper.direction,
    objective: lower(model.upper.objective),
    variables: model.upper.over.map((name) => inputs.get(name) as Input),
    span: model.upper.span,
  };
  const starts = new Map(model.unknowns.map((unknown) => [unknown.name, lowerStart(context, unknown)]));
  const level = model.level && lowerLevel(context, starts, model.level);
  const params = model.params.map((param) => ({
    input: inputs.get(param.name) as Input,
    value: spread(graph, unbatched(lower(param.value)), [], new Map(), param.type.shape),
  }));
  const reports = model.reports.map((report) => ({ name: report.name, value: lower(report.value) }));
  const sets = new Map(
    model.unknowns.flatMap((unknown) =>
      unknown.set === undefined ? [] : [[unknown.name, lowerSet(context, unknown, unknown.set)] as const],
    ),
  );
  const { divergences } = context;
  refuseMovingSets(model, sets, new Set<Node>(model.unknowns.map(({ name }) => context.variable(name))));
  return { graph, upper, level, sets, divergences, reports, starts, params, generated: [...generated.values()] };
}

/** Where a range's rows lie; a fold's lie in the table that was folded. */
function baseTable(
  model: Model,
  binders: Lowering["binders"],
  range: TermTableRange,
): { readonly name: string; readonly rows: Size } {
  if (range.table.kind === "data") return { name: range.table.name, rows: range.type.rows };
  const folds = binders.get(range.table.binder);
  const name = folds?.kind === "table" && folds.table.kind === "data" ? folds.table.name : undefined;
  const source = model.data.find(({ tables }) => tables.some((table) => table.name === name))?.source;
  const folded = source?.kind === "folds" ? source.table : undefined;
  const base = model.data.flatMap(({ tables }) => tables).find((table) => table.name === folded);
  if (base === undefined)
    return refuse("a table inside a row", model.problemSpan ?? { file: model.file, start: 0, end: 0 });
  return { name: base.name, rows: base.type.rows };
}

function declareInputs(graph: Graph, model: Model): ReadonlyMap<string, Input> {
  const inputs = new Map<string, Input>();
  const upper = new Set(model.upper?.over);
  for (const unknown of model.unknowns) {
    if (unknown.type.kind === "weights") refuse(`the unknown weights ${unknown.name}`, unknown.span);
    const role: InputRole = upper.has(unknown.name) ? "upper" : "lower";
    // One unknown per index is one array whose first axis is the index.
    const index = unknown.index === undefined ? [] : [rangeSize(unknown.index.range)];
    inputs.set(unknown.name, input(graph, unknown.name, role, [...index, ...unknown.type.shape]));
  }
  for (const param of model.params) inputs.set(param.name, input(graph, param.name, "param", param.type.shape));
  return inputs;
}

/** The declared start, or zeros; that of one index's entry may read the index's row. */
function lowerStart(context: Lowering, unknown: UnknownDeclaration): Node {
  const { shape } = context.variable(unknown.name);
  if (unknown.init === undefined) return constant(context.graph, 0, shape);
  return underIndex(context, unknown.init, unknown.index, shape);
}

/** A term that may read a bound index, spread over the index's axis in front and the shape behind it. */
function underIndex(context: Lowering, term: Term, index: TermBinder | undefined, shape: readonly Size[]): Node {
  const value = lowerUnder(context, term, index);
  if (index === undefined || value.batch.length === 0) return spread(context.graph, value, [], new Map(), shape);
  const sizes = new Map([[index.id, shape[0] as Size]]);
  return spread(context.graph, value, [index.id], sizes, shape.slice(1));
}

function lowerSet(context: Lowering, unknown: UnknownDeclaration, set: SetConstraint): LowerSet {
  const g = context.graph;
  const { shape } = context.variable(unknown.name);
  const spreadTo = (term: Term, to: readonly Size[]): Node => underIndex(context, term, undefined, to);
  const bound = (node: Node, infinite: number): Node | undefined =>
    node.kind === "constant" && node.value === infinite ? undefined : node;
  const [first, second] = set.arguments;
  switch (set.name) {
    case "nonnegative":
      return { kind: "box", low: constant(g, 0, shape) };
    case "box":
      return {
        kind: "box",
        low: first && bound(spreadTo(first, shape), Number.NEGATIVE_INFINITY),
        high: second && bound(spreadTo(second, shape), Number.POSITIVE_INFINITY),
      };
    case "simplex":
      return { kind: "simplex" };
    case "ball": {
      const radius = first === undefined ? constant(g, 1) : lowerClosed(context, first);
      // A number's ball is an interval.
      if (shape.length === 0) return { kind: "box", low: scale(g, -1, radius), high: radius };
      return { kind: "ball", radius: spread(g, unbatched(radius), [], new Map(), shape.slice(0, -1)) };
    }
    case "unit_rows":
      return { kind: "ball", radius: constant(g, 1, shape.slice(0, -1)) };
    case "psd":
      return refuse("the set psd", set.span);
  }
}

/** The upper level is projected to its sets, which have to stay where they are. */
function refuseMovingSets(model: Model, sets: Problem["sets"], unknowns: ReadonlySet<Node>): void {
  for (const name of model.upper?.over ?? []) {
    const set = sets.get(name);
    const bounds =
      set === undefined || set.kind === "simplex" ? [] : set.kind === "ball" ? [set.radius] : [set.low, set.high];
    const moves = bounds.some((bound) => bound !== undefined && dependsOn(bound, unknowns));
    const declared = model.unknowns.find((unknown) => unknown.name === name);
    if (moves && declared?.set !== undefined) refuse(`a set of ${name} that moves with an unknown`, declared.set.span);
  }
}

type Starts = Problem["starts"];

function lowerLevel(context: Lowering, starts: Starts, level: ModelLevel): LowerLevel {
  const clauses = level.clauses.map((clause) => lowerClause(context, starts, clause));
  return { clauses, deeper: level.deeper && lowerLevel(context, starts, level.deeper) };
}

function lowerClause(context: Lowering, starts: Starts, clause: ModelClause): LowerClause {
  const g = context.graph;
  if (clause.kind === "solves") {
    const unknown = context.variable(clause.unknown.name);
    const sides = [clause.left, clause.right].map((term) =>
      underIndex(context, term, clause.unknown.index, unknown.shape),
    );
    return { kind: "solves", unknowns: [unknown], residual: add(g, [1, -1], sides), span: clause.span };
  }
  // One problem per index is solved as one: the objectives share no unknown, so their sum has the same minimisers.
  const objective = sumAll(g, lowerUnder(context, clause.objective, clause.unknowns[0]?.index).node);
  return {
    kind: "optimize",
    direction: clause.direction,
    unknowns: clause.unknowns.map((unknown) => context.variable(unknown.name)),
    objective,
    minimand: clause.direction === "minimizes" ? objective : scale(g, -1, objective),
    subject: clause.subject.map((constraint) => lowerConstraint(context, constraint, clause.unknowns[0]?.index)),
    ...(clause.selection && { selected: lowerSelection(context, starts, clause, clause.selection) }),
    span: clause.span,
  };
}

/** left − right, or right − left for >=, of the shape that both broadcast to, under the index where there is one. */
function lowerConstraint(
  context: Lowering,
  { left, relation, right }: Subject,
  index: TermBinder | undefined,
): LowerConstraint {
  const sides = [left, right].map((term) => lowerUnder(context, term, index));
  const shape = broadcast(shapeOf(left), shapeOf(right), () => true) ?? [];
  const sign = relation === ">=" ? -1 : 1;
  const { node } = elementwise(context.graph, sides, shape, (a, b) =>
    add(context.graph, [sign, -sign], [a as Node, b as Node]),
  );
  return { relation: relation === "==" ? "==" : "<=", value: node };
}

function lowerSelection(context: Lowering, starts: Starts, clause: Optimize, selection: ModelSelection): Selected {
  const { from, by } = selection;
  const begin = clause.unknowns.map((unknown, k): Node => {
    const { shape } = context.variable(unknown.name);
    const value = from.kind === "starts" ? from.values[k] : undefined;
    return value === undefined ? (starts.get(unknown.name) as Node) : underIndex(context, value, unknown.index, shape);
  });
  const start = from.kind === "previous" ? {} : { start: begin };
  if (by.kind === "gradient_flow") return { kind: "gradient_flow", ...start };
  const [steps, rate] = [by.arguments.get("steps"), by.arguments.get("rate")];
  if (steps?.kind !== "number" || rate === undefined) throw new Error("descent without its steps or rate");
  return { kind: "descent", steps: steps.value, rate: lowerClosed(context, rate), ...start };
}

type Optimize = Extract<ModelClause, { kind: "optimize" }>;

/** Everything the language has and the derivation does not, refused at its place before any work is done. */
function refuseWhatIsNotDerived(model: Model): void {
  const upperSubject = model.upper?.subject[0];
  if (upperSubject !== undefined) refuse("a constraint (subject to)", upperSubject.span);
  const fn = model.functions[0];
  if (fn !== undefined) refuse(`the unknown function ${fn.name}`, fn.span);
  const network = model.networks[0];
  if (network !== undefined) refuse(`the network ${network.name}`, network.span);
}
