import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as G from "../../compiler/ir/graph.ts";
import { type Node, operandsOf, reachable } from "../../compiler/ir/node.ts";
import { print } from "../../compiler/ir/print.ts";
import { namedSize, oneSize, sizeOf } from "../../compiler/ir/size.ts";
import { substitute, withOperands } from "../../compiler/ir/substitute.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { discrepancy } from "../support/differences.ts";
import { expressions } from "../support/expressions.ts";
import { interpret } from "../support/interpret.ts";

const g = G.createGraph();
const n = namedSize("n");
const A = G.input(g, "A", "data", [n, n]);
const u = G.input(g, "u", "data", [n]);
const index = G.input(g, "idx", "data", [n]);
const c = G.input(g, "c", "param", []);

describe("print", () => {
  test.for<[string, Node]>([
    ["A[i,j]", A],
    ["Σ_j A[i,j] u[j]", G.einsum(g, [A, u], [[0, 1], [1]], [0])],
    ["A[j,i]", G.permute(g, A, [1, 0])],
    ["Σ_i A[i,i]", G.einsum(g, [A], [[0, 0]], [])],
    ["u[j]", G.broadcastLeading(g, u, [n])],
    ["2 u[i]", G.scale(g, 2, u)],
    ["−u[i]", G.scale(g, -1, u)],
    ["u[i] − 0.5 exp(u[i])", G.add(g, [1, -0.5], [u, G.map(g, "exp", u)])],
    ["u[i] (1 − u[i])", G.multiply(g, u, G.add(g, [1, -1], [G.constant(g, 1, [n]), u]))],
    ["u[i]^−1", G.map(g, "power", u, G.constant(g, -1, [n]))],
    [
      "select([u[i] < 0], u[i], 0)",
      G.map(g, "select", G.map(g, "less", u, G.constant(g, 0, [n])), u, G.constant(g, 0, [n])),
    ],
    ["max_j A[i,j]", G.reduce(g, "max", A, 1)],
    [
      "logsumexp_j (u[i] + u[j])",
      G.reduce(
        g,
        "logsumexp",
        G.add(g, [1, 1], [G.einsum(g, [u], [[0]], [0, 1], new Map([[1, n]])), G.broadcastLeading(g, u, [n])]),
        1,
      ),
    ],
    ["A[idx[i],j]", G.gather(g, A, index, 0)],
    ["Σ_j [idx[j] = i] u[j]", G.scatter(g, u, index, 0, n)],
    ["reshape(A)[i]", G.reshape(g, A, [namedSize("p")])],
    ["solve(A, A)[i,j]", G.solve(g, A, A)],
    ["logdet(i,j ↦ 2 A[i,j])", G.logdet(g, G.scale(g, 2, A))],
    ["cholesky(A)[i,j]", G.cholesky(g, A)],
    ["i", G.iota(g, n)],
    ["δ[i,j]", G.delta(g, n)],
    ["n c", G.multiply(g, G.sizeNode(g, n), c)],
    ["{1 2}[i]", G.literal(g, Float64Array.of(1, 2), [sizeOf(2)])],
  ])("%s", ([expected, node]) => {
    expect(print(node)).toBe(expected);
  });
});

