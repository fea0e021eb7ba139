/** What stays as it is between runs is kept (runtime/method/invariants.ts), and made anew where it does not. */
import { expect, it } from "vitest";
import { prepared } from "../support/problems.ts";

/** Predictions of 4000 rows are dear enough to be kept while conjugate gradients multiply by the curvature. */
const source = `
  let X = normal(4000, 80, seed: 1)
  let y = normal(4000, seed: 2)
  var rho: real
  var theta: real[80]
  minimize mean((X @ theta - y - 0.1)^2) over rho
  where theta minimizes mean(logcosh(X @ theta - y)) + exp(rho) * sumsq(theta)
  solve { adjoint: cg }`;

it("one point after another gives what each gives alone", async () => {
  const problem = await prepared(source);
  for (const rho of [-2, 0.5, -2]) {
    const { gradient, residuals } = problem.gradient({ rho });
    const alone = (await prepared(source)).gradient({ rho });
    expect(gradient["rho"]).toBeCloseTo(alone.gradient["rho"] as number, 10);
    expect(residuals.adjoint).toBeLessThan(1e-9);
  }
});

it("the hypergradient is that of the problem solved again", async () => {
  const { worst } = (await prepared(source)).gradcheck({ rho: -1 });
  expect(worst).toBeLessThan(1e-6);
});
