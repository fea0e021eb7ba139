/** Kernel matrices against their formulas written out pair by pair. */
import { describe, expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { gradient } from "../../compiler/derive/differentiate.ts";
import { createGraph, input, sumAll } from "../../compiler/ir/graph.ts";
import { namedSize, sizeOf } from "../../compiler/ir/size.ts";
import { lowerEvaluation } from "../../compiler/lower/evaluation.ts";
import { kernelMatrix } from "../../compiler/lower/kernels.ts";
import { parse } from "../../grammar/read.ts";
import { interpret, type Tensor } from "../support/interpret.ts";

type Vector = readonly number[];
const points: readonly Vector[] = [
  [0.3, -1.2],
  [1.5, 0.4],
  [-0.7, 0.9],
];
const centres: readonly Vector[] = [
  [0.3, -1.2],
  [0.1, 2],
  [0, 0],
  [-1, 0.25],
];

const dot = (x: Vector, c: Vector): number => x.reduce((sum, value, k) => sum + value * (c[k] as number), 0);
const distance = (x: Vector, c: Vector): number => Math.hypot(...x.map((value, k) => value - (c[k] as number)));

/** The arc-cosine recursion in angles, as it is usually written. */
function ntk(x: Vector, c: Vector, depth: number): number {
  const norms = Math.sqrt(dot(x, x) * dot(c, c));
  if (norms === 0) return 0;
  let [cosine, tangent] = [dot(x, c) / norms, dot(x, c)];
  for (let layer = 0; layer < depth; layer += 1) {
    const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
    cosine = (Math.sin(angle) + (Math.PI - angle) * Math.cos(angle)) / Math.PI;
    tangent = norms * cosine + (tangent * (Math.PI - angle)) / Math.PI;
  }
  return tangent;
}

const root3 = Math.sqrt(3);
const root5 = Math.sqrt(5);
const gaussian = (s: number) => (x: Vector, c: Vector) => Math.exp(-(distance(x, c) ** 2) / (2 * s * s));
const kernels: Readonly<Record<string, (x: Vector, c: Vector) => number>> = {
  "gaussian()": gaussian(1),
  "gaussian(bandwidth: 0.7)": gaussian(0.7),
  "laplace(bandwidth: 2)": (x, c) => Math.exp(-distance(x, c) / 2),
  "matern(bandwidth: 0.5, nu: 0.5)": (x, c) => Math.exp(-distance(x, c) / 0.5),
  "matern(bandwidth: 1.5)": (x, c) => {
    const r = (root3 * distance(x, c)) / 1.5;
    return (1 + r) * Math.exp(-r);
  },
  "matern(bandwidth: 1.5, nu: 2.5)": (x, c) => {
    const r = (root5 * distance(x, c)) / 1.5;
    return (1 + r + (r * r) / 3) * Math.exp(-r);
  },
  "polynomial(degree: 3, offset: 0.5, scale: 2)": (x, c) => (2 * dot(x, c) + 0.5) ** 3,
  "linear(offset: -0.25)": (x, c) => dot(x, c) - 0.25,
  "ntk(depth: 1)": (x, c) => ntk(x, c, 1),
  "ntk(depth: 3)": (x, c) => ntk(x, c, 3),
  "gaussian(bandwidth: 0.7) * (linear() + 2 * ntk(depth: 2))": (x, c) =>
    gaussian(0.7)(x, c) * (dot(x, c) + 2 * ntk(x, c, 2)),
};

const tensor = (rows: readonly Vector[]): Tensor => ({
  shape: [rows.length, 2],
  values: Float64Array.from(rows.flat()),
});
const sizes = new Map([
  ["rows", points.length],
  ["centres", centres.length],
]);

describe("kernel matrices", () => {
  it.each(Object.keys(kernels))("%s", (text) => {
    const { program, diagnostics } = parse(`function h: real[2] -> real in RKHS(${text})`, "test");
    expect(diagnostics).toEqual([]);
    const evaluation = lowerEvaluation(check(program).model as NonNullable<ReturnType<typeof check>["model"]>);
    const coefficients = [0.5, -1, 2, 0.25];
    const values = new Map<string, Tensor>([
      ["points to evaluate at", tensor(points)],
      ["points", tensor(centres)],
      ["coefficients", { shape: [4], values: Float64Array.from(coefficients) }],
    ]);
    const found = interpret(evaluation?.value as NonNullable<typeof evaluation>["value"], values, sizes);
    const k = kernels[text] as (x: Vector, c: Vector) => number;
    points.forEach((x, i) => {
      const wanted = centres.reduce((sum, c, j) => sum + (coefficients[j] as number) * k(x, c), 0);
      expect(found.values[i]).toBeCloseTo(wanted, 12);
    });
  });

  it.each(["laplace", "matern", "gaussian", "ntk"])("of %s have finite derivatives where points coincide", (name) => {
    const g = createGraph();
    const x = input(g, "x", "data", [namedSize("rows"), sizeOf(2)]);
    const kernel = { kind: "base", name, parameters: new Map(), span: { file: "", start: 0, end: 0 } } as const;
    const matrix = kernelMatrix(g, kernel, () => x, [x], [x]);
    const slope = interpret(
      gradient(g, sumAll(g, matrix), [x])[0] as typeof x,
      new Map([["x", tensor(points)]]),
      sizes,
    );
    expect(slope.values.every(Number.isFinite)).toBe(true);
  });
});
