/** Tensors that derivative rules in both directions need. */
import {
  add,
  broadcastLeading,
  constant,
  delta,
  einsum,
  type Graph,
  iota,
  map,
  reduce,
  scale,
  solve,
} from "../ir/graph.ts";
import type { Node, Reduce } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";

export const range = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => from + i);

export const isZero = (node: Node): boolean => node.kind === "constant" && node.value === 0;

/** The unit tensor [...shape, ...shape]: the derivative of a tensor with respect to itself. */
export function identity(g: Graph, shape: readonly Size[]): Node {
  const rank = shape.length;
  if (rank === 0) return constant(g, 1);
  return einsum(
    g,
    shape.map((size) => delta(g, size)),
    shape.map((_, axis) => [axis, rank + axis]),
    range(0, 2 * rank),
  );
}

/** out[e, x] = left[e, x] factor[x]: multiplies by a tensor without the extra leading axes. */
export function scaleEntries(g: Graph, left: Node, factor: Node): Node {
  if (factor.kind === "constant") return scale(g, factor.value, left);
  const labels = range(0, left.shape.length);
  return einsum(g, [left, factor], [labels, labels.slice(labels.length - factor.shape.length)], labels);
}

/** Repeats a node along a new axis. */
function broadcastAxis(g: Graph, node: Node, axis: number, size: Size): Node {
  const output = range(0, node.shape.length + 1);
  return einsum(g, [node], [output.filter((label) => label !== axis)], output, new Map([[axis, size]]));
}

/**
 * ∂out/∂x[.., i, ..] of a reduction, in its operand's shape; `undefined` is zero. max and min: one-hot at the first extremal index;
 * logsumexp: exp(x − logsumexp x).
 */
export function reductionWeights(g: Graph, node: Reduce): Node | undefined {
  const { operand, axis, fn } = node;
  const size = operand.shape[axis] as Size;
  switch (fn) {
    case "argmax":
      return undefined;
    case "logsumexp":
      return map(g, "exp", add(g, [1, -1], [operand, broadcastAxis(g, node, axis, size)]));
    case "max":
    case "min": {
      const winner = reduce(g, "argmax", scale(g, fn === "max" ? 1 : -1, operand), axis);
      const labels = range(0, operand.shape.length);
      const sizes = new Map(operand.shape.map((own, i) => [i, own]));
      const position = einsum(g, [iota(g, size)], [[axis]], labels, sizes);
      return map(g, "equal", position, broadcastAxis(g, winner, axis, size));
    }
    default:
      return fn satisfies never;
  }
}

/** Swaps the last two axes. */
export function transposed(g: Graph, matrix: Node): Node {
  const rank = matrix.shape.length;
  return einsum(g, [matrix], [range(0, rank)], [...range(0, rank - 2), rank - 1, rank - 2]);
}

/** A⁻ᵀ for [...b, s, s]. */
export function inverseTransposed(g: Graph, matrix: Node): Node {
  const unit = delta(g, matrix.shape.at(-1) as Size);
  return solve(g, transposed(g, matrix), broadcastLeading(g, unit, matrix.shape.slice(0, -2)));
}

/** out[l, i, k] = Σⱼ a[.., i, j] b[.., j, k]: the shorter operand's leading axes are the last leading axes of the longer one. */
export function matrixProduct(g: Graph, a: Node, b: Node): Node {
  const lead = Math.max(a.shape.length, b.shape.length) - 2;
  const leading = range(0, lead);
  const [i, j, k] = [lead, lead + 1, lead + 2];
  const own = (node: Node) => leading.slice(lead - (node.shape.length - 2));
  return einsum(
    g,
    [a, b],
    [
      [...own(a), i, j],
      [...own(b), j, k],
    ],
    [...leading, i, k],
  );
}

/** ½ (A + Aᵀ) */
export function symmetricPart(g: Graph, matrix: Node): Node {
  return add(g, [0.5, 0.5], [matrix, transposed(g, matrix)]);
}

/** Φ(A): the lower triangle of A with half its diagonal; Φ is its own adjoint. */
export function lowerHalf(g: Graph, matrix: Node): Node {
  const size = matrix.shape.at(-1) as Size;
  const sizes = new Map([
    [0, size],
    [1, size],
  ]);
  const index = (axis: number) => einsum(g, [iota(g, size)], [[axis]], [0, 1], sizes);
  const mask = add(g, [1, 0.5], [map(g, "less", index(1), index(0)), delta(g, size)]);
  return scaleEntries(g, matrix, mask);
}
