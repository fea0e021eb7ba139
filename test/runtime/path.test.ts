import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prepared, refusals } from "../support/problems.ts";

describe("steps of descent", () => {
  it("are differentiated exactly, whatever their number", async () => {
    // t_{k+1} = t_k − r (c t_k − 2) with c = 1.5 + l: t_T = (2/c)(1 − (1 − rc)^T), f = 3t + t².
    const exact = (l: number, r: number, T: number): readonly [number, number, number] => {
      const c = 1.5 + l;
      const q = (1 - r * c) ** T;
      const t = (2 / c) * (1 - q);
      const dq = (1 - r * c) ** (T - 1) * T;
      const dl = (-2 / c ** 2) * (1 - q) + (2 / c) * dq * r;
      const dr = (2 / c) * dq * c;
      return [t, (3 + 2 * t) * dl, (3 + 2 * t) * dr];
    };
    for (const steps of [1, 2, 3, 7, 16, 17, 100]) {
      const problem = await prepared(`
        var l: real
        var r: real init 0.1
        var t: real
        minimize 3 * t + t^2 over l, r
        where t minimizes 0.5 * (1.5 + l) * t^2 - 2 * t by descent(steps: ${steps}, rate: r)`);
      const { lower, gradient } = problem.gradient({ l: 0.4, r: 0.12 });
      const [t, dl, dr] = exact(0.4, 0.12, steps);
      expect([lower.t, gradient.l, gradient.r]).toEqual([t, dl, dr].map((x) => expect.closeTo(x, 11)));
    }
  });

  it("carry the derivative of their start, and of what earlier clauses found", async () => {
    const steps = fc.integer({ min: 1, max: 12 });
    const w = fc.double({ min: -0.5, max: 0.5, noNaN: true });
    await fc.assert(
      fc.asyncProperty(steps, w, w, async (T, a, b) => {
        const problem = await prepared(`
          let A = [[1, 2], [0.5, -1], [2, 0.3]]
          var w: real[2]
          var theta: real[2]
          var s: real
          minimize sumsq(A @ theta - 1) + s^2 over w
          where theta minimizes mean(logcosh(A @ theta - 2)) + sum(exp(w) * theta^2) + theta[0] * s
            selected from 2 * w by descent(steps: ${T}, rate: 0.1 + 0.02 * w[1])
          and s minimizes (s - w[0] * w[1])^2 + 0.1 * s^4`);
        expect(problem.gradcheck({ w: [a, b] }).worst).toBeLessThan(1e-6);
      }),
      { numRuns: 15 },
    );
  });

  it("go on from the last solution where that is asked, which is then a constant", async () => {
    const problem = await prepared(`
      var l: real
      var t: real init 4
      minimize t over l
      where t minimizes 0.5 * (t - l)^2 selected from previous by descent(steps: 1, rate: 0.5)`);
    const { lower, gradient } = problem.gradient({ l: 2 });
    expect([lower.t, gradient.l]).toEqual([3, 0.5]);
    expect(problem.gradcheck({ l: 2 }).passed).toBe(true);
  });

  it("hand on to an earlier level that nothing else reads", async () => {
    // y = w, z_1 = 0.2 y, z_2 = 0.2 y + 0.8 z_1 = 0.36 y and f = z_2²/2.
    const problem = await prepared(`
      var w: real
      var y: real
      var z: real
      minimize 0.5 * z^2 over w
      where y minimizes (y - w)^2
      and z minimizes (z - y)^2 by descent(steps: 2, rate: 0.1)`);
    expect(problem.gradient({ w: 0.7 }).gradient.w).toBeCloseTo(0.36 ** 2 * 0.7, 12);
  });

  it("are refused under a level that would have to differentiate them twice", async () => {
    const [diagnostic] = await refusals(`
      var u: real
      var y: real
      var z: real
      minimize y over u
      where y minimizes (y - z)^2 + u * y
      where z minimizes (z - y)^2 by descent(steps: 3, rate: 0.1)`);
    expect(diagnostic).toMatchObject({ code: "not-derived-yet", severity: "refusal" });
  });
});

describe("a stopped copy of the unknown", () => {
  it("means the point where copy and solution agree, with the copy held fixed in the derivative", async () => {
    // The condition is 2 (y − ½ y − w) = 0, so y = 2w; with the copy fixed, dy/dw = 1.
    const problem = await prepared(`
      var w: real
      var y: real
      minimize y over w
      where y minimizes (y - 0.5 * stop(y) - w)^2`);
    const { lower, gradient } = problem.gradient({ w: 0.7 });
    expect([lower.y, gradient.w]).toEqual([expect.closeTo(1.4, 9), expect.closeTo(1, 9)]);
  });
});
