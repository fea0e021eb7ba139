/**
 * Which contractions are matrix products large enough for the blocked kernel: C[m, n] += Σ_k A[m, k] B[k, n], with any
 * strides for A and B, rows or columns of C contiguous, and further labels as outer loops. Σ_k w_k A[m, k] A[n, k] is one that
 * never forms its weighted factor.
 */
import type { Einsum, Node } from "../../ir/node.ts";
import { constantSize } from "../../ir/size.ts";

/** One label, or several that move through all three arrays as one. Strides are in entries; 0 where an array lacks the label. */
export interface Axis {
  readonly size: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** In the weights. */
  readonly w: number;
}

export interface MatrixProduct {
  /** A and B: the einsum's operands, in order or swapped so that the columns of C are contiguous. */
  readonly a: Node;
  readonly b: Node;
  /** Of the terms of the sum; A and B are then the same node. */
  readonly weights?: Node;
  readonly rows: Axis;
  readonly columns: Axis;
  readonly inner: Axis;
  /** Loops around, batched or combined. */
  readonly outer: readonly Axis[];
  /** C is symmetric in rows and columns by construction: one half of it is the other. */
  readonly symmetric: boolean;
}

/** What it reads. */
export function factorsOf({ a, b, weights }: MatrixProduct): readonly Node[] {
  return [a, b, ...(weights === undefined ? [] : [weights])];
}

/** Below these, packing costs more than it saves. */
const smallestSide = 4;
const smallestWork = 8192;

export function rowMajorStrides(sizes: readonly number[]): readonly number[] {
  const strides = sizes.map(() => 1);
  for (let axis = sizes.length - 2; axis >= 0; axis -= 1) {
    strides[axis] = (strides[axis + 1] as number) * Math.max(1, sizes[axis + 1] as number);
  }
  return strides;
}

export function matrixProduct(node: Node): MatrixProduct | undefined {
  if (node.kind !== "einsum" || node.operands.length !== 2) return undefined;
  const factors = weightedSquare(node) ?? plainFactors(node);
  if (factors.nodes.some((factor) => ["delta", "iota", "constant"].includes(factor.kind))) return undefined;
  const axes = axesOf(node, factors);
  if (axes.some((axis) => axis.size === 0 || (axis.a === 0 && axis.b === 0 && axis.w * axis.c === 0))) return undefined;
  const isRow = (x: Axis): boolean => x.a !== 0 && x.b === 0 && x.c !== 0;
  const isColumn = (x: Axis): boolean => x.a === 0 && x.b !== 0 && x.c !== 0;
  const isInner = (x: Axis): boolean => x.a !== 0 && x.b !== 0 && x.c === 0;
  const rows = merged(axes.filter(isRow));
  const columns = merged(axes.filter(isColumn));
  const inner = merged(axes.filter(isInner));
  const around = axes.filter((x) => !isRow(x) && !isColumn(x) && !isInner(x));
  const core = [rows, columns, inner].map(pickCore);
  const [m, n, k] = core;
  if (m === undefined || n === undefined || k === undefined) return undefined;
  if (Math.min(m.size, n.size, k.size) < smallestSide || m.size * n.size * k.size < smallestWork) return undefined;
  const outer = [...around, ...[rows, columns, inner].flat().filter((axis) => !core.includes(axis))];
  const [a, b, weights] = factors.nodes as readonly [Node, Node, Node?];
  const rest = { ...(weights && { weights }), symmetric: weights !== undefined || isSymmetric(node) };
  if (n.c === 1) return { a, b, rows: m, columns: n, inner: k, outer, ...rest };
  if (m.c === 1)
    return { a: b, b: a, rows: swap(n), columns: swap(m), inner: swap(k), outer: outer.map(swap), ...rest };
  return undefined;
}

/** What is multiplied, with the labels of each in the einsum: A, B, and the weights where there are some. */
interface Factors {
  readonly nodes: readonly Node[];
  readonly labels: readonly (readonly number[])[];
}

const plainFactors = ({ operands, labels }: Einsum): Factors => ({ nodes: operands, labels });

