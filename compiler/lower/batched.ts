/**
 * Values under binders. A term inside `E[r in train](...)` is lowered once, for all rows together: each binder it reads is
 * a leading axis, kept in the order the binders were opened.
 */

import type { BinderId } from "../check/model.ts";
import { constant, einsum, type Graph } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { constantSize, type Size } from "../ir/size.ts";

/** Axes of `node`: one per binder of `batch`, in that order, then the term's own axes. */
export interface Batched {
  readonly node: Node;
  readonly batch: readonly BinderId[];
}

export const unbatched = (node: Node): Batched => ({ node, batch: [] });

export function ownShape(value: Batched): readonly Size[] {
  return value.node.shape.slice(value.batch.length);
}

/** Binders are numbered as they are opened, so outer binders come first. */
export function unionBatch(values: readonly Batched[]): readonly BinderId[] {
  return [...new Set(values.flatMap((v) => v.batch))].sort((a, b) => a - b);
}

/** Labels: a binder has its own, the k-th own axis counted from the right has one, and fresh ones are free to use. */
export const labels = {
  binder: (id: BinderId): number => 1_000_000 + id,
  trailing: (fromRight: number): number => fromRight,
  fresh: (k: number): number => 1000 + k,
} as const;

/** The size of a binder's axis in any of the values that has it. */
export function binderSizes(values: readonly Batched[]): ReadonlyMap<BinderId, Size> {
  const sizes = new Map<BinderId, Size>();
  for (const value of values) value.batch.forEach((id, axis) => sizes.set(id, value.node.shape[axis] as Size));
  return sizes;
}

/**
 * Labels of an operand of an element-by-element operation whose result has `shape`: axes align from the right, and an
 * axis of size 1 that must stretch gets a label of its own, which is summed over its one entry.
 */
function alignedLabels(value: Batched, shape: readonly Size[], freshBase: number): readonly number[] {
  const own = ownShape(value);
  const ownLabels = own.map((size, axis) => {
    const fromRight = own.length - 1 - axis;
    const target = shape[shape.length - 1 - fromRight];
    const stretches = constantSize(size) === 1 && target !== undefined && constantSize(target) !== 1;
    return stretches ? labels.fresh(freshBase + axis) : labels.trailing(fromRight);
  });
  return [...value.batch.map(labels.binder), ...ownLabels];
}

/** The product of values, element by element, broadcast to `shape`, under all their binders. */
export function product(g: Graph, values: readonly Batched[], shape: readonly Size[]): Batched {
  const batch = unionBatch(values);
  const sizes = binderSizes(values);
  const outputLabels = [...batch.map(labels.binder), ...shape.map((_, i) => labels.trailing(shape.length - 1 - i))];
  const broadcast = new Map<number, Size>();
  for (const [id, size] of sizes) broadcast.set(labels.binder(id), size);
  shape.forEach((size, i) => broadcast.set(labels.trailing(shape.length - 1 - i), size));
  const operandLabels = values.map((value, k) => alignedLabels(value, shape, 100 * k));
  return {
    node: einsum(
      g,
      values.map((v) => v.node),
      operandLabels,
      outputLabels,
      broadcast,
    ),
    batch,
  };
}

/** One value broadcast to the given binders and shape. */
export function spread(
  g: Graph,
  value: Batched,
  batch: readonly BinderId[],
  sizes: ReadonlyMap<BinderId, Size>,
  shape: readonly Size[],
): Node {
  const full = [...batch.map((id) => sizes.get(id) as Size), ...shape];
  if (value.node.kind === "constant") return constant(g, value.node.value, full);
  if (value.batch.length === batch.length && value.node.shape.length === full.length) {
    const stretches = value.node.shape.some(
      (size, i) => constantSize(size) === 1 && constantSize(full[i] as Size) !== 1,
    );
    if (!stretches) return value.node;
  }
  const outputLabels = [...batch.map(labels.binder), ...shape.map((_, i) => labels.trailing(shape.length - 1 - i))];
  const broadcast = new Map(outputLabels.map((label, i) => [label, full[i] as Size]));
  return einsum(g, [value.node], [alignedLabels(value, shape, 0)], outputLabels, broadcast);
}

/** An element-by-element operation on operands broadcast to one shape. */
export function elementwise(
  g: Graph,
  values: readonly Batched[],
  shape: readonly Size[],
  build: (...nodes: readonly Node[]) => Node,
): Batched {
  const batch = unionBatch(values);
  const sizes = binderSizes(values);
  return { node: build(...values.map((v) => spread(g, v, batch, sizes, shape))), batch };
}

/** Applies a shape-independent builder under the value's binders. `axis` of the term becomes the node's axis. */
export const nodeAxis = (value: Batched, axis: number): number => value.batch.length + axis;
