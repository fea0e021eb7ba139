import { describe, expect, it } from "vitest";
import { prepared } from "../support/problems.ts";

const problem = (lower: string, divergence = "divergence(fitted, D.y)") => `
  dim n = 12
  dim d = 4
  data D: { X: real[n, d], y: real[n] } = normal(seed: 3)
  var l: real init -1
  var theta: real[d]
  let fitted = D.X @ theta
  minimize sumsq(D.y - fitted) + 0.5 * ${divergence} over l
  where theta minimizes ${lower}
  report freedom = divergence(fitted, D.y)
  report support = sum(theta != 0)
  report smoother = trace(D.X @ solve(D.X' @ D.X + exp(l) * eye(d), D.X'))`;

describe("divergence", () => {
  it("is the trace of a ridge regression's smoother, and its gradient is exact", async () => {
    const sure = await prepared(problem("sumsq(D.X @ theta - D.y) + exp(l) * sumsq(theta)"));
    const { reports } = await sure.solve();
    expect(reports.freedom).toBeCloseTo(reports.smoother as number, 11);
    expect(sure.gradcheck({ l: 0.3 }).worst).toBeLessThan(1e-8);
  });

  it("is the size of a lasso's support", async () => {
    const sure = await prepared(problem("0.5 * sumsq(D.X @ theta - D.y) + exp(l) * norm1(theta)"));
    expect(sure.gradcheck({ l: 0.5 }).worst).toBeLessThan(1e-6);
    const { reports } = await sure.solve();
    expect(reports.freedom).toBeCloseTo(reports.support as number, 9);
  });

  it("goes through any smooth lower level", async () => {
    const sure = await prepared(problem("sum(logcosh(D.X @ theta - D.y)) + exp(l) * sumsq(theta)"));
    expect(sure.gradcheck({ l: 0.2 }).worst).toBeLessThan(1e-7);
  });

  it("by probes of a linear smoother has no error but the probes' own, and is differentiable", async () => {
    const lower = "sumsq(D.X @ theta - D.y) + exp(l) * sumsq(theta)";
    const values = [];
    for (const step of [0.1, 0.001]) {
      const sure = await prepared(problem(lower, `divergence(fitted, D.y, probes: 2, step: ${step}, seed: 5)`));
      expect(sure.gradcheck({ l: 0.3 }).worst).toBeLessThan(1e-7);
      const { value, lower: solved } = sure.gradient({ l: 0.3 });
      expect(Object.keys(solved)).toEqual(["theta"]);
      values.push(value);
    }
    // The smoother is linear in y, so the step does not matter.
    expect(values[0]).toBeCloseTo(values[1] as number, 9);
  });

  it("without a lower level is the plain trace", async () => {
    const plain = await prepared(`
      dim n = 3
      data D: { y: real[n] } = normal(seed: 1)
      var w: real init 2
      minimize divergence(w * D.y + D.y^3, D.y) over w`);
    expect(plain.gradient().gradient.w).toBeCloseTo(3, 12);
  });
});