describe("substitute", () => {
  test("replaces everywhere and shares what does not change", () => {
    const s = G.map(g, "sin", u);
    const f = G.add(g, [1, 1], [G.multiply(g, s, u), G.map(g, "cos", index)]);
    const [replaced] = substitute(g, [f], new Map([[u, index]]));
    expect(replaced).toBe(G.add(g, [1, 1], [G.multiply(g, G.map(g, "sin", index), index), G.map(g, "cos", index)]));
    expect(substitute(g, [f], new Map())).toEqual([f]);
  });
  test("is simultaneous: two nodes can change places", () => {
    const [swapped] = substitute(
      g,
      [G.add(g, [1, 2], [u, index])],
      new Map([
        [u, index],
        [index, u],
      ]),
    );
    expect(swapped).toBe(G.add(g, [1, 2], [index, u]));
  });
  test("evaluates to what its parts evaluate to", () => {
    fc.assert(
      fc.property(expressions, ({ graph, root, inputs, values, sizes }) => {
        const renamed = new Map<Node, Node>(
          inputs.map((own) => [own, G.input(graph, `${own.name}2`, own.role, own.shape)]),
        );
        const [copy] = substitute(graph, [root], renamed) as [Node];
        const moved = new Map([...values].map(([name, value]) => [`${name}2`, value]));
        expect(verify([copy])).toEqual([]);
        expect(discrepancy(interpret(copy, moved, sizes), interpret(root, values, sizes))).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
  test("a node built again of its own operands is itself", () => {
    fc.assert(
      fc.property(expressions, ({ graph, root }) => {
        for (const node of reachable([root])) expect(withOperands(graph, node, operandsOf(node))).toBe(node);
      }),
      { numRuns: 50 },
    );
  });
});

describe("verify", () => {
  const forge = (node: object): Node => ({ id: 1e6, shape: [], ...node }) as unknown as Node;

  test("finds nothing in what the builders made", () =>
    expect(verify([...g.inputs.values(), G.solve(g, A, A), G.delta(g, n)])).toEqual([]));

  test.for<[string, Node]>([
    ["a literal has 1 values", forge({ kind: "literal", values: Float64Array.of(1), shape: [sizeOf(2)] })],
    ["not a number", forge({ kind: "constant", value: Number.NaN })],
    ["a size is a number", forge({ kind: "size", size: oneSize })],
    [
      "not numbered by first appearance",
      forge({ kind: "einsum", operands: [u], labels: [[1]], output: [1], sizes: [n, n], shape: [n] }),
    ],
    [
      "repeats an output label",
      forge({ kind: "einsum", operands: [u], labels: [[0]], output: [0, 0], sizes: [n], shape: [n, n] }),
    ],
    [
      "do not fit their labels",
      forge({ kind: "einsum", operands: [A], labels: [[0]], output: [0], sizes: [n], shape: [n] }),
    ],
    [
      "shape is not its output's",
      forge({ kind: "einsum", operands: [u], labels: [[0]], output: [], sizes: [n], shape: [n] }),
    ],
    ["add of different shapes", forge({ kind: "add", coefficients: [1, 1], operands: [u, A], shape: [n] })],
    ["one coefficient an operand", forge({ kind: "add", coefficients: [1], operands: [u, u], shape: [n] })],
    ["select takes 3 operands", forge({ kind: "map", fn: "select", operands: [u], shape: [n] })],
    ["an axis that is not there", forge({ kind: "reduce", fn: "max", operand: u, axis: 1, shape: [n] })],
    ["vector of indices", forge({ kind: "gather", operand: u, index: A, axis: 0, shape: [n] })],
    ["scatter has another shape", forge({ kind: "scatter", operand: u, index, axis: 0, shape: [n, n] })],
    [
      "changes the number of entries",
      forge({ kind: "reshape", operand: G.constant(g, 1, [sizeOf(4)]), shape: [sizeOf(3)] }),
    ],
    ["a square matrix", forge({ kind: "cholesky", matrix: u, shape: [n] })],
    [
      "right-hand side does not fit",
      forge({
        kind: "solve",
        matrix: G.delta(g, sizeOf(2)),
        rhs: G.constant(g, 1, [sizeOf(3), oneSize]),
        shape: [sizeOf(3), oneSize],
      }),
    ],
    ["not older than its reader", forge({ kind: "map", fn: "sin", operands: [u], shape: [n], id: -1 })],
  ])("%s", ([problem, node]) => {
    expect(verify([node]).join("\n")).toContain(problem);
  });

  test("tells nodes of two graphs apart", () => {
    const other = G.createGraph();
    G.input(other, "x", "data", []);
    expect(verify([A, other.inputs.get("x") as Node]).join()).toContain("different graphs");
  });
});
