/** Several arrays as one flat vector, and the matrices between such vectors: the order is that of the list, row-major. */
import { add, broadcastLeading, type Graph, iota, reshape, scatter, sizeNode } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { addSizes, productOfSizes, type Size, sizeOf } from "../ir/size.ts";

/** How many numbers all of them hold. */
export function totalSize(arrays: readonly Node[]): Size {
  return arrays.map((array) => productOfSizes(array.shape)).reduce(addSizes, sizeOf(0));
}

/** Puts a node's axis at an offset in a longer one, zeros elsewhere. */
function placeAxis(g: Graph, node: Node, axis: number, offset: Size, total: Size): Node {
  const count = node.shape[axis] as Size;
  const start = broadcastLeading(g, sizeNode(g, offset), [count]);
  return scatter(g, node, add(g, [1, 1], [iota(g, count), start]), axis, total);
}

function offsets(arrays: readonly Node[]): readonly Size[] {
  return arrays.map((_, k) => totalSize(arrays.slice(0, k)));
}

/** The matrix [p, p] of blocks[a][b] = [...y_a, ...y_b]. One array alone is only reshaped. */
export function stackMatrix(g: Graph, blocks: readonly (readonly Node[])[], arrays: readonly Node[]): Node {
  const total = totalSize(arrays);
  const sizes = arrays.map((array) => productOfSizes(array.shape));
  const flat = (a: number, b: number): Node => reshape(g, blocks[a]?.[b] as Node, [sizes[a] as Size, sizes[b] as Size]);
  if (arrays.length === 1) return flat(0, 0);
  const starts = offsets(arrays);
  const placed = arrays.flatMap((_, a) =>
    arrays.map((_, b) =>
      placeAxis(g, placeAxis(g, flat(a, b), 0, starts[a] as Size, total), 1, starts[b] as Size, total),
    ),
  );
  return add(
    g,
    placed.map(() => 1),
    placed,
  );
}

/** [n, p] from one [n, p_k] an array. */
export function stackColumns(g: Graph, parts: readonly Node[], arrays: readonly Node[]): Node {
  return stackAlong(g, parts, arrays, 1);
}

/** [p, n] from one [p_k, n] an array. */
export function stackRows(g: Graph, parts: readonly Node[], arrays: readonly Node[]): Node {
  return stackAlong(g, parts, arrays, 0);
}

function stackAlong(g: Graph, parts: readonly Node[], arrays: readonly Node[], axis: number): Node {
  if (parts.length === 1) return parts[0] as Node;
  const total = totalSize(arrays);
  const starts = offsets(arrays);
  const placed = parts.map((part, k) => placeAxis(g, part, axis, starts[k] as Size, total));
  return add(
    g,
    placed.map(() => 1),
    placed,
  );
}