/** Σ (w X)_ij X_ik as the factors X, X and w: labels of X that differ are those of rows and columns, which w does not have. */
function weightedSquare({ operands, labels, output }: Einsum): Factors | undefined {
  for (const [k, y] of operands.entries()) {
    const x = operands[1 - k] as Node;
    if (y.kind !== "einsum" || y.operands.length !== 2 || y.operands[0] === y.operands[1]) continue;
    const own = y.operands.indexOf(x);
    const weights = y.operands[1 - own];
    if (own < 0 || weights === undefined || y.labels.flat().some((label) => !y.output.includes(label))) continue;
    const outside = (inner: readonly number[] = []): readonly number[] =>
      inner.map((label) => (labels[k] as readonly number[])[y.output.indexOf(label)] as number);
    const [left, right, inWeights] = [
      outside(y.labels[own]),
      labels[1 - k] as readonly number[],
      outside(y.labels[1 - own]),
    ];
    const differing = left.flatMap((label, axis) => (label === right[axis] ? [] : [label, right[axis] as number]));
    const all = [left, right, inWeights].flat();
    const isFree = (label: number): boolean => output.includes(label) && all.filter((l) => l === label).length === 1;
    if (differing.length === 2 && differing.every(isFree))
      return { nodes: [x, x, weights], labels: [left, right, inWeights] };
  }
  return undefined;
}

/** Σ X_ij X_ik, or Σ X_ij w_i X_ik with the weights multiplied into one of the two: symmetric in j and k. */
function isSymmetric({ operands: [a, b], labels: [inA, inB], output }: Einsum): boolean {
  if (a === undefined || b === undefined || inA === undefined || inB === undefined) return false;
  const differing = inA.flatMap((label, axis) => (label === inB[axis] ? [] : [axis]));
  const [axis] = differing;
  if (axis === undefined || differing.length > 1 || inA.length !== inB.length) return false;
  const isFree = (label: number): boolean =>
    output.includes(label) && [inA, inB].flat().filter((l) => l === label).length === 1;
  if (![inA[axis], inB[axis]].every((label) => label !== undefined && isFree(label))) return false;
  return a === b || isWeighted(a, b, axis) || isWeighted(b, a, axis);
}

/** y is x times what does not vary along the axis. */
function isWeighted(y: Node, x: Node, axis: number): boolean {
  if (y.kind !== "einsum" || new Set(y.output).size !== y.output.length) return false;
  const own = y.operands.findIndex((operand, i) => operand === x && same(y.labels[i] ?? [], y.output));
  const label = y.output[axis];
  return own >= 0 && label !== undefined && y.labels.every((labels, i) => i === own || !labels.includes(label));
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((l, i) => l === b[i]);

const swap = ({ size, a, b, c, w }: Axis): Axis => ({ size, a: b, b: a, c, w });

/** The contiguous axis of C if there is one, else the longest. */
function pickCore(axes: readonly Axis[]): Axis | undefined {
  return axes.find((axis) => axis.c === 1) ?? [...axes].sort((x, y) => y.size - x.size)[0];
}

function axesOf(node: Einsum, { labels }: Factors): readonly Axis[] {
  const sizes = node.sizes.map((size) => constantSize(size) as number);
  const strideOf = (labels: readonly number[], label: number): number => {
    const strides = rowMajorStrides(labels.map((l) => sizes[l] as number));
    return labels.reduce((sum, l, axis) => sum + (l === label ? (strides[axis] as number) : 0), 0);
  };
  return sizes
    .map((size, label) => ({
      size,
      a: strideOf(labels[0] ?? [], label),
      b: strideOf(labels[1] ?? [], label),
      c: strideOf(node.output, label),
      w: strideOf(labels[2] ?? [], label),
    }))
    .filter((axis) => axis.size !== 1);
}

/** Joins axes that every array steps through as if they were one. */
function merged(axes: readonly Axis[]): readonly Axis[] {
  const sorted = [...axes].sort((x, y) => y.a + y.b + y.c + y.w - (x.a + x.b + x.c + x.w));
  const list: Axis[] = [];
  for (const axis of sorted) {
    const last = list.at(-1);
    const continues =
      last !== undefined && (["a", "b", "c", "w"] as const).every((array) => last[array] === axis[array] * axis.size);
    if (continues) list.pop();
    list.push(continues ? { ...axis, size: last.size * axis.size } : axis);
  }
  return list;
}
