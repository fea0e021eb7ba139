/** The structured functions of matrices and shapes as tensor expressions. */
import type { StructuredFunction } from "../check/builtins.ts";
import {
  add,
  broadcastLeading,
  cholesky,
  delta,
  einsum,
  type Graph,
  gather,
  iota,
  logdet,
  map,
  reshape,
  scatter,
  sizeNode,
  solve,
} from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { addSizes, oneSize, type Size, sizeOf } from "../ir/size.ts";
import { type Batched, binderSizes, elementwise, labels, nodeAxis, ownShape, spread, unionBatch } from "./batched.ts";

type Lower = (g: Graph, operands: readonly Batched[], shape: readonly Size[], axis: number) => Batched;

/** An einsum over own axes; binders are carried along. */
function contract(
  g: Graph,
  operands: readonly Batched[],
  own: readonly (readonly number[])[],
  output: readonly number[],
): Batched {
  const batch = unionBatch(operands);
  const operandLabels = operands.map((operand, k) => [
    ...operand.batch.map(labels.binder),
    ...(own[k] as readonly number[]),
  ]);
  return {
    node: einsum(
      g,
      operands.map((o) => o.node),
      operandLabels,
      [...batch.map(labels.binder), ...output],
    ),
    batch,
  };
}

/** Applies a builder that works on the last two axes, under the value's binders. */
function onLast(value: Batched, build: (node: Node) => Node): Batched {
  return { node: build(value.node), batch: value.batch };
}

/** matrix⁻¹ rhs for own shapes [s, s] and [s, r]; a matrix under binders carries its right-hand side along. */
function solveMatrix(g: Graph, matrix: Batched, rhs: Batched): Batched {
  const batch = unionBatch([matrix, rhs]);
  const sizes = binderSizes([matrix, rhs]);
  const spreadMatrix = matrix.batch.length === 0 ? matrix.node : spread(g, matrix, batch, sizes, ownShape(matrix));
  return { node: solve(g, spreadMatrix, spread(g, rhs, batch, sizes, ownShape(rhs))), batch };
}

const [I, J, K] = [1, 2, 3];

export const lowerStructured: { readonly [F in Exclude<StructuredFunction, "stack">]: Lower } = {
  /** Σ_k a[.., i, k] b[.., k, j]; a vector has no i (as left operand) or no j (as right operand). */
  matmul: (g, [a, b]) => {
    const [left, right] = [a as Batched, b as Batched];
    const [m, n] = [ownShape(left).length, ownShape(right).length];
    const lead = (rank: number): readonly number[] =>
      Array.from({ length: Math.max(0, rank - 2) }, (_, i) => labels.fresh(rank - 3 - i));
    const leftLabels = [...lead(m), ...(m === 1 ? [K] : [I, K])];
    const rightLabels = [...lead(n), ...(n === 1 ? [K] : [K, J])];
    const output = [...lead(Math.max(m, n)), ...(m === 1 ? [] : [I]), ...(n === 1 ? [] : [J])];
    return contract(g, [left, right], [leftLabels, rightLabels], output);
  },

  transpose: (g, [x]) => {
    const rank = ownShape(x as Batched).length;
    const axes = Array.from({ length: rank }, (_, i) => i);
    const swapped = [...axes.slice(0, -2), rank - 1, rank - 2];
    return contract(g, [x as Batched], [axes], swapped);
  },

  /** a_i b_j */
  outer: (g, [a, b]) => contract(g, [a as Batched, b as Batched], [[I], [J]], [I, J]),

  /** Σ_i a_ii */
  trace: (g, [x]) => contract(g, [x as Batched], [[I, I]], []),

  /** A vector gives the matrix that has it as diagonal, a matrix gives its diagonal. */
  diag: (g, [x]) => {
    const value = x as Batched;
    const own = ownShape(value);
    if (own.length === 2) return contract(g, [value], [[I, I]], [I]);
    const unit: Batched = { node: delta(g, own[0] as Size), batch: [] };
    return contract(g, [value, unit], [[I], [I, J]], [I, J]);
  },

  solve: (g, [a, b], shape) => {
    const rhs = b as Batched;
    if (ownShape(rhs).length === 2) return solveMatrix(g, a as Batched, rhs);
    const column = onLast(rhs, (node) => reshape(g, node, [...node.shape, oneSize]));
    return onLast(solveMatrix(g, a as Batched, column), (node) =>
      reshape(g, node, [...node.shape.slice(0, node.shape.length - 1 - shape.length), ...shape]),
    );
  },

  inv: (g, [a], shape) => {
    const matrix = a as Batched;
    return solveMatrix(g, matrix, { node: delta(g, shape[0] as Size), batch: [] });
  },

  cholesky: (g, [a]) => onLast(a as Batched, (node) => cholesky(g, node)),

  logdet: (g, [a]) => onLast(a as Batched, (node) => logdet(g, node)),

  /** Each part is scattered to its place along the axis, and the parts are added. */
  concat: (g, operands, shape, axis) => {
    const batch = unionBatch(operands);
    const sizes = binderSizes(operands);
    let offset = sizeOf(0);
    const placed = operands.map((operand) => {
      const own = ownShape(operand);
      const count = own[axis] as Size;
      const start = broadcastLeading(g, sizeNode(g, offset), [count]);
      const index = add(g, [1, 1], [iota(g, count), start]);
      offset = addSizes(offset, count);
      return scatter(g, spread(g, operand, batch, sizes, own), index, batch.length + axis, shape[axis] as Size);
    });
    return {
      node: add(
        g,
        placed.map(() => 1),
        placed,
      ),
      batch,
    };
  },

  reshape: (g, [x], shape) => {
    const value = x as Batched;
    return onLast(value, (node) => reshape(g, node, [...node.shape.slice(0, value.batch.length), ...shape]));
  },

  /** x[.., index_i, ..] along the axis, for a vector of indices. */
  gather: (g, [x, index], _, axis) => {
    const value = x as Batched;
    return onLast(value, (node) => gather(g, node, (index as Batched).node, nodeAxis(value, axis)));
  },

  /** [label = j] for j = 0 .. k − 1, on a new last axis */
  one_hot: (g, [label], shape) => {
    const value = label as Batched;
    const classes = shape[shape.length - 1] as Size;
    const full = [...value.node.shape, classes];
    const own = value.node.shape.map((_, i) => i);
    const last = own.length;
    const repeated = einsum(g, [value.node], [own], [...own, last], new Map([[last, classes]]));
    const leading = new Map(own.map((i) => [i, full[i] as Size]));
    const index = einsum(g, [iota(g, classes)], [[last]], [...own, last], leading);
    return onLast(value, () => map(g, "equal", repeated, index));
  },

  select: (g, operands, shape) =>
    elementwise(g, operands, shape, (c, a, b) => map(g, "select", c as Node, a as Node, b as Node)),

  stop: (g, [x]) => onLast(x as Batched, (node) => map(g, "stop", node)),
};
