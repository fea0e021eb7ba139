import { describe, expect, it } from "vitest";
import { prepared } from "../support/problems.ts";

const declared = `
  let A = [[1, 0.2, -0.5], [0.3, 2, 0.1], [-0.7, 0.4, 1.5], [0.2, 0.9, 0.3]]
  let b = [1, -0.5, 0.3, 2]
  var w: real[3] init 0.4
  var y: real[4]`;
const saddle = "sum(logcosh(A @ w - b + y)) + 0.1 * sumsq(w) - sumsq(y) + 0.2 * sum(sin(w)) * y[0]";

/** Upper objective, lower clause. */
const shapes: Readonly<Record<string, readonly [upper: string, lower: string]>> = {
  "min-max": [`minimize ${saddle}`, `maximizes ${saddle}`],
  "max-min": [`maximize -(${saddle})`, `minimizes -(${saddle})`],
  "terms free of the unknown on either side": [`minimize ${saddle} + sum(w^3)`, `maximizes ${saddle} - exp(w[1])`],
  "a sign": ["minimize 3 - sumsq(y - A @ w)", "minimizes sumsq(y - A @ w) + 2 * sumsq(w)"],
  "a multiple": [`minimize 4 * (${saddle}) + w[0]`, `maximizes 2 * (${saddle})`],
  "means for sums": ["minimize mean((y - A @ w)^2) + mean(y^2)", "minimizes sumsq(y - A @ w) + sumsq(y) + sum(w)"],
  "a worst case with its price": [
    "minimize sumsq(A @ w - b + y) - 3 * sumsq(y) + sumsq(w)",
    "maximizes sumsq(A @ w - b + y) - 3 * sumsq(y)",
  ],
  "a value function": [
    "maximize sum(exp(0.3 * y)) + y @ A @ w + sumsq(y)",
    "minimizes sum(exp(0.3 * y)) + y @ A @ w + sumsq(y)",
  ],
};

describe("where the upper objective is a multiple of the lower one", () => {
  it.each(Object.entries(shapes))("no adjoint is solved: %s", async (_, [upper, lower]) => {
    const problem = await prepared(`${declared}\n${upper} over w where y ${lower}`);
    expect(problem.plan.blocks.map(({ adjoint }) => adjoint.solver)).toEqual(["none"]);
    const check = problem.gradcheck();
    expect(check.worst).toBeLessThan(1e-8);
    expect(check.passed).toBe(true);
  });

  it("an adjoint is solved where it is not", async () => {
    for (const upper of ["sumsq(y - A @ w) + y[0]", "sumsq(y - A @ w) + 0.5 * sumsq(y)", "exp(w[0]) * y[1]"]) {
      const problem = await prepared(
        `${declared}\nminimize ${upper} over w where y minimizes sumsq(y - A @ w) + sumsq(y)`,
      );
      expect(problem.plan.blocks[0]?.adjoint.solver).not.toBe("none");
      expect(problem.gradcheck().worst).toBeLessThan(1e-8);
    }
  });

  it("a minimax run ends at the saddle point", async () => {
    // min over w, max over y of w² + 2 w y − y² + w: y = w, so 2 w² + w.
    const problem = await prepared(`
      var w: real init 1
      var y: real
      minimize w^2 + 2 * w * y - y^2 + w over w
      where y maximizes w^2 + 2 * w * y - y^2 + w`);
    const { upper, lower, value } = await problem.solve();
    expect(upper.w).toBeCloseTo(-0.25, 9);
    expect(lower.y).toBeCloseTo(-0.25, 9);
    expect(value).toBeCloseTo(-0.125, 12);
  });
});
