import { expect, test } from "vitest";
import { contract, type Product } from "../../compiler/emit/contract.ts";
import * as build from "../../compiler/ir/graph.ts";
import { type Node, reachable } from "../../compiler/ir/node.ts";
import { constantSize, sizeOf } from "../../compiler/ir/size.ts";

const [n, d] = [sizeOf(1000), sizeOf(50)];

/** Entries of every intermediate result, in order. */
function intermediates(root: Node): readonly number[] {
  return reachable([root])
    .filter((node) => node.kind === "einsum")
    .map((node) => node.shape.reduce((entries, size) => entries * (constantSize(size) as number), 1));
}

const product = (
  operands: readonly Node[],
  labels: number[][],
  output: number[],
  sizes = [n, d, d, d, d, d],
): Product => ({
  operands,
  labels,
  output,
  sizes,
});

test("Xᵀ(D(X v)) never forms a matrix, even where X is constant", () => {
  const g = build.createGraph();
  const X = build.input(g, "X", "data", [n, d]);
  const [w, v] = [build.input(g, "w", "data", [n]), build.input(g, "v", "step", [d])];
  const root = contract(g, product([X, w, X, v], [[0, 1], [0], [0, 2], [2]], [1]), (node) => node !== v);
  expect(Math.max(...intermediates(root))).toBe(1000);
});

test("at equal cost constant parts are contracted together", () => {
  const g = build.createGraph();
  const [a, b, x] = ["a", "b", "x"].map((name) => build.input(g, name, "data", [n])) as [Node, Node, Node];
  const root = contract(g, product([a, x, b], [[0], [0], [0]], []), (node) => node !== x);
  const constant = reachable([root]).filter((node) => node.kind === "einsum" && !reachable([node]).includes(x));
  expect(constant).toHaveLength(1);
});

test("paths of many operands stay cheap", () => {
  const g = build.createGraph();
  const chain = Array.from({ length: 10 }, (_, i) => build.input(g, `m${i}`, "data", [d, d]));
  const v = build.input(g, "v", "step", [d]);
  const labels = [...chain.map((_, i) => [i, i + 1]), [10]];
  const root = contract(
    g,
    product(
      [...chain, v],
      labels,
      [0],
      Array.from({ length: 11 }, () => d),
    ),
    () => false,
  );
  expect(Math.max(...intermediates(root))).toBe(50);
});

test("a sum that another product has is read again", () => {
  const g = build.createGraph();
  const [i, j, k, l] = [256, 100, 90, 50].map(sizeOf) as [typeof n, typeof n, typeof n, typeof n];
  const E = build.input(g, "E", "step", [i, j]);
  const W = build.input(g, "W", "step", [j, k]);
  const D = build.input(g, "D", "step", [i, k]);
  const X = build.input(g, "X", "data", [i, l]);
  const within = [i, j, k, l];
  const slopes = contract(
    g,
    product(
      [X, E, W, D],
      [
        [0, 3],
        [0, 1],
        [1, 2],
        [0, 2],
      ],
      [3, 1],
      within,
    ),
    () => false,
  );
  // Labels in another order: j, i, k.
  const sums = contract(
    g,
    product(
      [D, W, E],
      [
        [1, 2],
        [0, 2],
        [1, 0],
      ],
      [0],
      [j, i, k],
    ),
    () => false,
  );
  const cubes = reachable([slopes, sums]).filter(
    (node) =>
      node.kind === "einsum" &&
      node.sizes.reduce((all, size) => all * (constantSize(size) as number), 1) === 256 * 100 * 90,
  );
  expect(cubes).toHaveLength(1);
});

test("a slender result lies along its long side, any other as it is wanted", () => {
  const g = build.createGraph();
  const shapeOf = (columns: number): readonly number[] => {
    const X = build.input(g, `X${columns}`, "data", [n, d]);
    const W = build.input(g, `W${columns}`, "step", [d, sizeOf(columns)]);
    const root = contract(
      g,
      product(
        [W, X],
        [
          [1, 2],
          [0, 1],
        ],
        [0, 2],
        [n, d, sizeOf(columns)],
      ),
      () => false,
    );
    const matrix = reachable([root]).find((node) => node.kind === "einsum" && node.operands.length === 2) as Node;
    return matrix.shape.map((size) => constantSize(size) as number);
  };
  expect(shapeOf(10)).toEqual([10, 1000]);
  expect(shapeOf(200)).toEqual([1000, 200]);
});
