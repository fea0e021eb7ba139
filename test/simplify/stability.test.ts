import { describe, expect, test } from "vitest";
import { gradient } from "../../compiler/derive/differentiate.ts";
import * as G from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { print } from "../../compiler/ir/print.ts";
import { namedSize, sizeOf } from "../../compiler/ir/size.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";
import { interpret } from "../support/interpret.ts";

const g = G.createGraph();
const x = G.input(g, "x", "lower", []);
const y = G.input(g, "y", "lower", []);
const z = G.input(g, "z", "lower", [sizeOf(3)]);
const one = G.constant(g, 1);

const simple = (node: Node): Node => simplify(g, [node])[0] as Node;
const text = (node: Node): string => print(simple(node));
const exp = (node: Node): Node => G.map(g, "exp", node);
const log = (node: Node): Node => G.map(g, "log", node);
const minus = (node: Node): Node => G.scale(g, -1, node);
const plus = (...terms: Node[]): Node =>
  G.add(
    g,
    terms.map(() => 1),
    terms,
  );
const over = (a: Node, b: Node): Node => G.multiply(g, a, G.map(g, "power", b, G.constant(g, -1, b.shape)));
const value = (node: Node, at: number): number =>
  interpret(simple(node), new Map([["x", { shape: [], values: Float64Array.of(at) }]])).values[0] as number;
const slope = (node: Node): Node => gradient(g, node, [x])[0] as Node;

test.for<[string, Node]>([
  ["softplus(x)", log(plus(one, exp(x)))],
  ["softplus(x)", log(plus(exp(x), one))],
  ["softplus(−x)", log(plus(one, exp(minus(x))))],
  ["softplus(x)", G.map(g, "log1p", exp(x))],
  ["x", log(exp(x))],
  ["x", exp(log(x))],
  ["x x x", exp(G.scale(g, 3, log(x)))],
  ["−softplus(−x)", log(G.map(g, "sigmoid", x))],
  ["−softplus(x)", log(G.add(g, [1, -1], [one, G.map(g, "sigmoid", x)]))],
  ["−softplus(−x)", log(over(exp(x), plus(one, exp(x))))],
  ["sigmoid(x)", over(one, plus(one, exp(minus(x))))],
  ["sigmoid(x)", over(exp(x), plus(one, exp(x)))],
  ["sigmoid(−x)", over(exp(minus(x)), plus(exp(minus(x)), one))],
  ["log1p(x)", log(plus(one, x))],
  ["expm1(x)", G.add(g, [1, -1], [exp(x), one])],
  ["−3 expm1(x)", G.add(g, [3, -3], [one, exp(x)])],
  ["exp(x)", plus(G.map(g, "expm1", x), one)],
  ["x + softplus(y − x)", log(plus(exp(x), exp(y)))],
  ["logsumexp_i z[i]", log(G.sumAll(g, exp(z)))],
  ["x", G.multiply(g, G.map(g, "sqrt", x), G.map(g, "sqrt", x))],
  ["abs(x)", G.map(g, "sqrt", G.map(g, "power", x, G.constant(g, 2)))],
])("%s", ([expected, node]) => {
  expect(text(node)).toBe(expected);
});

test("a softmax written naively, its logarithm, and the loss", () => {
  const normaliser = G.broadcastLeading(g, G.sumAll(g, exp(z)), [sizeOf(3)]);
  const softmax = over(exp(z), normaliser);
  expect(text(softmax)).toBe("exp(z[i] − logsumexp_j z[j])");
  expect(text(log(softmax))).toBe("z[i] − logsumexp_j z[j]");
  const loss = G.sumAll(g, minus(log(softmax)));
  expect(text(gradient(g, loss, [z])[0] as Node)).toBe("3 exp(z[i] − logsumexp_j z[j]) − 1");
});

test("the mean of exponentials keeps its size", () => {
  const n = namedSize("n");
  const r = G.input(g, "r", "data", [n]);
  const mean = G.einsum(g, [exp(r), G.map(g, "power", G.sizeNode(g, n), G.constant(g, -1))], [[0], []], []);
  expect(text(log(mean))).toBe("logsumexp_i (r[i] − log(n))");
});

test("a logarithm is split into factors only where each is positive", () => {
  expect(text(log(G.multiply(g, x, exp(y))))).toBe("y + log(x)");
  expect(text(log(plus(one, G.multiply(g, x, exp(y)))))).toBe("log1p(x exp(y))");
  const square = G.map(g, "power", G.multiply(g, x, exp(y)), G.constant(g, 6));
  expect(text(log(square))).not.toContain("log(x)");
});

test("exponentials that do not cancel stay apart, so that they can be shared", () => {
  expect(text(G.multiply(g, exp(x), exp(y)))).toBe("exp(x) exp(y)");
  expect(text(G.multiply(g, exp(x), exp(x)))).toBe("exp(x) exp(x)");
  expect(text(G.multiply(g, exp(plus(x, y)), exp(minus(x))))).toBe("exp(y)");
});

describe("at ±1000", () => {
  test.for<[string, Node, number[], number[]]>([
    ["log(1 + eˣ)", log(plus(one, exp(x))), [0, 1000], [0, 1]],
    ["log(1 + e⁻ˣ)", log(plus(one, exp(minus(x)))), [1000, 0], [-1, 0]],
    ["1/(1 + e⁻ˣ)", over(one, plus(one, exp(minus(x)))), [0, 1], [0, 0]],
    ["eˣ/(1 + eˣ)", over(exp(x), plus(one, exp(x))), [0, 1], [0, 0]],
    ["log(eˣ + e⁻ˣ)", log(plus(exp(x), exp(minus(x)))), [1000, 1000], [-1, 1]],
    ["−log σ(x)", minus(log(G.map(g, "sigmoid", x))), [1000, 0], [-1, 0]],
  ])("%s", ([, node, values, slopes]) => {
    expect([value(node, -1000), value(node, 1000)]).toEqual(values);
    expect([value(slope(node), -1000) + 0, value(slope(node), 1000) + 0]).toEqual(slopes);
    expect([value(slope(slope(node)), -1000), value(slope(slope(node)), 1000)].map(Math.abs)).toEqual([0, 0]);
  });
});
