/** Published bilevel linear and quadratic programs; the optima are those of BASBLib (Paulavičius and Adjiman 2017) and the sources. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { matrixText, prepared } from "../support/problems.ts";

interface Published {
  readonly source: string;
  readonly program: string;
  readonly value: number;
  readonly upper: readonly number[];
  readonly lower: readonly number[];
}

const published: readonly Published[] = [
  {
    source: "Candler and Townsley 1982, section 6",
    program: `
      var x: real[2] in nonnegative
      var y: real[6] in nonnegative
      maximize x @ [8, 4] + y @ [-4, 40, 4, 0, 0, 0] over x
      where y minimizes x @ [1, 2] + y @ [1, 1, 2, 0, 0, 0]
        subject to [[-1, 1, 1, 1, 0, 0], [-1, 2, -0.5, 0, 1, 0], [2, -1, -0.5, 0, 0, 1]] @ y + [0, 2 * x[0], 2 * x[1]] == 1`,
    value: 29.2,
    upper: [0, 0.9],
    lower: [0, 0.6, 0.4, 0, 0, 0],
  },
  {
    source: "Bard and Falk 1982, example 2",
    program: `
      var x: real[2] in nonnegative
      var y: real[2] in nonnegative
      minimize -2 * x[0] + x[1] + 0.5 * y[0] over x
      where y minimizes x[0] + x[1] - 4 * y[0] + y[1]
        subject to -2 * x[0] + y[0] - y[1] <= -2.5, x[0] - 3 * x[1] + y[1] <= 2, x[0] + x[1] <= 2`,
    value: -3.25,
    upper: [2, 0],
    lower: [1.5, 0],
  },
  {
    source: "Bard 1984, example 1",
    program: `
      var x: real in nonnegative
      var y: real in nonnegative
      minimize x + y over x
      where y minimizes -5 * x - y subject to x + 0.5 * y >= 2, y - 0.25 * x <= 2, x + 0.5 * y <= 8, x - 2 * y <= 2`,
    value: 28 / 9,
    upper: [8 / 9],
    lower: [20 / 9],
  },
  {
    source: "Bard 1998, example 5.1.1, its last constraint the right way round",
    program: `
      var x: real in nonnegative
      var y: real in nonnegative
      minimize x - 4 * y over x
      where y minimizes y subject to x + y >= 3, y <= 2 * x, 2 * x + y <= 12, 3 * x - 2 * y <= 4`,
    value: -12,
    upper: [4],
    lower: [4],
  },
  {
    source: "Anandalingam and White 1990",
    program: `
      var x: real in nonnegative
      var y: real in nonnegative
      minimize -x - 3 * y over x
      where y minimizes -x + 3 * y
        subject to x + 2 * y >= 10, x - 2 * y <= 6, 2 * x - y <= 21, x + 2 * y <= 38, 2 * y - x <= 18`,
    value: -49,
    upper: [16],
    lower: [11],
  },
  {
    source: "Savard 1989, with a constraint of the upper level that reads the answer",
    program: `
      var x: real[2] in nonnegative
      var y: real[3] in nonnegative
      minimize x @ [-8, -4] + y @ [4, -40, 4] over x subject to x[0] + 2 * x[1] - y[2] <= 1.3
      where y minimizes y @ [2, 1, 2]
        subject to [[-1, 1, 1], [-2, 4, -1], [4, -2, -1]] @ y + [0, 4 * x[0], 4 * x[1]] <= [1, 2, 2]`,
    value: -14.6,
    upper: [0, 0.65],
    lower: [0, 0.3, 0],
  },
  {
    source: "Bard 1988, example 1: both objectives quadratic",
    program: `
      var x: real in nonnegative
      var y: real in nonnegative
      minimize (x - 5)^2 + (2 * y + 1)^2 over x
      where y minimizes (y - 1)^2 - 1.5 * x * y subject to 3 * x - y >= 3, x - 0.5 * y <= 4, x + y <= 7`,
    value: 17,
    upper: [1],
    lower: [0],
  },
];

const flat = (value: unknown): number[] => (typeof value === "number" ? [value] : (value as number[]));
const byKkt = (program: string) => prepared(`${program}\nsolve { method: kkt }`);

describe("both levels as one system", () => {
  it.each(published)("$source", async ({ program, value, upper, lower }) => {
    const result = await (await byKkt(program)).solve();
    expect(result.status).toBe("converged");
    expect(result.complete).toBe(true);
    expect(result.value).toBeCloseTo(value, 10);
    flat(result.upper.x).forEach((x, i) => expect(x).toBeCloseTo(upper[i] as number, 10));
    flat(result.lower.y).forEach((y, i) => expect(y).toBeCloseTo(lower[i] as number, 10));
    expect(result.residuals.inner).toBeLessThan(1e-12);
    expect(result.warnings).toEqual([]);
  });

  it("says where the lower level has several answers (Bard 1991, example 2.2)", async () => {
    const result = await (
      await byKkt(`
        var x: real in nonnegative
        var y: real[2] in nonnegative
        minimize -x + 10 * y[0] - y[1] over x
        where y minimizes -sum(y) subject to x + y[0] <= 1, x + y[1] <= 1, sum(y) <= 1`)
    ).solve();
    expect(result.value).toBeCloseTo(-1, 12);
    expect(result.warnings.map(({ code }) => code)).toEqual(["several-answers"]);
  });

  it("is below the value at every other point, and equal to that of the lower level solved there", async () => {
    const number = fc.double({ min: -1, max: 1, noNaN: true }).map((x) => Math.round(x * 100) / 100);
    const vector = (n: number) => fc.array(number, { minLength: n, maxLength: n });
    const instance = fc.record({
      A: fc.array(vector(3), { minLength: 3, maxLength: 3 }),
      b: vector(3),
      c: vector(3),
      d: vector(3),
      tries: fc.array(number, { minLength: 6, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(instance, async ({ A, b, c, d, tries }) => {
        const program = `
          var x: real in box(-1, 1)
          var y: real[3] in box(-2, 2)
          minimize ${d[0]} * x + [${c.join(", ")}] @ y + 0.1 * (x - ${d[1]})^2 over x
          where y minimizes y @ [${d.join(", ")}] + 0.05 * sumsq(y - x)
            subject to ${matrixText(A)} @ y <= [${b.join(", ")}] + 1.5 + 0.3 * x`;
        const result = await (await byKkt(program)).solve();
        const local = await prepared(program);
        const there = local.gradient({ x: result.upper.x as number });
        expect(there.value).toBeCloseTo(result.value, 8);
        for (const x of tries) expect(local.gradient({ x }).value).toBeGreaterThan(result.value - 1e-9);
      }),
      { numRuns: 8 },
    );
  }, 60_000);

  it("refuses by name", async () => {
    const refusal = async (program: string): Promise<string | undefined> => {
      const refused = await (await byKkt(program)).solve().catch((error: unknown) => error);
      return refused instanceof BilevelError ? refused.diagnostics[0]?.code : undefined;
    };
    const problem = (upper: string, lower: string) => `var x: real\nvar y: real[2]\n${upper} over x where y ${lower}`;
    expect(await refusal(problem("minimize y[0] - 2 * x", "minimizes sumsq(y - x)"))).toBe("unbounded-upper-level");
    expect(await refusal(problem("minimize y[0]", "minimizes sum(y) subject to y >= x, sum(y) <= 2 * x - 1"))).toBe(
      "infeasible-upper-level",
    );
    expect(await refusal(problem("minimize -y[0]^2", "minimizes sumsq(y - x) subject to y <= 1"))).toBe(
      "solver-unavailable",
    );
    expect(await refusal(problem("minimize y[0]^2", "minimizes sumsq(y - x) subject to sumsq(y) <= 1"))).toBe(
      "solver-unavailable",
    );
    expect(await refusal(problem("minimize y[0]^2", "minimizes y[0]^2 - y[1]^2 + x subject to y <= 1, y >= -1"))).toBe(
      "solver-unavailable",
    );
  });
});
