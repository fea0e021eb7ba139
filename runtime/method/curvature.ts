/**
 * A block's curvature as numbers: products with it, and its factorisation in the form that was found (blocks that are not
 * coupled are factorised one by one, equal ones once).
 */
import { stackMatrix } from "../../compiler/derive/stack.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { add, broadcastLeading, delta, einsum, input, permute } from "../../compiler/ir/graph.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { oneSize, type Size } from "../../compiler/ir/size.ts";
import type { BlockFacts } from "../../compiler/plan/facts.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";
import { addSlot, type Binding, kernelOf, lengthOf, runOnce, sizeNumber } from "../bind.ts";
import type { Factor, Factorisation, Vector } from "../engine/engine.ts";

/** Factorises the curvature at the block's present point plus `shift` times the identity; solves in the unknowns' own layout. */
export type FactoriseCurvature = (shift: number) => Factorisation;

export function curvatureFactoriser(
  binding: Binding,
  g: Graph,
  facts: BlockFacts,
  kind: "cholesky" | "lu",
): FactoriseCurvature {
  const { engine, sizes } = binding;
  const { form } = facts;
  const order = sizeNumber(form.order, sizes);
  const count = form.shared ? 1 : sizeNumber(form.count, sizes);
  const columns = form.shared ? sizeNumber(form.count, sizes) : 1;
  const evaluate = shiftedMatrix(binding, g, form.matrix);
  const layout = solveLayout(binding, g, facts);
  return (shift) => {
    const matrix = evaluate(shift);
    const result = kind === "cholesky" ? engine.cholesky(matrix, order, count) : engine.lu(matrix, order, count);
    return result.ok ? { ...result, factor: inLayout(result.factor, columns, layout) } : result;
  };
}

/** Evaluates M + μ I for matrices [count, r, r] at the present point. */
export function shiftedMatrix(binding: Binding, g: Graph, node: Node): (shift: number) => Vector {
  const { engine } = binding;
  const shift = shiftInput(g);
  const slot = binding.slots.get(shift) ?? addSlot(binding, shift);
  const matrix = engine.allocate(lengthOf(node.shape, binding.sizes));
  const evaluate = kernelOf(binding, "lower curvature", [shifted(g, node, shift)], [matrix]);
  return (shiftBy) => {
    engine.write(slot, [shiftBy]);
    evaluate();
    return matrix;
  };
}

function shiftInput(g: Graph): Input {
  return input(g, "curvature shift", "step", []);
}

/** M + μ I on the last two axes of [count, r, r]. */
function shifted(g: Graph, matrix: Node, shift: Input): Node {
  const unit = einsum(g, [delta(g, matrix.shape.at(-1) as Size), shift], [[0, 1], []], [0, 1]);
  const spread = broadcastLeading(g, unit, [matrix.shape[0] ?? oneSize]);
  return simplify(g, [add(g, [1, 1], [matrix, spread])])[0] as Node;
}

interface Layout {
  /** Moves a vector from the unknown's layout to that of the blocks, and back. */
  readonly gather: (from: Vector) => Vector;
  readonly scatter: (into: Vector) => void;
}

/** Where the blocks' right-hand sides do not lie one after the other in the unknown, they are moved there first. */
function solveLayout(binding: Binding, g: Graph, facts: BlockFacts): Layout | undefined {
  const { form, block } = facts;
  const order = form.shared ? [...form.coupled, ...form.separate] : [...form.separate, ...form.coupled];
  if (order.every((axis, i) => axis === i)) return undefined;
  const unknown = block.unknowns[0] as Input;
  const { engine } = binding;
  const plain = input(g, `right-hand side for ${unknown.name}`, "step", unknown.shape);
  const moved = input(
    g,
    `moved right-hand side for ${unknown.name}`,
    "step",
    order.map((axis) => unknown.shape[axis] as Size),
  );
  const [from, to] = [addSlot(binding, plain), addSlot(binding, moved)];
  const back = order.map((_, axis) => order.indexOf(axis));
  const there = kernelOf(binding, "to blocks", [permute(g, plain, order)], [to]);
  const home = kernelOf(binding, "from blocks", [permute(g, moved, back)], [from]);
  return {
    gather: (vector) => {
      engine.copy(vector, from);
      there();
      return to;
    },
    scatter: (vector) => {
      home();
      engine.copy(from, vector);
    },
  };
}

function inLayout(factor: Factor, columns: number, layout: Layout | undefined): Factor {
  const wrap =
    (solve: (b: Vector, columns?: number) => void) =>
    (b: Vector): void => {
      if (layout === undefined) return solve.call(factor, b, columns);
      solve.call(factor, layout.gather(b), columns);
      layout.scatter(b);
    };
  return { solve: wrap(factor.solve), solveTransposed: wrap(factor.solveTransposed), release: () => factor.release() };
}

/** The eigenvalues of the curvature's blocks where that is cheap, ascending; `undefined` beyond. */
export function curvatureEigenvalues(binding: Binding, facts: BlockFacts): Float64Array | undefined {
  const { engine, sizes } = binding;
  const order = sizeNumber(facts.form.order, sizes);
  const count = facts.form.shared ? 1 : sizeNumber(facts.form.count, sizes);
  const repeats = facts.form.shared ? sizeNumber(facts.form.count, sizes) : 1;
  if (
    facts.form.kind === "operator" ||
    order > largestDiagnosedOrder ||
    count * order ** 3 > largestDiagnosedOrder ** 3
  )
    return undefined;
  const all = engine.allocate(count * order * order);
  runOnce(binding, "lower curvature", [facts.form.matrix], [all]);
  const one = engine.allocate(order * order);
  const values = Array.from({ length: count }, (_, k) => {
    engine.copy(engine.view(all, k * order * order, order * order), one);
    return [...engine.eigenvalues(one, order)];
  }).flat();
  engine.release(one);
  engine.release(all);
  return Float64Array.from(values.flatMap((value) => Array<number>(repeats).fill(value))).sort();
}

const largestDiagnosedOrder = 600;

/** The whole curvature as one dense matrix over all of the block's unknowns, [p, p], whatever its form. */
export function denseCurvature(
  binding: Binding,
  g: Graph,
  facts: BlockFacts,
): { readonly matrix: Vector; readonly order: number } {
  const node = stackMatrix(g, facts.block.curvature, facts.block.unknowns);
  const order = lengthOf([facts.size], binding.sizes);
  const matrix = binding.engine.allocate(order * order);
  runOnce(binding, "dense lower curvature", [node], [matrix]);
  return { matrix, order };
}
