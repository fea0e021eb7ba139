/** Methods that prescribe their solvers: HOAG, SHINE, block Gauss-Seidel; and the estimates of the adjoint. */
import { describe, expect, it } from "vitest";
import { hoag } from "../../runtime/method/hoag.ts";
import { runToEnd } from "../../runtime/solve/types.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import { prepared, refusals, word } from "../support/problems.ts";

type Given = Readonly<Record<string, number>>;
const asked = (...entries: readonly (readonly [key: string, value: string, given?: Given])[]) => ({
  options: new Map(entries.map(([key, value, given]) => [key, word(value, given)] as const)),
});

const rows = [
  [1, 0.2, -0.4],
  [0.3, -1, 0.5],
  [-0.6, 0.8, 1.1],
  [0.9, 1.2, 0.1],
  [-1.3, 0.4, 0.7],
];
const data = `
  let A = [${rows.map((row) => `[${row.join(", ")}]`).join(", ")}]
  let b = [1, -0.5, 0.3, 2, -1]`;

/** A strongly convex, non-quadratic lower level of 3 numbers with 3 penalties. */
const smooth = `${data}
  var w: real[3] init -1
  var y: real[3]
  minimize sumsq(A @ y - b) + 0.1 * sumsq(w + 1) over w
  where y minimizes sum(logcosh(A @ y - b)) + sum(exp(w) * y^2)`;

/** H = 2 (AᵀA + exp(w) I), which is quadratic. */
const ridge = smooth.replace("sum(logcosh(A @ y - b))", "sumsq(A @ y - b)");

const fixedPoint = `${data}
  var w: real[3] init 0.2
  var z: real[5]
  minimize sumsq(z - b) over w
  where z solves z = tanh(0.4 * A @ (A' @ z * w) + b)`;

describe("HOAG", () => {
  it("ends where exact gradients end, whatever its tolerances' way down", async () => {
    const exact = await (await prepared(smooth)).solve();
    const schedules: readonly Given[] = [{}, { power: 2 }, { power: 3 }, { first: 0.1, decrease: 0.8 }];
    for (const given of schedules) {
      const result = await (await prepared(smooth, asked(["method", "hoag", given]))).solve();
      expect(result.method).toBe("hoag");
      expect(result.value).toBeCloseTo(exact.value, 9);
      expect(result.upper.w).toEqual((exact.upper.w as number[]).map((entry) => expect.closeTo(entry, 3)));
      const tolerances = result.trace.map(({ inner_residual }) => inner_residual);
      const { first = 1e-3, decrease = 0.9, power } = given;
      const bound = (t: number): number => (power === undefined ? first * decrease ** t : first / (t + 1) ** power);
      expect(tolerances.slice(0, 20).every((residual, t) => residual <= bound(t))).toBe(true);
      expect(Math.max(...tolerances.slice(0, 3))).toBeGreaterThan(1e-9);
    }
  });

  it("takes each step once: x − p / L, and L follows the paper's three cases", () => {
    const engine = createPlainEngine();
    const x = engine.allocate(1);
    engine.write(x, [2]);
    const points: number[] = [];
    // f = x²: p = 2x.
    const machine = hoag(
      engine,
      (at, gradient, within) => {
        const here = engine.read(at)[0] as number;
        points.push(here);
        engine.write(gradient, [2 * here]);
        expect(within).toBeCloseTo(1e-3 * 0.9 ** (points.length - 1), 15);
        return { ok: true, value: here ** 2 };
      },
      x,
      { tolerance: 1e-9, maxIterations: 3, first: 1e-3, decrease: 0.9, rate: 0.9 },
    );
    expect(runToEnd(machine).status).toBe("max_iterations");
    // 2 → 2 − 0.9 · 4 = −1.6: f falls from 4 to 2.56, less than L/2 Δ² = 7.2, so that L stays; likewise the next step.
    expect(points.map((p) => Number(p.toFixed(10)))).toEqual([2, -1.6, 1.28, -1.024]);
  });

  it("keeps to sets, and refuses constraints and another outer solver", async () => {
    const inBox = await prepared(
      smooth.replace("real[3] init -1", "real[3] in box(-1.2, -0.8) init -1"),
      asked(["method", "hoag"]),
    );
    const result = await inBox.solve();
    for (const entry of result.upper.w as number[]) expect(Math.abs(entry + 1)).toBeLessThanOrEqual(0.2 + 1e-12);
    const reference = await (
      await prepared(smooth.replace("real[3] init -1", "real[3] in box(-1.2, -0.8) init -1"))
    ).solve();
    expect(result.value).toBeCloseTo(reference.value, 9);
    const [other] = await refusals(smooth, asked(["method", "hoag"], ["outer", "lbfgs"]));
    expect(other?.message).toContain("outer: lbfgs is not for method: hoag");
  });
});

