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
import { substitute } from "../ir/substitute.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Batched, elementwise, spread, unbatched } from "./batched.ts";
import { declarationsOf } from "./declarations.ts";
import { isLinearFamily, type WeightTensor } from "./families.ts";
import { createMaps, functionsOf, type Maps, tensorsOf } from "./maps.ts";
import type { Constraint, LowerClause, LowerLevel, LowerSet, Problem, Selected } from "./problem.ts";
import { expansionOf, zeroExpansion } from "./representer.ts";
import {
  drawn,
  type Lowering,
  lowerClosed,
  lowerPartsUnder,
  lowerUnder,
  rangeSize,
  refuse,
  type TermTableRange,
} from "./terms.ts";

/** Throws a BilevelError with a refusal where the program uses what cannot be derived yet. */
export function lowerModel(model: Model): Problem {
  const graph = createGraph();
  const maps = createMaps(model);
  const inputs = declareInputs(graph, model, maps);
  const generated: Lowering["generated"] = new Map();
  const binders: Lowering["binders"] = new Map();
  const context: Lowering = {
    graph,
    variable: (name) => inputs.get(name)?.[0] as Input,
    weights: (name) => inputs.get(name) ?? [],
    maps,
    generated,
    binders,
    baseOf: (range) => baseTable(model, binders, range),
    divergences: [],
    lowered: new Map(),
  };
  const lower = (term: Term): Node => lowerClosed(context, term);
  for (const declaration of model.functions) {
    if (declaration.space.kind !== "RKHS") continue;
    const expansion = expansionOf(context, model, declaration, declaration.space.kernel);
    maps.expansions.set(declaration.name, expansion);
    inputs.set(declaration.name, [expansion.coefficients]);
  }
  const inputsOf = (name: string): readonly Input[] => inputs.get(name) ?? [];

  const upper = model.upper && {
    direction: model.upper.direction,
    objective: lower(model.upper.objective),
    variables: model.upper.over.flatMap(inputsOf),
    subject: model.upper.subject.map((constraint) => lowerConstraint(context, constraint, undefined)),
    span: model.upper.span,
  };
  const starts = new Map([
    ...model.unknowns.flatMap((unknown) => lowerStarts(context, unknown)),
    ...[...model.networks, ...model.functions].flatMap(({ name }) =>
      maps.expansions.has(name) ? [] : familyStarts(context, name, name),
    ),
    ...[...maps.expansions].map(([name, expansion]) => [name, zeroExpansion(context, expansion)] as const),
  ]);
  const level = model.level && lowerLevel(context, starts, model.level);
  const params = model.params.map((param) => ({
    input: context.variable(param.name),
    value: spread(graph, unbatched(lower(param.value)), [], new Map(), param.type.shape),
  }));
  const stated = model.reports.map((report) => lower(report.value));
  // Reports are not differentiated: a function in L2 is what represents it.
  const represented = new Map<Node, Node>([...maps.values.values()].map((value) => [value.input, value.network]));
  const reported = substitute(graph, stated, represented);
  const reports = model.reports.map(({ name }, k) => ({ name, value: reported[k] as Node }));
  const sets = new Map(
    model.unknowns.flatMap((unknown) =>
      unknown.set === undefined ? [] : [[unknown.name, lowerSet(context, unknown, unknown.set)] as const],
    ),
  );
  const { divergences } = context;
  refuseMovingSets(model, sets, new Set<Node>(model.unknowns.flatMap(({ name }) => inputsOf(name))));
  const functions = functionsOf(context, model, (tensor) =>
    tensor.start(graph, (generator) => drawn(context, generator, tensor.shape)),
  );
  const deep = [...inputs].flatMap(([name, own]) => (isDeep(model, maps, name) ? own : []));
  return {
    graph,
    declarations: declarationsOf(context, model),
    expansions: [...maps.expansions.values()],
    functions,
    deep,
    upper,
    level,
    sets,
    isStreamed: model.data.some(({ source }) => source.kind === "stream"),
    divergences,
    reports,
    starts,
    params,
    generated: [...generated.values()],
    endless: endlessFields(model),
  };
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

/** By name: one input, or one a tensor of weights. One unknown per index is one array whose first axis is the index. */
function declareInputs(graph: Graph, model: Model, maps: Maps): Map<string, readonly Input[]> {
  const upper = new Set(model.upper?.over);
  const roleOf = (name: string): InputRole => (upper.has(name) ? "upper" : "lower");
  const weightInputs = (name: string, map: string, index: readonly Size[]): readonly Input[] => {
    const parametric = maps.named(map);
    const tensors = parametric === undefined ? [] : tensorsOf(parametric);
    return tensors.map((tensor) => input(graph, `${name}.${tensor.name}`, roleOf(name), [...index, ...tensor.shape]));
  };
  return new Map([
    ...model.unknowns.map(({ name, type, index }) => {
      const along = index === undefined ? [] : [rangeSize(index.range)];
      const own =
        type.kind === "weights"
          ? weightInputs(name, type.map, along)
          : [input(graph, name, roleOf(name), [...along, ...type.shape])];
      return [name, own] as const;
    }),
    ...[...model.networks, ...model.functions].map(({ name }) => [name, weightInputs(name, name, [])] as const),
    ...model.params.map(({ name, type }) => [name, [input(graph, name, "param", type.shape)]] as const),
  ]);
}

/** Whether these are the weights of a map that is not linear in them. */
function isDeep(model: Model, maps: Maps, name: string): boolean {
  const type = model.unknowns.find((unknown) => unknown.name === name)?.type;
  const family = maps.named(type?.kind === "weights" ? type.map : name)?.family;
  return family !== undefined && !isLinearFamily(family);
}

/** By input: the declared start, the family's for weights, or zeros. That of one index's entry may read the index's row. */
function lowerStarts(context: Lowering, unknown: UnknownDeclaration): readonly (readonly [string, Node])[] {
  const { name, type, init, index } = unknown;
  const inputs = context.weights(name);
  if (init === undefined && type.kind === "weights") return familyStarts(context, name, type.map);
  if (init === undefined) return inputs.map(({ shape }) => [name, constant(context.graph, 0, shape)]);
  if (type.kind === "array") return inputs.map(({ shape }) => [name, underIndex(context, init, index, shape)]);
  const parts = lowerPartsUnder(context, init, index);
  return inputs.map((own, k) => [own.name, spreadUnder(context, (parts[k] ?? parts[0]) as Batched, index, own.shape)]);
}

/** The seeded start of a map's family; of one set of weights per index, each of them. */
function familyStarts(context: Lowering, name: string, map: string): readonly (readonly [string, Node])[] {
  const parametric = context.maps.named(map);
  const tensors = parametric === undefined ? [] : tensorsOf(parametric);
  return context.weights(name).map((own, k) => {
    const tensor = tensors[k] as WeightTensor;
    const start = tensor.start(context.graph, (generator) => drawn(context, generator, tensor.shape));
    return [own.name, spread(context.graph, unbatched(start), [], new Map(), own.shape)];
  });
}

/** A term that may read a bound index, spread over the index's axis in front and the shape behind it. */
function underIndex(context: Lowering, term: Term, index: TermBinder | undefined, shape: readonly Size[]): Node {
  return spreadUnder(context, lowerUnder(context, term, index), index, shape);
}

function spreadUnder(context: Lowering, value: Batched, index: TermBinder | undefined, shape: readonly Size[]): Node {
  if (index === undefined || value.batch.length === 0) return spread(context.graph, value, [], new Map(), shape);
  const sizes = new Map([[index.id, shape[0] as Size]]);
  return spread(context.graph, value, [index.id], sizes, shape.slice(1));
}

function lowerSet(context: Lowering, unknown: UnknownDeclaration, set: SetConstraint): LowerSet {
  const g = context.graph;
  if (unknown.type.kind === "weights") return refuse(`a set of weights (${unknown.name})`, set.span);
  const { shape } = context.variable(unknown.name);
  const spreadTo = (term: Term, to: readonly Size[]): Node => underIndex(context, term, undefined, to);
  const bound = (node: Node, infinite: number): Node | undefined => {
    const [simple] = simplify(g, [node]) as [Node];
    return simple.kind === "constant" && simple.value === infinite ? undefined : simple;
  };
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
      return { kind: "psd" };
  }
}

