import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { matrixText, prepared } from "../support/problems.ts";

const number = fc.double({ min: -1, max: 1, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const vector = (n: number) => fc.array(number, { minLength: n, maxLength: n });

describe("constraints of the upper problem", () => {
  it("hold at the projection that they describe", async () => {
    // ‖w − p‖² over the half-space a·w ≤ b: p − max(a·p − b, 0) a / ‖a‖², with the multiplier 2 max(a·p − b, 0) / ‖a‖².
    await fc.assert(
      fc.asyncProperty(vector(3), vector(3), number, async (p, a, b) => {
        const size = a.reduce((sum, x) => sum + x * x, 0);
        fc.pre(size > 0.1);
        const problem = await prepared(`
          let p = [${p.join(", ")}]
          var w: real[3]
          var y: real[3]
          minimize sumsq(y - p) over w subject to [${a.join(", ")}] @ y <= ${b}
          where y minimizes sumsq(y - w)`);
        const { status, upper, constraints } = await problem.solve();
        const excess = Math.max(0, a.reduce((sum, x, i) => sum + x * (p[i] as number), 0) - b) / size;
        expect(status).toBe("converged");
        (upper.w as number[]).forEach((x, i) => {
          expect(x).toBeCloseTo((p[i] as number) - excess * (a[i] as number), 8);
        });
        expect(constraints?.[0]?.multiplier).toBeCloseTo(2 * excess, 7);
      }),
      { numRuns: 15 },
    );
  });

  it("solve a quadratic program with equalities, and with a set beside them", async () => {
    const problem = await prepared(`
      let Q = ${matrixText([
        [2, 0.5],
        [0.5, 1],
      ])}
      var w: real[2] in nonnegative
      var y: real[2]
      maximize sum(y) - 0.5 * y @ Q @ y over w subject to y[0] + 2 * y[1] == 1
      where y minimizes sumsq(y - 2 * w)`);
    const { upper, constraints } = await problem.solve();
    // y₀ = 1 − 2 y₁ turns the objective into 1 − y₁ − (1 − 2y₁)² − (1 − 2y₁) y₁ / 2 − y₁²/2, best at y₁ = 5/14.
    const best = 2.5 / 7;
    expect((upper.w as number[])[1]).toBeCloseTo(best / 2, 7);
    expect((upper.w as number[])[0]).toBeCloseTo((1 - 2 * best) / 2, 7);
    expect(Math.abs(constraints?.[0]?.value as number)).toBeLessThan(1e-9);
  });

  it("leave the gradient that of the objective alone, and say where they stand", async () => {
    const problem = await prepared(`
      var w: real init 2
      var y: real
      minimize y^2 over w subject to y <= [1, 3]
      where y minimizes (y - w)^2`);
    const { gradient, constraints } = problem.gradient();
    expect(gradient.w).toBeCloseTo(4, 12);
    expect(constraints).toEqual([{ value: [1, -1] }]);
    await problem.solve();
    expect(problem.gradient({ w: 2 }).gradient.w).toBeCloseTo(4, 12);
  });

  it("are refused where no point satisfies them", async () => {
    const problem = await prepared(`
      var w: real[2]
      var y: real[2]
      minimize sum(y) over w subject to sumsq(y) <= 1, sum(w) == 3
      where y minimizes sumsq(y - w)`);
    const refused = await problem.solve().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BilevelError);
    expect((refused as BilevelError).diagnostics[0]?.code).toBe("infeasible-upper-level");
  });
});
