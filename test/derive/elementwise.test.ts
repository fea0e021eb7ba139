import { derivative, evaluate } from "mathjs";
import { describe, expect, test } from "vitest";
import { gradient } from "../../compiler/derive/differentiate.ts";
import * as G from "../../compiler/ir/graph.ts";
import { type MapFunction, mapArity, type Node } from "../../compiler/ir/node.ts";
import { applyScalar } from "../../compiler/ir/scalar.ts";
import { interpret } from "../support/interpret.ts";

/** Each function in words that mathjs knows; `undefined` where there is no formula to differentiate: flat or piecewise. */
const formulas: { readonly [F in MapFunction]: string | undefined } = {
  exp: "exp(x)",
  log: "log(x)",
  log1p: "log(1 + x)",
  expm1: "exp(x) - 1",
  sqrt: "sqrt(x)",
  abs: "sqrt(x^2)",
  sign: undefined,
  sin: "sin(x)",
  cos: "cos(x)",
  tan: "tan(x)",
  acos: undefined,
  tanh: "tanh(x)",
  sigmoid: "1 / (1 + exp(-x))",
  softplus: "log(1 + exp(x))",
  relu: "(x + abs(x)) / 2",
  erf: undefined,
  logcosh: "log(cosh(x))",
  huber: "(x^2 - ((abs(x) - 1 + abs(abs(x) - 1)) / 2)^2) / 2",
  stop: undefined,
  not: undefined,
  power: "x^y",
  maximum: "(x + y + sqrt((x - y)^2)) / 2",
  minimum: "(x + y - sqrt((x - y)^2)) / 2",
  equal: undefined,
  less: undefined,
  less_equal: undefined,
  and: undefined,
  or: undefined,
  select: undefined,
};

const points = [
  { x: 0.3, y: 1.7 },
  { x: 1.9, y: -0.6 },
  { x: 0.85, y: 2.5 },
];

const partial = (fn: MapFunction, name: string): ((at: { x: number; y: number }) => number) => {
  const g = G.createGraph();
  const operands = ["x", "y", "z"].slice(0, mapArity[fn]).map((own) => G.input(g, own, "lower", []));
  const f = G.map(g, fn, ...operands);
  const slope = gradient(g, f, [g.inputs.get(name) as Node])[0] as Node;
  return (at) =>
    interpret(
      slope,
      new Map(Object.entries(at).map(([own, value]) => [own, { shape: [], values: Float64Array.of(value) }])),
    ).values[0] as number;
};

const cases = (Object.keys(formulas) as MapFunction[]).flatMap((fn) =>
  ["x", "y"].slice(0, mapArity[fn]).map((name) => ({ fn, name, formula: formulas[fn] })),
);

describe("partial derivatives agree with mathjs", () => {
  test.for(cases.flatMap(({ fn, name, formula }) => (formula === undefined ? [] : [{ fn, name, formula }])))(
    "$fn in $name",
    ({ fn, name, formula }) => {
      const expected = derivative(formula, name, { simplify: false });
      const slope = partial(fn, name);
      for (const at of points) expect(slope(at)).toBeCloseTo(expected.evaluate({ ...at }) as number, 12);
    },
  );

  test("erf, by the slope of the integral it is", () => {
    const slope = partial("erf", "x");
    for (const { x } of points)
      expect(slope({ x, y: 0 })).toBeCloseTo(evaluate("2 / sqrt(pi) * exp(-x^2)", { x }) as number, 12);
    for (const at of [-7, -3, -0.3, 0, 1e-9, 1, 2.4, 2.6, 5]) {
      expect(applyScalar("erf", [at])).toBeCloseTo(evaluate("erf(x)", { x: at }) as number, 14);
    }
  });

  test("acos, within its domain", () => {
    const slope = partial("acos", "x");
    for (const at of [-0.9, -0.3, 0, 0.5, 0.99])
      expect(slope({ x: at, y: 0 })).toBeCloseTo(-1 / Math.sqrt(1 - at * at), 12);
  });

  test("functions that are flat have the constant zero", () => {
    for (const fn of ["sign", "stop", "not", "equal", "less", "less_equal", "and", "or"] as const) {
      expect(partial(fn, "x")({ x: 0.4, y: 1.2 })).toBe(0);
    }
  });

  test("a constant whole power is differentiated at and below zero", () => {
    const g = G.createGraph();
    const x = G.input(g, "x", "lower", []);
    const slope = (p: number, at: number) => {
      const f = G.map(g, "power", x, G.constant(g, p));
      return interpret(gradient(g, f, [x])[0] as Node, new Map([["x", { shape: [], values: Float64Array.of(at) }]]))
        .values[0];
    };
    expect([slope(0, 0), slope(1, 0), slope(2, 0), slope(3, -2), slope(-1, -2)]).toEqual([0, 1, 0, 12, -0.25]);
  });
});
