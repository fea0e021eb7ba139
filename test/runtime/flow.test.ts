import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrixText, prepared, refusals } from "../support/problems.ts";

const number = fc.double({ min: -1.5, max: 1.5, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const vector = (n: number) => fc.array(number, { minLength: n, maxLength: n });
const matrix = (m: number, n: number) => fc.array(vector(n), { minLength: m, maxLength: m });

describe("the selection of gradient flow", () => {
  it("is differentiated exactly for quadratics of any rank, flat directions that move included", async () => {
    const data = fc.record({ A: matrix(2, 4), B: matrix(2, 4), b: vector(2), w: number, s: number });
    await fc.assert(
      fc.asyncProperty(data, async ({ A, B, b, w, s }) => {
        const problem = await prepared(`
          let A = ${matrixText(A)}
          let B = ${matrixText(B)}
          let b = [${b.join(", ")}]
          var w: real
          var s: real
          var y: real[4]
          minimize sum(sin(y + [0.1, 0.2, 0.3, 0.4])) over w, s
          where y minimizes sumsq((A + [[2, 0, 0, 0], [0, 2, 0, 0]] + 0.2 * w * B) @ y - b - s)
            selected from [s, 1, w^2, 0] by gradient_flow`);
        expect(problem.gradcheck({ w, s }).worst).toBeLessThan(1e-6);
      }),
      { numRuns: 25 },
    );
  });

  it("carries flat directions back along a curved path", async () => {
    const data = fc.record({
      r: fc.double({ min: 0.5, max: 2, noNaN: true }),
      a: number,
      angle: fc.double({ min: 0, max: 6, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(data, async ({ r, a, angle }) => {
        const problem = await prepared(`
          var r: real
          var a: real
          var y: real[2]
          minimize y @ [1, -2] over r, a
          where y minimizes 0.25 * (y[0]^2 + exp(0.3 * a) * y[1]^2 - r)^2
            selected from [${0.6 * Math.cos(angle)} + 0.1 * a, ${0.6 * Math.sin(angle)}] by gradient_flow`);
        expect(problem.gradcheck({ r, a }).worst).toBeLessThan(1e-6);
      }),
      { numRuns: 4 },
    );
  }, 60_000);

  it("ends where it begins beside a solution", async () => {
    const problem = await prepared(`
      var r: real
      var y: real[2]
      minimize y @ [1, -2] over r
      where y minimizes 0.25 * (sumsq(y) - r)^2 selected from [0.7, 0] by gradient_flow`);
    const { lower, gradient } = problem.gradient({ r: 0.49 + 1e-6 });
    expect(lower.y).toEqual([expect.closeTo(Math.sqrt(0.490001), 10), 0]);
    expect(gradient.r).toBeCloseTo(0.5 / Math.sqrt(0.490001), 8);
  });

  it("differs from the pseudo-inverse alone, even in sign", async () => {
    // From (0, 0) the solution of y₀ + w y₁ = 1 is (1, w) / (1 + w²).
    const problem = await prepared(`
      var w: real
      var y: real[2]
      minimize y[1] over w
      where y minimizes (y[0] + w * y[1] - 1)^2 selected from [0, 0] by gradient_flow`);
    const { gradient, lower } = problem.gradient({ w: 0.5 });
    expect(lower.y).toEqual([expect.closeTo(0.8, 12), expect.closeTo(0.4, 12)]);
    expect(gradient.w).toBeCloseTo((1 - 0.25) / 1.25 ** 2, 12);
    // With a = (1, w), the pseudo-inverse alone gives dy = −y₁ a / ‖a‖²: the wrong sign.
    const alone = (-0.4 * 0.5) / 1.25;
    expect(Math.sign(alone)).toBe(-Math.sign(gradient.w as number));
  });

  it("follows a valley of many minimisers, whose products alone are determined", async () => {
    // ab is kept at exp(w), a² − b² at what it was: a² = (D + √(D² + 4 exp(2w)))/2 with D = a₀² − b₀².
    const problem = await prepared(`
      var w: real
      var y: real[2]
      minimize y[0] over w
      where y minimizes (y[0] * y[1] - exp(w))^2 selected from [1, 0.2 + w] by gradient_flow`);
    const end = (w: number): number => {
      const D = 1 - (0.2 + w) ** 2;
      return Math.sqrt((D + Math.sqrt(D ** 2 + 4 * Math.exp(2 * w))) / 2);
    };
    const { lower, gradient } = problem.gradient({ w: 0.3 });
    expect((lower.y as number[])[0]).toBeCloseTo(end(0.3), 9);
    expect(gradient.w).toBeCloseTo((end(0.3 + 1e-6) - end(0.3 - 1e-6)) / 2e-6, 8);
  });

  it("falls to the side of a double well where it begins, which no small change leaves", async () => {
    const problem = await prepared(`
      var w: real
      var s: real
      var y: real
      minimize y over w, s
      where y minimizes (y^2 - exp(w))^2 selected from s by gradient_flow`);
    for (const side of [-1, 1]) {
      const { lower, gradient } = problem.gradient({ w: 0.4, s: 0.1 * side });
      expect(lower.y).toBeCloseTo(side * Math.exp(0.2), 9);
      expect([gradient.w, gradient.s]).toEqual([expect.closeTo((side * Math.exp(0.2)) / 2, 8), expect.closeTo(0, 9)]);
    }
  });

  it.each([
    ["at the top", "var y: real", "(y^2 - exp(w))^2 selected from 0", "y"],
    ["towards a saddle", "var y: real[2]", "(y[0]^2 - exp(w))^2 + y[1]^2 selected from [0, 1]", "y[0]"],
  ])("is refused where it comes to rest %s", async (_, unknown, clause, value) => {
    const source = `var w: real ${unknown} minimize ${value} over w where y minimizes ${clause} by gradient_flow`;
    expect((await refusals(source))[0]?.code).toBe("not-a-minimum");
  });

  it.each([
    ["creeps towards a minimum of the fourth order", "(y[0] - w)^4 + sumsq(y[1:])"],
    ["runs to infinity", "softplus(-y[0] - y[1])"],
  ])("is refused where it %s", async (_, objective) => {
    const source = `
      var w: real init 0.3
      var y: real[2]
      minimize sum(y) over w
      where y minimizes ${objective} selected from [1, 1] by gradient_flow`;
    expect(["degenerate-minimum", "flow-too-long"]).toContain((await refusals(source))[0]?.code);
  });

  it("goes on from the last solution over a run", async () => {
    // Each step of the upper level moves y along (1, 1) only, so y stays on the diagonal where it began.
    const problem = await prepared(`
      var w: real[2] init 1
      var y: real[2]
      minimize sumsq(y - [1, 2]) + 0.1 * sumsq(w) over w
      where y minimizes (y[0] + y[1] - w[0] * w[1])^2 selected from previous by gradient_flow`);
    const { status, lower, upper, value } = await problem.solve();
    const [w, y] = [upper.w as number[], lower.y as number[]];
    expect(status).toBe("converged");
    expect((y[0] as number) - (y[1] as number)).toBeCloseTo(0, 9);
    // With p = w₀w₁ = w², the least of 2 (p/2 − 1.5)² + 0.5 + 0.2 p is at p = 2.8.
    expect(w[0]).toBeCloseTo(Math.sqrt(2.8), 6);
    expect(value).toBeCloseTo(2 * 0.1 ** 2 + 0.5 + 0.2 * 2.8, 9);
  });

  it("needs no spectrum: beyond 600 unknowns it is split by products", async () => {
    for (const loss of ["(r)^2", "logcosh(r)"]) {
      const problem = await prepared(`
        let X = normal(4, 640, seed: 1)
        var w: real
        var s: real
        var y: real[640]
        minimize mean((y - 1)^2) over w, s
        where y minimizes sum(${loss.replace("(r)", "(X @ y - exp(w))")}) selected from 0.1 * s * ones(640) by gradient_flow`);
      const check = problem.gradcheck({ w: 0.3, s: 0.5 });
      expect(check.worst).toBeLessThan(1e-9);
      expect(check.residuals.adjoint).toBeLessThan(1e-12);
    }
  });

  it("is refused where the flow has no end", async () => {
    const away =
      "var w: real init 1\nvar y: real[2]\nminimize y[0] over w\nwhere y minimizes y[0]^2 + w * y[1] selected from [0, 0] by gradient_flow";
    expect((await refusals(away))[0]?.code).toBe("unbounded-lower-level");
  });
});

describe("gradient flow at the edges", () => {
  it("has a residual relative to the whole right-hand side, be it all along flat directions", async () => {
    const found = (
      await prepared(`var w: real init 4\nvar y: real[2] init [1, 0]\nminimize sumsq(y - 2) over w
      where y minimizes (y[0] + y[1] - w)^2 selected from previous by gradient_flow`)
    ).gradient();
    expect(found.residuals.adjoint).toBeLessThan(1e-12);
    expect(found.gradient.w).toBeCloseTo(0, 12);
  });

  it("is refused where it would come to rest on a kink", async () => {
    const [refused] = await refusals(`var w: real init 1\nvar y: real[2]\nminimize y[0] over w
      where y minimizes abs(y[0] + y[1] - w) selected from [0, 0.1] by gradient_flow`);
    expect(refused?.code).toBe("non-smooth-lower-level");
  });
});
