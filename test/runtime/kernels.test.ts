/** Functions in an RKHS: closed forms, differences of the problem solved again, both ways of differentiation, prediction. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { predictor } from "../../runtime/predict.ts";
import type { NestedArray, Weights } from "../../runtime/types.ts";
import { prepared, refusals, word } from "../support/problems.ts";

const table = (name: string, rows: number, seed: number): string =>
  `data ${name}: { x: real[${rows}, 2], y: real[${rows}] } = normal(seed: ${seed})`;
const both = `${table("train", 15, 1)} ${table("valid", 9, 2)} var s: real`;
const kernel = { options: new Map([["method", word("kernel")]]) };

const kernels = [
  "gaussian(bandwidth: exp(s))",
  "laplace(bandwidth: exp(s))",
  "matern(bandwidth: exp(s), nu: 2.5)",
  "exp(s) * ntk(depth: 2)",
  "polynomial(degree: 2, offset: exp(s), scale: 0.5)",
  "gaussian(bandwidth: 2) + exp(s) * linear(offset: 1)",
];
const losses = ["(h(x) - y)^2", "logcosh(h(x) - y)", "softplus(h(x)) - sigmoid(y) * h(x)"];

describe("functions in an RKHS", () => {
  it("give the gradient of the problem solved again", async () => {
    const entry = fc.double({ min: -0.7, max: 0.7, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kernels),
        fc.constantFrom(...losses),
        entry,
        entry,
        async (k, loss, s, rho) => {
          const problem = await prepared(`${both} var rho: real
            function h: real[2] -> real in RKHS(${k})
            minimize E[valid]((h(x) - y)^2) + 0.1 * normsq(h) over s, rho
            where h minimizes E[train](${loss}) + 0.5 * exp(rho - 2) * normsq(h)`);
          const { worst, residuals } = problem.gradcheck({ s, rho });
          expect(worst).toBeLessThan(1e-7);
          expect(Math.max(residuals.inner, residuals.adjoint)).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("are points and coefficients: kernel ridge regression in closed form", async () => {
    const problem = await prepared(`data train: { x: real[2, 1], y: real[2] } = linspace(0, 1)
      var rho: real
      function h: real[1] -> real in RKHS(linear(offset: 1))
      minimize normsq(h) over rho
      where h minimizes sum[train]((h(x) - y)^2) + exp(rho) * normsq(h)`);
    const { value, lower } = problem.gradient({ rho: 0.4 });
    const { points, coefficients } = lower["h"] as Weights;
    expect(points).toEqual([[0], [1]]);
    // (K + λ I) α = y with K = [1 1; 1 2], y = (0, 1)
    const lambda = Math.exp(0.4);
    const determinant = (1 + lambda) * (2 + lambda) - 1;
    const [a, b] = [-1 / determinant, (1 + lambda) / determinant];
    expect((coefficients as readonly number[])[0]).toBeCloseTo(a, 12);
    expect((coefficients as readonly number[])[1]).toBeCloseTo(b, 12);
    expect(value).toBeCloseTo(a * a + 2 * a * b + 2 * b * b, 12);
  });

  it("are differentiated through the coefficients and in the RKHS with the same result", async () => {
    const source = `${both} var rho: real
      function h: real[2] -> real in RKHS(gaussian(bandwidth: 1.5))
      function q: real[2] -> real in RKHS(linear(offset: 1))
      minimize E[valid](logcosh(h(x) + q(x) - y)) + 0.1 * normsq(h) over s, rho
      where h, q minimizes E[train](logcosh(h(x) + q(x) - exp(s) * y)) + exp(rho) * normsq(h) + 0.3 * normsq(q)`;
    const through = await prepared(source);
    const inSpace = await prepared(source, kernel);
    const at = { s: 0.2, rho: -1.5 };
    const [a, b] = [through.gradient(at), inSpace.gradient(at)];
    expect([a.method, b.method]).toEqual(["aid", "kernel"]);
    for (const name of ["s", "rho"]) expect(b.gradient[name]).toBeCloseTo(a.gradient[name] as number, 11);
    expect(b.residuals.adjoint).toBeLessThan(1e-11);
    const { estimators, passed } = through.gradcheck(at);
    expect(estimators.map(({ name }) => name)).toContain("differentiation in the RKHS, then discretised");
    expect(passed).toBe(true);
  });

  it("have no derivative in a space that moves, nor one without a penalty", async () => {
    const moving = `${both} var rho: real
      function h: real[2] -> real in RKHS(gaussian(bandwidth: exp(s)))
      minimize E[valid]((h(x) - y)^2) over s, rho
      where h minimizes E[train]((h(x) - y)^2) + exp(rho) * normsq(h)`;
    const found = await refusals(moving, kernel);
    expect(found.map(({ code }) => code)).toEqual(["solver-unavailable"]);
    expect((await prepared(moving)).gradcheck().estimators).toHaveLength(1);
    const free = await refusals(moving.replace("+ exp(rho) * normsq(h)", "+ 0 * exp(rho)"));
    expect(free.map(({ code }) => code)).toEqual(["not-strongly-convex"]);
    const negative = await refusals(moving.replace("+ exp(rho) * normsq(h)", "+ (rho - 1) * normsq(h)"));
    expect(negative.map(({ code }) => code)).toEqual(["not-strongly-convex"]);
  });

  it("keep what depends on the upper variables alone, and evaluate it anew where they move", async () => {
    const problem = await prepared(`${table("train", 260, 1)} ${table("valid", 9, 2)} var s: real var rho: real
      function h: real[2] -> real in RKHS(gaussian(bandwidth: exp(s)))
      minimize E[valid]((h(x) - y)^2) over s, rho
      where h minimizes E[train](logcosh(h(x) - y)) + 0.5 * exp(rho) * normsq(h)`);
    const at = { s: 0.5, rho: -1 };
    const first = problem.gradient(at);
    problem.gradient({ s: -0.5, rho: 0 });
    const again = problem.gradient(at);
    expect(again.value).toBeCloseTo(first.value, 13);
    expect(again.gradient["s"]).toBeCloseTo(first.gradient["s"] as number, 12);
    expect(problem.gradcheck(at).passed).toBe(true);
  });
});

describe("predictions", () => {
  it("of a function in an RKHS are what reports say", async () => {
    const problem = await prepared(`${both}
      function h: real[2] -> real[2] in RKHS(gaussian(bandwidth: exp(s)) + 0.5 * linear(offset: -0.25))
      minimize E[valid](sumsq(h(x) - concat(x[0:1], x[1:2]))) over s
      where h minimizes E[train](sumsq(h(x) - x)) + 0.1 * normsq(h)
      report fitted = h(valid.x)
      report at = valid.x
      solve { steps: 3 }`);
    const result = await problem.solve();
    expect(Object.keys(result.functions ?? {})).toEqual(["h"]);
    const h = await predictor(JSON.parse(JSON.stringify(result)), "h");
    expect(flat(h(result.reports["at"] as readonly (readonly number[])[]))).toEqual(
      flat(result.reports["fitted"] as NestedArray).map((value) => expect.closeTo(value, 12)),
    );
  });

  it("of networks, of functions in L2 and at weights of their own", async () => {
    const problem = await prepared(`${table("train", 15, 1)} var w: weights(f)
      network f: real[2] -> real = mlp(hidden: [4], activation: tanh, seed: 3)
      function g: real[2] -> real[2] in L2(train) by linear()
      minimize E[train]((f(x; w) - y)^2) + E[train](sumsq(g(x))) over w
      where g minimizes E[train](sumsq(g(x) - f(x; w) * x))
      report f_at = f(train.x; w)
      report g_at = g(train.x)
      report at = train.x
      solve { steps: 2 }`);
    const result = await problem.solve();
    const at = result.reports["at"] as readonly (readonly number[])[];
    for (const [name, report] of [
      ["w", "f_at"],
      ["g", "g_at"],
    ] as const) {
      const values = (await predictor(result, name))(at);
      expect(flat(values)).toEqual(
        flat(result.reports[report] as NestedArray).map((value) => expect.closeTo(value, 12)),
      );
    }
    await expect(predictor(result)).rejects.toThrow(/several functions: (w, g|g, w)/);
    await expect(predictor(result, "q")).rejects.toThrow("no function q");
    const w = await predictor(result, "w");
    expect(() => w([[1, 2, 3]])).toThrow("takes 2 numbers a point, not 3");
  });
});

const flat = (value: NestedArray): readonly number[] => (typeof value === "number" ? [value] : value.flatMap(flat));
