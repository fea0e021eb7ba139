import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prepared, refusals } from "../support/problems.ts";

const number = fc.double({ min: -2, max: 2, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);

const objectives = {
  "a hinge": "mean(hinge_loss(A @ y - s, sign(b)))",
  "absolute deviations": "mean(abs(A @ y - b * s))",
  "a pinball": "mean(pinball(A @ y, b * s, tau: 0.3))",
  "the largest of several": "max(A @ y - b * s)",
  "two centres, and a bound": "exp(w) * sum(abs(y - 0.5)) + sum(abs(y + s))",
  "a concave part from below": "-mean(min(A @ y - s, b))",
  "a squared hinge": "mean(max(0, 1 - (A @ y - s) * b)^2)",
} as const;

describe("kinks of affine functions", () => {
  for (const [name, objective] of Object.entries(objectives)) {
    it(`have the derivative of ${name}`, async () => {
      let smooth = 0;
      // Without s, all pieces meet in one point, which determines no multipliers.
      const data = fc.record({ seed: fc.nat(10_000), w: number, s: fc.double({ min: 0.3, max: 2, noNaN: true }) });
      await fc.assert(
        fc.asyncProperty(data, async ({ seed, w, s }) => {
          const problem = await prepared(`
            let A = normal(6, 3, seed: ${2 * seed})
            let b = normal(6, seed: ${2 * seed + 1})
            var w: real
            var s: real
            var y: real[3]
            minimize sum(sin(y + 0.3)) + y[2] * s over w, s
            where y minimizes ${objective} + exp(w) * 0.3 * sumsq(y - 0.4)`);
          const check = problem.gradcheck({ w, s });
          expect(check.residuals.inner).toBeLessThan(1e-10);
          if (check.warnings.length > 0) return;
          if (check.worst < 1e-5) {
            smooth += 1;
            return;
          }
          // A face that changes within the differences' step shows in the gradient as a jump.
          const [here, moved] = [problem.gradient({ w, s }), problem.gradient({ w: w + 2e-3, s: s + 2e-3 })];
          const jump = ["w", "s"].map((k) => Math.abs((here.gradient[k] as number) - (moved.gradient[k] as number)));
          expect(Math.max(...jump), JSON.stringify(check.rows)).toBeGreaterThan(1e-3);
        }),
        { numRuns: 8, seed: 3 },
      );
      expect(smooth).toBeGreaterThan(4);
    }, 60_000);
  }

  it("agree with closed forms: the median, and a hinge at its margin", async () => {
    const median = await prepared(`
      var w: real init 3
      var y: real
      minimize y^2 over w
      where y minimizes abs(y - 1) + abs(y - w) + abs(y - 10)`);
    const { lower, gradient, warnings } = median.gradient();
    expect(lower.y).toBeCloseTo(3, 12);
    expect(gradient.w).toBeCloseTo(6, 12);
    expect(warnings).toEqual([]);
    // 0.5 y² + c max(0, 1 − y): y = c below the margin, 1 on it.
    const margin = await prepared(`
      var c: real
      var y: real
      minimize y over c
      where y minimizes 0.5 * y^2 + c * max(0, 1 - y)`);
    expect(margin.gradient({ c: 0.5 }).gradient.c).toBeCloseTo(1, 10);
    expect(margin.gradient({ c: 2 }).gradient.c).toBeCloseTo(0, 10);
    expect(margin.gradient({ c: 1 }).warnings.map((d) => d.code)).toEqual(["at-a-kink"]);
  });

  it("stand beside constraints and sets", async () => {
    const problem = await prepared(`
      let A = [[1, 2], [-1, 0.5], [0.3, -1]]
      var w: real init 0.2
      var y: real[2] in nonnegative
      minimize sumsq(y - 1) over w
      where y minimizes sum(abs(A @ y - w)) + 0.1 * sumsq(y) subject to sum(y) <= 0.5`);
    expect(problem.gradcheck().worst).toBeLessThan(1e-6);
  });

  it("are refused where they are peaks, or inside each other", async () => {
    const solved = (objective: string) =>
      refusals(`var w: real\nvar y: real\nminimize y over w\nwhere y minimizes ${objective} + exp(w) * y^2`);
    for (const objective of [
      "clip(2 * y - 1, 0, 1)",
      "abs(y + abs(y - 1))",
      "(max(y - 1, 0) - 1)^2",
      "max(0, 1 - abs(y))",
    ])
      expect((await solved(objective))[0]?.code, objective).toBe("non-smooth-lower-level");
    expect((await solved("-abs(3 * y - 1) - abs(y - 2)"))[0]?.severity).toBe("refusal");
  });
});
