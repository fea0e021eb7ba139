/**
 * Functions in an RKHS. By the representer theorem (Kimeldorf and Wahba 1971; Schölkopf, Herbrich and Smola 2001) the function that a
 * clause asks for lies in the span of the kernel at the points where its objective evaluates it, the centres:
 *
 *     h(x) = Σ_j k(x, c_j) α_j,   ‖h‖² = ⟨α, K α⟩,   K_ij = k(c_i, c_j).
 *
 * The coefficients α are the unknown from here on, and the values K α at the centres and the norm are expressions in them.
 */
import type { Family, FunctionDeclaration, Kernel, Model, Term } from "../check/model.ts";
import { termsIn } from "../check/terms.ts";
import type { MapType } from "../check/types.ts";
import { add, broadcastLeading, constant, einsum, gather, input, iota, map, reshape, sizeNode } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { addSizes, namedSize, oneSize, productOfSizes, type Size, sizeOf } from "../ir/size.ts";
import { type Batched, binderSizes, spread, unbatched, unionBatch } from "./batched.ts";
import { expanded, kernelMatrix, type Points } from "./kernels.ts";
import { basisAt, basisFactor, nystromOptions, weightsOf } from "./nystrom.ts";
import type { Representer } from "./problem.ts";
import { lowerStructured } from "./structured.ts";
import { drawn, type Lowering, lowerUnder, refuse } from "./terms.ts";

type Apply = Extract<Term, { kind: "apply" }>;

/** A function in an RKHS as its expansion over the centres. */
export interface Expansion extends Representer {
  readonly kernel: Kernel;
  /** Of the kernel at the centres, where these are some of the points alone (nystrom.ts). */
  readonly basis?: Node;
  readonly from: MapType["from"];
  readonly matrices: Map<string, Node>;
  /** Evaluations at centres, by the ids of their points: where they begin among the values. */
  readonly offsets: ReadonlyMap<string, Size>;
}

/** The function's centres, from the clause that it is the unknown of. */
export function expansionOf(
  context: Lowering,
  model: Model,
  declaration: FunctionDeclaration,
  kernel: Kernel,
): Expansion {
  const { name, span, type, index } = declaration;
  if (index !== undefined) return refuse(`one function in an RKHS per index (${name})`, span);
  if (model.upper?.over.includes(name)) return refuse(`the function ${name} in an RKHS at the upper level`, span);
  const g = context.graph;
  const terms = clauseTerms(model, name);
  // Whoever lowers a point needs to know what its binders run over.
  for (const term of terms)
    if (term.kind === "reduce") for (const binder of term.binders) context.binders.set(binder.id, binder.range);
  const evaluations = terms.filter((term): term is Apply => term.kind === "apply" && term.map === name && !term.frozen);
  const offsets = new Map<string, Size>();
  const pieces: Points[] = [];
  let count = sizeOf(0);
  for (const term of evaluations) {
    const { points, rows } = pointsOf(context, type.from, term, lowered(context, term));
    if (offsets.has(keyOf(points))) continue;
    offsets.set(keyOf(points), count);
    pieces.push(points);
    count = addSizes(count, rows);
  }
  const [first] = pieces;
  if (first === undefined) return refuse(`the function ${name}, which its clause evaluates nowhere`, span);
  const centres = first.map((node, k) =>
    joined(
      context,
      pieces.map((points) => points[k] as Node),
      count,
      node,
    ),
  );
  const between = (points: Points): Node => kernelMatrix(g, kernel, scalarIn(context), centres, points);
  const columnsAt = (index: Node): Node => between(centres.map((centre) => gather(g, centre, index, 0)));
  if (declaration.family !== undefined) return approximated(context, declaration, kernel, offsets, centres, columnsAt);
  const chosen = input(g, `chosen centres of ${name}`, "step", [namedSize(`${name}.chosen`)]);
  const gram = between(centres);
  const shape = [count, ...type.to.shape];
  const coefficients = input(g, name, "lower", shape);
  const atCentres = expanded(context.graph, gram, coefficients);
  return {
    kernel,
    from: type.from,
    centres,
    matrices: new Map([["", gram]]),
    columns: { index: chosen, matrix: columnsAt(chosen) },
    offsets,
    coefficients,
    weights: coefficients,
    gram,
    values: { node: atCentres, input: input(g, `values of ${name}`, "value", shape) },
    norm: { node: paired(context, coefficients, atCentres), input: input(g, `squared norm of ${name}`, "value", []) },
    span,
  };
}

/** The same in the span of the kernel at chosen centres. */
function approximated(
  context: Lowering,
  { name, span, type, family }: FunctionDeclaration,
  kernel: Kernel,
  offsets: Expansion["offsets"],
  points: Points,
  columnsAt: (index: Node) => Node,
): Expansion {
  const g = context.graph;
  const { count, seed } = nystromOptions(family as Family);
  const total = (points[0] as Node).shape[0] as Size;
  const chosen = drawn(context, { kind: "strata", of: total, seed }, [count]);
  const cross = columnsAt(chosen);
  const basis = basisFactor(g, gather(g, cross, chosen, 0));
  const gram = basisAt(g, cross, basis);
  const coefficients = input(g, name, "lower", [count, ...type.to.shape]);
  const values = expanded(g, gram, coefficients);
  return {
    kernel,
    from: type.from,
    centres: points.map((point) => gather(g, point, chosen, 0)),
    matrices: new Map([["", gram]]),
    offsets,
    basis,
    approximation: { count, seed },
    coefficients,
    weights: weightsOf(g, basis, coefficients),
    gram,
    values: { node: values, input: input(g, `values of ${name}`, "value", values.shape) },
    norm: {
      node: paired(context, coefficients, coefficients),
      input: input(g, `squared norm of ${name}`, "value", []),
    },
    span,
  };
}

