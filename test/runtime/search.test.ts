/** Searches over upper variables by values alone. */
import { describe, expect, it } from "vitest";
import { prepared, refusals, word } from "../support/problems.ts";

const method = (value: string, given: Readonly<Record<string, number>> = {}) => ({
  options: new Map([["method", word(value, given)]]),
});

/** f = (y₀ − 1)² + (y₁ + 2)² + y₀ y₁ at y = w exactly, for w in a box. */
const bowl = `
  var w: real[2] in box(-3, 3)
  var y: real[2]
  minimize (y[0] - 1)^2 + (y[1] + 2)^2 + 0.5 * y[0] * y[1] over w
  where y minimizes sumsq(y - w)`;
const bowlAt = (a: number, b: number): number => (a - 1) ** 2 + (b + 2) ** 2 + 0.5 * a * b;
/** 2(a − 1) + b/2 = 0, 2(b + 2) + a/2 = 0 */
const [bestA, bestB] = [1.6, -2.4];

describe("searches", () => {
  it("find the best point of a grid, its ends included, and say what each point gave", async () => {
    const problem = await prepared(bowl, method("grid", { points: 7 }));
    const result = await problem.solve();
    const axis = [-3, -2, -1, 0, 1, 2, 3];
    const values = axis.flatMap((a) => axis.map((b) => bowlAt(a, b)));
    expect(result.trace.map(({ value }) => value)).toEqual(values.map((value) => expect.closeTo(value, 10)));
    expect(result.value).toBeCloseTo(Math.min(...values), 12);
    // Two points tie; the first is taken.
    expect(result.upper.w).toEqual([1, -2].map((u) => expect.closeTo(u, 12)));
    expect(result.trace.at(-1)?.best).toBe(Math.min(...result.trace.map(({ value }) => value)));
    expect(result).toMatchObject({ status: "max_steps", method: "grid", steps: 49, complete: true, warnings: [] });
    // The hypergradient at the best point: 2(a − 1) + b/2 and 2(b + 2) + a/2.
    expect(result.gradient_norm).toBeCloseTo(Math.hypot(1, 0.5), 9);
  });

  it("stay in the box, repeat themselves for a seed, and stop after `steps`", async () => {
    const solve = async (seed: number, steps?: number) => {
      const options = new Map([
        ...method("random", { points: 50 }).options,
        ["seed", { kind: "number", value: seed, span: { file: "", start: 0, end: 0 } }],
      ] as never);
      if (steps !== undefined)
        options.set("steps", { kind: "number", value: steps, span: { file: "", start: 0, end: 0 } } as never);
      return (await prepared(bowl, { options } as never)).solve();
    };
    const result = await solve(3);
    expect(result.trace).toHaveLength(50);
    expect(result.value).toBeLessThan(bowlAt(bestA, bestB) + 0.5);
    for (const u of result.upper.w as number[]) expect(Math.abs(u)).toBeLessThanOrEqual(3);
    expect((await solve(3)).upper).toEqual(result.upper);
    expect((await solve(4)).upper).not.toEqual(result.upper);
    const short = await solve(3, 10);
    expect(short.trace.map(({ value }) => value)).toEqual(
      result.trace.slice(0, 10).map(({ value }) => expect.closeTo(value, 10)),
    );
  });

  it("come close to the optimum by Bayesian optimisation, in a few points", async () => {
    const { value, trace } = await (await prepared(bowl, method("bayes", { points: 25 }))).solve();
    expect(trace).toHaveLength(25);
    expect(value).toBeCloseTo(bowlAt(bestA, bestB), 3);
  });

  it("maximise, search around the start where nothing bounds them, and warn at the edge of that", async () => {
    const most = await prepared(
      "var a: real init 2\nvar y: real\nmaximize -(y - 3)^2 over a\nwhere y minimizes (y - a)^2",
      method("grid", { points: 11 }),
    );
    const result = await most.solve();
    expect(result.value).toBeCloseTo(0, 12);
    expect(result.upper.a).toBeCloseTo(3, 12);
    expect(result.warnings).toEqual([]);
    const far = await prepared(
      "var a: real init 2\nvar y: real\nmaximize -(y - 30)^2 over a\nwhere y minimizes (y - a)^2",
      method("bayes", { points: 12, range: 1 }),
    );
    const end = await far.solve();
    expect(end.upper.a).toBeCloseTo(3, 12);
    expect(end.warnings.map(({ code }) => code)).toEqual(["at-the-edge"]);
  });

  it("pass over points without an answer, and refuse where there are only such", async () => {
    const half = (low: number) => `
      var a: real in box(${low}, 1)
      var x: real
      minimize (x - 2)^2 over a
      where x minimizes a * x^2 - x`;
    const { trace, upper } = await (await prepared(half(-1), method("grid", { points: 5 }))).solve();
    // a = 0.5 gives x = 1, a = 1 gives x = 0.5; −1, −0.5 and 0 leave x unbounded.
    expect(trace.map(({ value }) => value)).toEqual([expect.closeTo(1, 12), expect.closeTo(2.25, 12)]);
    expect(upper.a).toBe(0.5);
    const none = await prepared(half(-1).replace(", 1)", ", -0.5)"), method("grid", { points: 3 }));
    await expect(none.solve()).rejects.toThrow("unbounded");
  });

  it("refuse what they cannot search", async () => {
    const said = async (source: string, options: ReturnType<typeof method>): Promise<string> => {
      try {
        await (await prepared(source, options)).solve();
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    const many = "var w: real[8]\nvar y: real[8]\nminimize sumsq(y - 1) over w\nwhere y minimizes sumsq(y - w)";
    expect(await said(many, method("grid"))).toContain("more than 100000 points");
    expect(await said(many.replaceAll("[8]", "[21]"), method("bayes"))).toContain("21 numbers");
    expect(await said(many.replace("[8]", "[8] in simplex"), method("random"))).toContain("lies in another set");
    const held = "var w: real\nvar y: real\nminimize (y - 1)^2 over w subject to w <= 0\nwhere y minimizes (y - w)^2";
    expect(await refusals(held, method("grid"))).toMatchObject([{ code: "solver-unavailable" }]);
    const asked = new Map([...method("grid").options, ["outer", word("adam")]] as const);
    expect((await refusals(bowl, { options: asked }))[0]?.message).toContain("not for method: grid");
  });
});
