/**
 * One problem at many points: every unknown gets a leading axis, one entry a point, and so has every node that reads one; data do
 * not. The points do not interact, so the objectives are the sums over the points: the gradient of the sum is each point's
 * gradient, the curvature is block-diagonal (plan/structure.ts finds the blocks), and a product X θ for all points is one matrix
 * product, which reads X once.
 */
import {
  broadcastLeading,
  einsum,
  type Graph,
  gather,
  input,
  permute,
  reduce,
  reshape,
  scatter,
  solve,
  sumAll,
} from "../ir/graph.ts";
import { type Einsum, type Input, type Node, operandsOf, reachable } from "../ir/node.ts";
import { namedSize, type Size, type SizeBindings } from "../ir/size.ts";
import { withOperands } from "../ir/substitute.ts";
import { clausesOf, type LowerClause, type LowerLevel, type Problem } from "../lower/problem.ts";
import type { Block } from "./implicit.ts";

/** The name of the new axis's size; no name in a program holds a blank. */
export const pointsSize = "points at once";

/** How many points a problem with these sizes is at. */
export const pointsIn = (sizes: SizeBindings): number => sizes.get(pointsSize) ?? 1;

export interface PointsProblem {
  readonly problem: Problem;
  /** The upper objective at each point, [points]. */
  readonly values: Node;
  /** The unknown of the given problem that an input of the new one stands for. */
  readonly original: ReadonlyMap<string, Input>;
}

/**
 * `undefined` where the points have to be gone through one by one: faces of kinks, sets and constraints, paths and iterations are
 * followed from one point, functions have an adjoint of their own, and an index that an unknown decides is not the same at all points.
 * `blocks` are those of the problem's own derivation.
 */
export function atPoints(problem: Problem, blocks: readonly Block[]): PointsProblem | undefined {
  const { graph: g, upper, level } = problem;
  if (upper === undefined || !isOneKind(problem, blocks)) return undefined;
  const points = namedSize(pointsSize);
  const unknowns = [...upper.variables, ...clausesOf(level).flatMap((clause) => clause.unknowns)];
  const spread = new Map<Node, Node>(
    unknowns.map((y) => [y, input(g, nameAtPoints(y.name), y.role, [points, ...y.shape])]),
  );
  const roots = [
    upper.objective,
    ...clausesOf(level).map((clause) => (clause.kind === "solves" ? clause.residual : clause.objective)),
    ...clausesOf(level).flatMap((clause) => (clause.kind === "solves" ? [] : [clause.minimand])),
    ...unknowns.flatMap((y) => problem.starts.get(y.name) ?? []),
  ];
  for (const node of reachable(roots)) {
    if (spread.has(node) || !operandsOf(node).some((operand) => spread.has(operand))) continue;
    const moved = withPoints(g, node, spread, points);
    if (moved === undefined) return undefined;
    spread.set(node, moved);
  }
  const at = (node: Node): Node => spread.get(node) ?? broadcastLeading(g, node, [points]);
  const clauseAt = (clause: LowerClause): LowerClause => {
    const own = clause.unknowns.map((y) => spread.get(y) as Input);
    if (clause.kind === "solves") return { ...clause, unknowns: own, residual: at(clause.residual) };
    const [objective, minimand] = [sumAll(g, at(clause.objective)), sumAll(g, at(clause.minimand))];
    return { ...clause, unknowns: own, objective, minimand };
  };
  const levelAt = (each: LowerLevel): LowerLevel => ({
    clauses: each.clauses.map(clauseAt),
    deeper: each.deeper && levelAt(each.deeper),
  });
  const values = at(upper.objective);
  return {
    problem: {
      ...problem,
      upper: {
        ...upper,
        objective: sumAll(g, values),
        variables: upper.variables.map((variable) => spread.get(variable) as Input),
      },
      level: level && levelAt(level),
      starts: new Map([...problem.starts].map(([name, start]) => [nameAtPoints(name), at(start)])),
      // A point that is asked for is taken as it is.
      sets: new Map(),
      reports: [],
    },
    values,
    original: new Map(unknowns.map((y) => [nameAtPoints(y.name), y])),
  };
}

const nameAtPoints = (name: string): string => `${name} at points`;

/** Whether many points make a problem of the same kind as one, but for indices that an unknown decides. */
export const isOneKind = ({ upper, deep }: Problem, blocks: readonly Block[]): boolean =>
  (upper?.subject.length ?? 0) === 0 && deep.length === 0 && blocks.every(isPlain);

/** One smooth minimisation, or equations that are not iterated. */
const isPlain = ({ clauses, minimand, nonsmooth, constrained, path, functional, represented }: Block): boolean =>
  [nonsmooth, constrained, path, functional, represented].every((special) => special === undefined) &&
  (minimand !== undefined || clauses.every((clause) => clause.kind === "solves" && !clause.fixedPoint));

/** A node at all points, the new axis in front; some of its operands have it. Its table is total over the kinds with operands. */
function withPoints(g: Graph, node: Node, spread: ReadonlyMap<Node, Node>, points: Size): Node | undefined {
  const everywhere = (operand: Node): Node => spread.get(operand) ?? broadcastLeading(g, operand, [points]);
  switch (node.kind) {
    case "input":
    case "constant":
    case "literal":
    case "size":
    case "iota":
    case "delta":
      throw new Error(`${node.kind} reads no unknown`);
    case "einsum":
      return einsumAtPoints(g, node, spread, points);
    case "add":
    case "map":
    case "logdet":
    case "cholesky":
      return withOperands(g, node, operandsOf(node).map(everywhere));
    case "reduce":
      return reduce(g, node.fn, everywhere(node.operand), node.axis + 1);
    case "gather":
      return spread.has(node.index) ? undefined : gather(g, everywhere(node.operand), node.index, node.axis + 1);
    case "scatter":
      return spread.has(node.index)
        ? undefined
        : scatter(g, everywhere(node.operand), node.index, node.axis + 1, node.shape[node.axis] as Size);
    case "reshape":
      return reshape(g, everywhere(node.operand), [points, ...node.shape]);
    case "solve": {
      const matrix = spread.get(node.matrix);
      const rhs = everywhere(node.rhs);
      if (matrix === undefined) return solve(g, node.matrix, rhs);
      // The matrix's leading axes are the last leading ones of the right-hand side, so its points go there and come back.
      const leading = rhs.shape.length - matrix.shape.length;
      const there = [...axes(1, leading), 0, ...axes(leading + 1, matrix.shape.length - 1)];
      const back = there.map((_, axis) => there.indexOf(axis));
      return permute(g, solve(g, matrix, permute(g, rhs, there)), back);
    }
    default:
      return node satisfies never;
  }
}

const axes = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => from + i);

/** One more label, on every operand that has points and on the result. */
function einsumAtPoints(g: Graph, node: Einsum, spread: ReadonlyMap<Node, Node>, points: Size): Node {
  const label = node.sizes.length;
  return einsum(
    g,
    node.operands.map((operand) => spread.get(operand) ?? operand),
    node.operands.map((operand, k) => [...(spread.has(operand) ? [label] : []), ...(node.labels[k] ?? [])]),
    [label, ...node.output],
    new Map([...node.sizes, points].map((size, l) => [l, size])),
  );
}
