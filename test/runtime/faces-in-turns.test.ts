import { describe, expect, it } from "vitest";
import type { Point } from "../../runtime/types.ts";
import { prepared, refusals } from "../support/problems.ts";

const data = `
  let X = normal(20, 4, seed: 1)
  let t = X @ [1, -2, 0, 0] + 0.5 * normal(20, seed: 2)
  var w: real init -2
  var s: real init 0.55
`;
const fit = "0.5 * mean((X @ b - t * (1 + 0.1 * a))^2)";
const above =
  "minimize sumsq(b - 0.8) + a * s + a^2 over w, s\nwhere a minimizes (a - sum(b) - s)^2 + 0.1 * a^2 + 0.05 * sumsq(b)";
const programs = {
  "a lasso under a level": `var a: real\nvar b: real[4]\n${above}\nwhere b minimizes ${fit} + exp(w) * norm1(b)`,
  "a simplex under a level": `var a: real\nvar b: real[4] in simplex\n${above}\nwhere b minimizes ${fit} + exp(w) * sumsq(b)`,
  "constraints under a level": `var a: real\nvar b: real[4]\n${above}\nwhere b minimizes ${fit} + exp(w) * sumsq(b) subject to sum(b) >= 0.5`,
  "a hinge under a level": `var a: real\nvar b: real[4]\n${above}\nwhere b minimizes mean(hinge_loss(X @ b, sign(t))) + (exp(w) + 0.1 * a^2) * sumsq(b)`,
  "two lassos that answer each other": `
    var a: real[4]
    var b: real[4]
    minimize sumsq(b - 0.8) + sum(sin(a)) * s over w, s
    where a minimizes 0.5 * mean((X @ (a + 0.2 * b) - t * s)^2) + exp(w) * norm1(a)
    and   b minimizes 0.5 * mean((X @ (b - 0.3 * a) - t)^2) + exp(w) * norm1(b)`,
  "a set and constraints that answer each other": `
    var a: real[2] in nonnegative
    var b: real[2]
    minimize sumsq(b - 0.8) + sum(sin(a)) * s over w, s
    where a minimizes sumsq(a - [1, -1] + 0.3 * b * s)
    and   b minimizes sumsq(b - a - exp(w)) subject to sum(b) <= 0.5`,
  "a lasso above a lasso": `
    var a: real[4]
    var b: real[4]
    minimize sumsq(b - 0.8) + sum(sin(a)) * s over w, s
    where a minimizes sumsq(a - b - s) + 0.1 * sumsq(a - 0.1) + norm1(a)
    where b minimizes 0.5 * mean((X @ b - t)^2) + exp(w) * norm1(b - 0.1) + 0.3 * sumsq(b - a)`,
  "a set above a level": `
    var a: real[4] in nonnegative
    var b: real[4]
    minimize sumsq(b - 0.8) + sum(sin(a)) * s over w, s
    where a minimizes sumsq(a - b - s) + 0.1 * sumsq(a - 0.1)
    where b minimizes 0.5 * mean((X @ b - t)^2) + exp(w) * sumsq(b - a)`,
  "three levels, the last a lasso": `
    var a: real
    var b: real[4]
    var c: real[4]
    ${above}
    where b minimizes ${fit} + 0.1 * sumsq(b - c)
    where c minimizes 0.5 * mean((X @ c - t)^2) + 0.1 * sumsq(c - b) + exp(w) * norm1(c)`,
} as const;

describe("faces in clauses that answer each other", () => {
  for (const [name, program] of Object.entries(programs)) {
    it(`have the derivative of ${name}`, async () => {
      const problem = await prepared(data + program);
      const points: readonly Point[] = [{}, { w: -1, s: 0.7 }];
      for (const at of points) {
        const { worst, residuals, warnings } = problem.gradcheck(at);
        expect(warnings).toEqual([]);
        expect(residuals.inner).toBeLessThan(1e-11);
        expect(worst).toBeLessThan(1e-7);
      }
    }, 20_000);
  }

  it("hold what is at a kink or bound there exactly, and refuse constraints above a level", async () => {
    const problem = await prepared(data + programs["a set above a level"]);
    expect((problem.gradient().lower.a as readonly number[])[1]).toBe(0);
    const bound = programs["a set above a level"].replace("sumsq(a - 0.1)", "sumsq(a - 0.1) subject to sum(a) <= 1");
    expect((await refusals(data + bound))[0]?.code).toBe("not-derived-yet");
  });

  it("agree with a closed form: soft thresholding under a level", async () => {
    // b = 3 − l where it is above 0, and a = b / 2 + 1 minimises (a − 1)² + (a − b)², whose derivative through b is 0 for fixed b.
    const problem = await prepared(`
      var l: real init 1
      var a: real
      var b: real
      minimize a over l
      where a minimizes (a - 1)^2 + (a - b)^2
      where b minimizes 0.5 * (b - 3)^2 + l * abs(b)`);
    const { lower, gradient } = problem.gradient();
    expect(lower).toEqual({ a: 1.5, b: 2 });
    expect(gradient.l).toBeCloseTo(-0.5, 12);
    expect(problem.gradient({ l: 3 }).warnings.map((d) => d.code)).toEqual(["at-a-kink"]);
    expect(problem.gradient({ l: 4 }).gradient.l).toBe(0);
  });
});
