/** Functions in an RKHS at scale: without the kernel matrix, and in the span of some of the points. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PrepareOptions } from "../../runtime/api.ts";
import { predictor } from "../../runtime/predict.ts";
import type { Weights } from "../../runtime/types.ts";
import { prepared, refusals, word } from "../support/problems.ts";

const span = { file: "test", start: 0, end: 0 };
/** So little that arrays of more than 1250 numbers are computed in blocks. */
const small = { kind: "number", value: 2e-5, span } as const;
const blocks: PrepareOptions = { options: new Map([["memory", small]]) };

const tables = `data train: { x: real[60, 2], y: real[60] } = normal(seed: 1)
  data valid: { x: real[31, 2], y: real[31] } = normal(seed: 2) var s: real var rho: real init -2`;
const program = (kernel: string, loss: string, family = "") => `${tables}
  function h: real[2] -> real in RKHS(${kernel}) ${family}
  minimize E[valid]((h(x) - y)^2) + 0.1 * normsq(h) + 0.01 * s^2 over s, rho
  where h minimizes E[train](${loss}) + 0.5 * exp(rho) * normsq(h)`;

describe("a kernel matrix larger than memory", () => {
  it("is computed in blocks, with the answers of the exact way", async () => {
    const kernels = [
      "gaussian(bandwidth: exp(s))",
      "matern(bandwidth: exp(s)) + 0.3 * linear(offset: 1)",
      "exp(s) * ntk(depth: 1)",
    ];
    const losses = ["(h(x) - y)^2", "logcosh(h(x) - y)", "exp(h(x)) - y * h(x)"];
    const entry = fc.double({ min: -0.5, max: 0.5, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kernels),
        fc.constantFrom(...losses),
        entry,
        entry,
        async (kernel, loss, s, rho) => {
          const source = program(kernel, loss);
          const at = { s, rho: rho - 3 };
          const exact = (await prepared(source)).gradient(at);
          const problem = await prepared(source, blocks);
          expect(problem.plan.blocks[0]?.linear).toBe("cg");
          const inBlocks = problem.gradient(at);
          expect(inBlocks.value).toBeCloseTo(exact.value, 11);
          for (const name of ["s", "rho"])
            expect(inBlocks.gradient[name]).toBeCloseTo(exact.gradient[name] as number, 9);
          expect(Math.max(inBlocks.residuals.inner, inBlocks.residuals.adjoint)).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("of values with several components, and in the RKHS", async () => {
    const source = `data train: { x: real[50, 2], z: real[50, 2] } = normal(seed: 1) var a: real init 0.4 var rho: real
      function h: real[2] -> real[2] in RKHS(laplace(bandwidth: 2))
      minimize sumsq(h([0.3, -0.2]) - [1, 0]) over a, rho
      where h minimizes E[train](sumsq(h(x) - a * z)) + exp(rho) * normsq(h)`;
    const exact = (await prepared(source)).gradient();
    const options = new Map([...(blocks.options ?? []), ["method", word("kernel")] as const]);
    const others = [await prepared(source, blocks), await prepared(source, { options })];
    for (const problem of others)
      for (const name of ["a", "rho"])
        expect(problem.gradient().gradient[name]).toBeCloseTo(exact.gradient[name] as number, 10);
  });

  it("is refused where systems have no symmetric form, and no penalty may be negative", async () => {
    const codes = async (source: string): Promise<readonly string[]> =>
      (await refusals(source, blocks)).map(({ code }) => code);
    expect(await codes(program("gaussian()", "log(1 + (h(x) - y)^2)"))).toEqual(["kernel-too-large"]);
    const negative = program("gaussian()", "(h(x) - y)^2").replace("0.5 * exp(rho)", "rho");
    expect(await codes(negative)).toEqual(["not-strongly-convex"]);
  });
});

describe("arrays larger than memory", () => {
  it("are summed in blocks wherever they stand", async () => {
    const source = `data D: { X: real[60, 3] } = normal(seed: 3) var s: real init 0.3 var y: real
      minimize mean(logsumexp(D.X @ D.X' * exp(s), axis: 1)) + sum(tanh(D.X @ D.X' * s)) / 100 + y^2 over s
      where y minimizes (y - s)^2 * mean(max(D.X @ D.X', axis: 0))`;
    const [whole, parts] = [(await prepared(source)).gradient(), (await prepared(source, blocks)).gradient()];
    expect(parts.value).toBeCloseTo(whole.value, 12);
    expect(parts.gradient["s"]).toBeCloseTo(whole.gradient["s"] as number, 11);
  });
});

describe("the span of the kernel at some of the points", () => {
  it("has the least squares solution in closed form, at points of the table", async () => {
    const problem = await prepared(program("gaussian(bandwidth: exp(s))", "(h(x) - y)^2", "by nystrom(centres: 7)"));
    const at = { s: 0.2, rho: -1 };
    const { points, coefficients } = problem.gradient(at).lower["h"] as Weights;
    const z = points as readonly (readonly number[])[];
    const beta = coefficients as readonly number[];
    expect(z).toHaveLength(7);
    const whole = await prepared(program("gaussian(bandwidth: exp(s))", "(h(x) - y)^2"));
    const all = (whole.gradient(at).lower["h"] as Weights)["points"] as readonly (readonly number[])[];
    for (const point of z) expect(all).toContainEqual(point);
    // y is what the exact solution fits: y = K α + n ρ α / 2 with ρ = exp(−1)
    const alpha = (whole.gradient(at).lower["h"] as Weights)["coefficients"] as readonly number[];
    const k = (a: readonly number[], b: readonly number[]): number =>
      Math.exp(-a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0) / (2 * Math.exp(0.4)));
    const sum = (weights: readonly number[], at: readonly number[], of: typeof z): number =>
      weights.reduce((total, weight, j) => total + weight * k(at, of[j] as readonly number[]), 0);
    const ridge = (60 * Math.exp(-1)) / 2;
    const y = all.map((x, i) => sum(alpha, x, all) + ridge * (alpha[i] as number));
    // Cᵀ (C β − y) + n ρ/2 W β = 0
    for (const c of z) {
      const fit = all.reduce((total, x, i) => total + k(c, x) * (sum(beta, x, z) - (y[i] as number)), 0);
      expect(fit + ridge * sum(beta, c, z)).toBeCloseTo(0, 7);
    }
  });

  it("is differentiated, whatever the loss, the kernel's part included", async () => {
    const losses = ["(h(x) - y)^2", "logcosh(h(x) - y)", "abs(h(x) - y)", "max(0, 1 - y * h(x))"];
    for (const loss of losses) {
      const problem = await prepared(program("gaussian(bandwidth: exp(s))", loss, "by nystrom(centres: 9, seed: 4)"));
      expect(problem.gradcheck({ s: 0.3, rho: -1 }).worst).toBeLessThan(1e-6);
    }
  });

  it("holds the exact solution where it holds all points", async () => {
    const at = { s: -0.5, rho: -1 };
    const exact = (await prepared(program("laplace(bandwidth: exp(s))", "logcosh(h(x) - y)"))).gradient(at);
    const family = "by nystrom(centres: 60)";
    const full = (await prepared(program("laplace(bandwidth: exp(s))", "logcosh(h(x) - y)", family))).gradient(at);
    expect(full.value).toBeCloseTo(exact.value, 8);
    for (const name of ["s", "rho"]) expect(full.gradient[name]).toBeCloseTo(exact.gradient[name] as number, 7);
  });

  it("is said in the result, which predicts", async () => {
    const source = `${program("gaussian(bandwidth: 2)", "(h(x) - y)^2", "by nystrom(centres: 9)")}
      report there = h([0.1, 0.2])`;
    const result = await (await prepared(source)).solve();
    expect(result.functions?.["h"]?.declaration).toBe(
      "function h: real[2] -> real in RKHS(gaussian(bandwidth: 2)) by nystrom(centres: 9)",
    );
    const predict = await predictor(JSON.parse(JSON.stringify(result)));
    expect(predict([[0.1, 0.2]])).toEqual([expect.closeTo(result.reports["there"] as number, 9)]);
  });

  it("is the only family there is, and none of the adjoint", async () => {
    const codes = async (family: string): Promise<readonly string[]> =>
      (await refusals(program("gaussian()", "(h(x) - y)^2", family))).map(({ code }) => code);
    expect(await codes("by mlp()")).toEqual(["bad-family"]);
    expect(await codes("by nystrom() adjoint by linear()")).toEqual(["bad-family"]);
  });
});