/** The adjoint's residual and how far the gradient is from the exact one, relative to its largest entry. */
async function off(source: string, options: ReturnType<typeof asked>) {
  const exact = (await prepared(source)).gradient().gradient.w as number[];
  const { gradient, residuals, warnings, complete } = (await prepared(source, options)).gradient();
  const scale = Math.max(...exact.map(Math.abs));
  const error = Math.max(...(gradient.w as number[]).map((entry, i) => Math.abs(entry - (exact[i] as number)))) / scale;
  return { error, residual: residuals.adjoint, codes: warnings.map(({ code }) => code), complete };
}

describe("SHINE", () => {
  it("says how far its adjoint is off, and comes nearer by awareness and refinement", async () => {
    const plain = await off(smooth, asked(["method", "shine"]));
    expect(plain.error).toBeLessThan(0.5);
    expect(plain).toMatchObject({ codes: ["approximate-gradient"], complete: true });
    const aware = await off(smooth, asked(["method", "shine", { opa: 1 }]));
    expect(aware.residual).toBeLessThan(plain.residual / 10);
    expect(aware.error).toBeLessThan(1e-4);
    // Three steps of conjugate gradients solve a system of three.
    const refined = await off(smooth, asked(["method", "shine", { refine: 3 }]));
    expect(refined.error).toBeLessThan(1e-8);
    expect(await off(smooth, asked(["inner", "lbfgs"], ["adjoint", "shared"]))).toEqual(
      expect.objectContaining({ codes: ["approximate-gradient"] }),
    );
  });

  it("shares the multisecant matrix of a fixed point, and falls back to the Jacobian-free adjoint", async () => {
    const shared = await off(fixedPoint, asked(["method", "shine", { fallback: 100 }]));
    const free = await off(fixedPoint, asked(["adjoint", "identity"]));
    expect(shared.residual).toBeLessThan(free.residual / 5);
    const fallen = await off(fixedPoint, asked(["method", "shine", { fallback: 1e-9 }]));
    expect(fallen.error).toBeCloseTo(free.error, 9);
    expect(fallen.residual).toBeCloseTo(free.residual, 9);
    const refined = await off(fixedPoint, asked(["method", "shine", { refine: 5, fallback: 100 }]));
    expect(refined.error).toBeLessThan(1e-8);
  });

  it("refuses inner solvers that learn nothing, and problems without such a solver", async () => {
    expect((await refusals(smooth, asked(["inner", "newton"], ["adjoint", "shared"])))[0]?.message).toContain(
      "keeps none",
    );
    const kinked = smooth.replace("sum(exp(w) * y^2)", "sum(exp(w) * abs(y))");
    expect((await refusals(kinked, asked(["method", "shine"])))[0]?.message).toContain("method: shine");
  });
});

describe("the adjoint's estimates", () => {
  it("by Neumann's series are off by (1 − ρμ)^(K+1) along each eigenvector, and say so", async () => {
    const source = "var w: real\nvar y: real\nminimize 3 * y over w\nwhere y minimizes 0.5 * 2 * y^2 - w * y";
    for (const [terms, rate] of [
      [0, 0.3],
      [4, 0.3],
      [9, 0.1],
    ] as const) {
      if (terms === 0) continue;
      const problem = await prepared(source, asked(["adjoint", "neumann", { terms, rate }]));
      const { gradient, residuals, warnings } = problem.gradient();
      const factor = (1 - 2 * rate) ** (terms + 1);
      expect(gradient.w).toBeCloseTo(1.5 * (1 - factor), 12);
      expect(residuals.adjoint).toBeCloseTo(Math.abs(factor), 12);
      expect(warnings.map(({ code }) => code)).toEqual(["approximate-gradient"]);
    }
    const diverging = await prepared(source, asked(["adjoint", "neumann", { terms: 5, rate: 2 }]));
    expect(diverging.gradient().complete).toBe(false);
  });

  it.each(["cg", "cholesky", "lu", "minres", "gmres", "bicgstab", "lbfgs", "gd"])(
    "%s solves the system",
    async (solver) => {
      const { error, codes } = await off(smooth, asked(["adjoint", solver]));
      expect(error).toBeLessThan(1e-8);
      expect(codes).toEqual([]);
    },
  );
});

describe("block Gauss-Seidel", () => {
  it("ends where exact gradients end, by a few steps on each level", async () => {
    const exact = await (await prepared(ridge)).solve();
    const sweeps: readonly Given[] = [{}, { outer_rate: 0.5 }, { inner_steps: 5, adjoint_steps: 5 }];
    for (const given of sweeps) {
      const result = await (await prepared(ridge, asked(["method", "bgs", given]))).solve();
      expect(result.value).toBeCloseTo(exact.value, 5);
    }
    const kinked = smooth.replace("sum(exp(w) * y^2)", "sum(exp(w) * abs(y))");
    expect((await refusals(kinked, asked(["method", "bgs"])))[0]?.message).toContain("method: bgs");
  });
});
