import { describe, expect, it } from "vitest";
import { prepared, refusals } from "../support/problems.ts";

/** No answer, warning or refusal may depend on the units in which a problem is written. */
describe.each(["1e8", "1e-8"])("in units of %s", (unit) => {
  const head = "var w: real init 2\nvar x: real[2]\n";
  const sets = "var w: real[2] init [0.5, -3]\n";

  it.each([
    [
      "objective",
      `${head}minimize x[0] + 2 * x[1] over w
      where x minimizes ${unit} * (0.5 * sumsq(x) - w * x[0]) subject to x[0] + x[1] <= 1`,
      0.5,
      -0.5,
    ],
    [
      "constraints",
      `${head}minimize x[0] + 2 * x[1] over w
      where x minimizes 0.5 * sumsq(x) - w * x[0] subject to ${unit} * (x[0] + x[1]) <= ${unit}`,
      0.5,
      -0.5,
    ],
    [
      "unknowns",
      `${head}minimize (x[0] + 2 * x[1]) / ${unit} over w
      where x minimizes 0.5 * sumsq(x) - w * ${unit} * x[0] subject to x[0] + x[1] <= ${unit}`,
      0.5,
      -0.5,
    ],
    [
      "a linear program's objective",
      `${head}minimize x[0] + x[1] over w
      where x minimizes ${unit} * (-x[0] - 2 * x[1]) subject to x[0] + x[1] <= w, x >= 0, x[1] <= 1`,
      2,
      1,
    ],
    [
      "an objective between bounds",
      `${sets}var x: real[2] in box(-1, 1)\nminimize sumsq(x) over w
      where x minimizes ${unit} * sumsq(x - w)`,
      1.25,
      [1, 0],
    ],
    [
      "bounds",
      `${sets}var x: real[2] in box(-${unit}, ${unit})\nminimize sumsq(x / ${unit}) over w
      where x minimizes sumsq(x - w * ${unit})`,
      1.25,
      [1, 0],
    ],
    [
      "an objective with kinks",
      `var w: real[2] init [2, -0.5]\nvar x: real[2]\nminimize sumsq(x) over w
      where x minimizes ${unit} * (0.5 * sumsq(x - w) + norm1(x))`,
      1,
      [2, 0],
    ],
    [
      "an objective in the simplex",
      `var w: real[3] init [0.3, 0.5, -2]\nvar x: real[3] in simplex
      minimize x[0]^2 over w where x minimizes ${unit} * sumsq(x - w)`,
      0.16,
      [0.4, -0.4, 0],
    ],
    [
      "an objective in a ball",
      `var w: real[2] init [3, 4]\nvar x: real[2] in ball(1)
      minimize x[0] over w where x minimizes ${unit} * sumsq(x - w)`,
      0.6,
      [0.128, -0.096],
    ],
  ])("%s", async (_, source, value, gradient) => {
    const found = (await prepared(source)).gradient();
    expect(found.value).toBeCloseTo(value, 11);
    [gradient].flat().forEach((g, i) => expect([found.gradient.w].flat()[i]).toBeCloseTo(g, 11));
    expect(found.warnings).toEqual([]);
    expect(found.residuals.inner).toBeLessThan(1e-12);
  });
});

describe("far-away starts", () => {
  it.each([
    ["minimizes exp(y) - w * y", 20, Math.LN2, 0.5],
    ["solves exp(y) = w", 20, Math.LN2, 0.5],
    ["minimizes 0.25 * (y - w)^4 + 0.5 * (y - 1)^2", 1e6, 1.317672196, 0.582762014],
  ])("%s", async (clause, start, value, slope) => {
    const found = (
      await prepared(`var w: real init 2\nvar y: real init ${start}\nminimize y over w where y ${clause}`)
    ).gradient();
    expect(found.value).toBeCloseTo(value, 7);
    expect(found.gradient.w).toBeCloseTo(slope, 7);
  });

  it("of equations end as precisely where two roots are near", async () => {
    const source = "var w: real init 1e-8\nvar z: real init 1\nminimize z over w where z solves z^2 = w";
    expect((await prepared(source)).gradient().gradient.w).toBeCloseTo(5000, 5);
  });
});

describe("multiple roots and empty sets", () => {
  const codes = async (source: string): Promise<readonly string[]> => (await refusals(source)).map(({ code }) => code);

  it.each(["z^2 = w", "z^3 = w", "z^2 = w * z"])("%s has no derivative at a multiple root", async (equation) => {
    const source = `var w: real init 0\nvar z: real init 1\nminimize z over w where z solves ${equation}`;
    expect(await codes(source)).toEqual(["singular-lower-level"]);
  });

  it("a singular fixed point is refused, though the upper level is flat there", async () => {
    const source =
      "param a: real = 1\nvar w: real init 2\nvar z: real\nminimize z^2 over w where z solves z = a * z + w";
    expect(await codes(source)).toEqual(["singular-lower-level"]);
  });

  it("a set without a point is refused at either level", async () => {
    const lower = "var w: real init 2\nvar x: real[2] in box(3, w)\nminimize x[0] over w where x minimizes sumsq(x)";
    const upper = "var w: real in box(3, 1)\nvar x: real\nminimize x over w where x minimizes (x - w)^2";
    expect(await codes(lower)).toEqual(["infeasible-lower-level"]);
    expect(await codes(upper)).toEqual(["infeasible-upper-level"]);
  });

  it("an infinite bound is none", async () => {
    const source =
      "var w: real init 2\nvar x: real[2] in box(-inf, inf)\nminimize x[0] over w where x minimizes sumsq(x - w)";
    expect((await prepared(source)).gradient()).toMatchObject({ value: 2, gradient: { w: 1 }, warnings: [] });
  });
});
