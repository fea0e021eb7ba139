import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { matrixText, prepared, refusals } from "../support/problems.ts";

const number = fc.double({ min: -1.5, max: 1.5, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const vector = (n: number) => fc.array(number, { minLength: n, maxLength: n });
const matrix = (m: number, n: number) => fc.array(vector(n), { minLength: m, maxLength: m });

const subjects = [
  "A @ x <= b + 1.5 + w[0]",
  "A @ x <= b + 2, sum(x) == w[1]",
  "x >= -0.5, x <= 0.4 + w[0]^2",
  "sumsq(x) <= 0.5 + w[1]^2, x[0] >= 0.1 * w[0]",
  "sum(exp(x)) <= 3.5, x[0] + x[1] == 0.1",
];
const objectives = [
  "0.5 * x @ Q' @ Q @ x + 0.3 * sumsq(x) + (b[0] + w[0]) * sum(x) - 2 * x[2]",
  "sum(logcosh(Q @ x - w[1])) + 0.1 * sumsq(x) - x[1]",
];

/** Random constraints may be redundant at a corner, or contradict each other a step away, which is refused by name. */
function answer<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof BilevelError && named.includes(error.diagnostics[0]?.code ?? "")) return undefined;
    throw error;
  }
}

const named = ["degenerate-constraints", "infeasible-lower-level"];

describe("constrained lower levels", () => {
  it("have the derivative of the problem solved again, wherever no constraint is about to change", async () => {
    let judged = 0;
    const data = fc.record({
      A: matrix(2, 3),
      Q: matrix(3, 3),
      b: vector(2),
      w: vector(2),
      subject: fc.constantFrom(...subjects),
      objective: fc.constantFrom(...objectives),
    });
    await fc.assert(
      fc.asyncProperty(data, async ({ A, Q, b, w, subject, objective }) => {
        const problem = await prepared(`
          let A = ${matrixText(A)}
          let Q = ${matrixText(Q)}
          let b = [${b.join(", ")}]
          var w: real[2]
          var x: real[3]
          minimize sum(sin(x + [0.3, 0.1, 0.2])) + x[0] * w[0] over w
          where x minimizes ${objective} subject to ${subject}`);
        const check = answer(() => problem.gradcheck({ w }));
        if (check === undefined) return;
        expect(check.residuals.inner).toBeLessThan(1e-9);
        if (check.warnings.length > 0) return;
        judged += 1;
        if (check.rows.every((row) => row.error < 1e-6)) return;
        const gradient = problem.gradient({ w }).gradient.w as number[];
        const moved = answer(() => problem.gradient({ w: w.map((x) => x + 2e-3) }))?.gradient.w as number[] | undefined;
        if (moved === undefined) return;
        const jump = Math.max(...gradient.map((value, i) => Math.abs(value - (moved[i] as number))));
        expect(jump, JSON.stringify(check.rows)).toBeGreaterThan(1e-3);
      }),
      { numRuns: 30 },
    );
    expect(judged).toBeGreaterThan(12);
  }, 60_000);

  it("find the vertex of a linear program", async () => {
    const problem = await prepared(`
      var b: real[2]
      var x: real[2]
      minimize x @ [1, 10] over b
      where x minimizes -3 * x[0] - 2 * x[1] subject to x[0] + x[1] <= b[0], x[0] <= b[1], x >= 0`);
    const { lower, gradient } = problem.gradient({ b: [4, 3] });
    expect(lower.x).toEqual([expect.closeTo(3, 9), expect.closeTo(1, 9)]);
    expect(gradient.b).toEqual([expect.closeTo(10, 8), expect.closeTo(-9, 8)]);
  });

  it("stand beside a set", async () => {
    const problem = await prepared(`
      var r: real
      var x: real[3] in simplex
      minimize sumsq(x) over r
      where x minimizes x @ [1, 2, 4] + 0.5 * sumsq(x) subject to x @ [0, 1, 2] == r`);
    const check = problem.gradcheck({ r: 0.8 });
    expect(check.worst).toBeLessThan(1e-6);
    expect(check.residuals.inner).toBeLessThan(1e-10);
  });

  it("are refused by name where they are infeasible or unbounded", async () => {
    const lower = (text: string) => `var w: real\nvar x: real[2]\nminimize sum(x) over w\nwhere x minimizes ${text}`;
    expect((await refusals(lower("sumsq(x) subject to sum(x) == 1, sum(x) >= 2 + w^2")))[0]?.code).toBe(
      "infeasible-lower-level",
    );
    expect((await refusals(lower("x[0] + w subject to x[1] == 1, x[0] <= 3")))[0]?.code).toBe("unbounded-lower-level");
    expect((await refusals(lower("sumsq(x) + w subject to x[0] <= -1, 2 * x[0] <= -2")))[0]?.code).toBe(
      "degenerate-constraints",
    );
  });
});