/** The upper level is projected to its sets, which have to stay where they are. */
function refuseMovingSets(model: Model, sets: Problem["sets"], unknowns: ReadonlySet<Node>): void {
  for (const name of model.upper?.over ?? []) {
    const set = sets.get(name);
    const bounds =
      set === undefined || set.kind === "simplex" || set.kind === "psd"
        ? []
        : set.kind === "ball"
          ? [set.radius]
          : [set.low, set.high];
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
    const sides = simplify(
      g,
      [clause.left, clause.right].map((term) => underIndex(context, term, clause.unknown.index, unknown.shape)),
    );
    const sign = sides[1] === unknown ? -1 : 1;
    const residual = add(g, [sign, -sign], sides);
    return { kind: "solves", unknowns: [unknown], residual, fixedPoint: sides.includes(unknown), span: clause.span };
  }
  // One problem per index is solved as one: the objectives share no unknown, so their sum has the same minimisers.
  const objective = sumAll(g, lowerUnder(context, clause.objective, clause.unknowns[0]?.index).node);
  // In the span of some of the points a function is finitely many numbers, as any other unknown.
  const representers = clause.unknowns
    .flatMap(({ name }) => context.maps.expansions.get(name) ?? [])
    .filter(({ approximation }) => approximation === undefined);
  return {
    kind: "optimize",
    direction: clause.direction,
    unknowns: clause.unknowns.flatMap((unknown) => context.weights(unknown.name)),
    ...(representers.length > 0 && { representers }),
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
): Constraint {
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
  const begin = clause.unknowns.flatMap((unknown, k): readonly Node[] => {
    const inputs = context.weights(unknown.name);
    const value = from.kind === "starts" ? from.values[k] : undefined;
    if (value === undefined) return inputs.map((own) => starts.get(own.name) as Node);
    const parts = lowerPartsUnder(context, value, unknown.index);
    return inputs.map(({ shape }, i) => spreadUnder(context, (parts[i] ?? parts[0]) as Batched, unknown.index, shape));
  });
  const start = from.kind === "previous" ? {} : { start: begin };
  if (by.kind === "gradient_flow") return { kind: "gradient_flow", ...start };
  const [steps, rate, momentum] = ["steps", "rate", "momentum"].map((name) => by.arguments.get(name));
  if (steps?.kind !== "number" || rate === undefined) throw new Error("descent without its steps or rate");
  return {
    kind: "descent",
    steps: steps.value,
    rate: lowerClosed(context, rate),
    ...(momentum && { momentum: lowerClosed(context, momentum) }),
    ...start,
  };
}

type Optimize = Extract<ModelClause, { kind: "optimize" }>;

function endlessFields(model: Model): Problem["endless"] {
  return new Map(
    model.data.flatMap(({ source, tables: [table] }) =>
      source.kind !== "generated" || table === undefined || !table.type.endless
        ? []
        : [...table.type.fields.keys()].map((field) => [`${table.name}.${field}`, source.generator] as const),
    ),
  );
}