function clauseTerms(model: Model, name: string): readonly Term[] {
  for (let level = model.level; level !== undefined; level = level.deeper)
    for (const clause of level.clauses)
      if (clause.kind === "optimize" && clause.unknowns.some((unknown) => unknown.name === name))
        return [...termsIn([clause.objective, ...clause.subject.flatMap(({ left, right }) => [left, right])])];
  return [];
}

const lowered = (context: Lowering, { arguments: points }: Apply): readonly Batched[] =>
  points.map((point) => lowerUnder(context, point, undefined));

const keyOf = (points: Points): string => points.map(({ id }) => id).join(" ");

const scalarIn =
  (context: Lowering) =>
  (term: Term): Node =>
    lowerUnder(context, term, undefined).node;

function paired({ graph }: Lowering, a: Node, b: Node): Node {
  const axes = a.shape.map((_, axis) => axis);
  return einsum(graph, [a, b], [axes, axes], []);
}

/** All pieces of one argument, one after the other. */
function joined({ graph }: Lowering, pieces: readonly Node[], count: Size, like: Node): Node {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  return lowerStructured.concat(graph, pieces.map(unbatched), [count, like.shape[1] as Size], 0).node;
}

interface Located {
  /** [rows, entries], one a declared argument. */
  readonly points: Points;
  readonly rows: Size;
  /** What the rows are: binders, then leading axes. */
  readonly batch: Batched["batch"];
  readonly axes: readonly Size[];
}

/** The arguments of an evaluation as a list of points. */
function pointsOf({ graph }: Lowering, from: MapType["from"], term: Apply, values: readonly Batched[]): Located {
  const leading = (term.type.kind === "array" ? term.type.shape : []).slice(0, term.leading);
  const batch = unionBatch(values);
  const sizes = binderSizes(values);
  const axes = [...batch.map((id) => sizes.get(id) as Size), ...leading];
  const rows = productOfSizes(axes);
  const points = values.map((value, k) => {
    const own = from[k]?.shape ?? [];
    return reshape(graph, spread(graph, value, batch, sizes, [...leading, ...own]), [
      rows,
      productOfSizes([...own, oneSize]),
    ]);
  });
  return { points, rows, batch, axes };
}

/** h at points, those of the table where they are one's; a frozen copy keeps its kernel and coefficients. */
export function lowerExpansion(
  context: Lowering,
  expansion: Expansion,
  term: Apply,
  values: readonly Batched[],
  table = "points",
): Batched {
  const g = context.graph;
  const { points, batch, axes } = pointsOf(context, expansion.from, term, values);
  const to = expansion.coefficients.shape.slice(1);
  const shaped = (node: Node): Batched => ({ node: reshape(g, node, [...axes, ...to]), batch });
  const offset = expansion.offsets.get(keyOf(points));
  if (offset !== undefined && !term.frozen) return shaped(sliceRows(context, expansion.values.node, offset, points));
  const freeze = (node: Node): Node => (term.frozen ? map(g, "stop", node) : node);
  const parameter = (parameterTerm: Term): Node => {
    const node = scalarIn(context)(parameterTerm);
    return node.kind === "constant" ? node : freeze(node);
  };
  const { matrices, basis } = expansion;
  const plain = kernelMatrix(g, expansion.kernel, parameter, points, expansion.centres.map(freeze));
  const kernel = basis === undefined ? plain : basisAt(g, plain, freeze(basis));
  const free = (name: string, k = 2): string => (matrices.has(name) ? free(`${table}${k}`, k + 1) : name);
  if (!term.frozen && ![...matrices.values()].includes(kernel)) matrices.set(free(table), kernel);
  return shaped(expanded(context.graph, kernel, freeze(expansion.coefficients)));
}

function sliceRows({ graph }: Lowering, values: Node, offset: Size, points: Points): Node {
  const rows = (points[0] as Node).shape[0] as Size;
  if (rows.key === (values.shape[0] as Size).key) return values;
  const start = broadcastLeading(graph, sizeNode(graph, offset), [rows]);
  return gather(graph, values, add(graph, [1, 1], [iota(graph, rows), start]), 0);
}

/** ‖h‖² */
export const lowerNorm = (expansion: Expansion): Batched => unbatched(expansion.norm.node);

/** Centres must not move with what is solved for at the same level or below. */
export function refuseMovingCentres(expansions: readonly Expansion[], unknowns: readonly Input[]): void {
  const lower = new Set<Node>(unknowns);
  for (const { centres, coefficients, span } of expansions)
    if (centres.some((centre) => dependsOn(centre, lower)))
      refuse(`the function ${coefficients.name} at points that move with a lower unknown`, span);
}

/** The start: the function that is zero everywhere. */
export const zeroExpansion = ({ graph }: Lowering, { coefficients }: Expansion): Node =>
  constant(graph, 0, coefficients.shape);
