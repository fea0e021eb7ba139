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

  it("is refused where the flow has no end", async () => {
    const away =
      "var w: real init 1\nvar y: real[2]\nminimize y[0] over w\nwhere y minimizes y[0]^2 + w * y[1] selected from [0, 0] by gradient_flow";
    expect((await refusals(away))[0]?.code).toBe("unbounded-lower-level");
  });
});
