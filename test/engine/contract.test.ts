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
