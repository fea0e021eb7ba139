import { describe, expect, it } from "vitest";
import { prepared, refusals } from "../support/problems.ts";

const codes = async (source: string): Promise<readonly string[]> => (await refusals(source)).map(({ code }) => code);

describe("stationary points of nested and simultaneous clauses", () => {
  it("are refused where a deeper level is at a maximum", async () => {
    const source = (start: number) => `
      var w: real init 0.3
      var y: real
      var z: real init ${start}
      minimize (y - 1)^2 + z over w
      where y minimizes (y - w)^2 + 0.5 * z
      where z minimizes cos(z) + y * z * 0.1`;
    expect(await codes(source(0.1))).toEqual(["not-a-minimum"]);
    expect(await codes(source(3))).toEqual([]);
  });

  it("are judged by the curvature with the answers following", async () => {
    const source = (objective: string) => `
      var w: real init 0.5
      var y: real
      var z: real
      minimize (y - 1)^2 over w
      where y minimizes ${objective} - w * y
      where z minimizes (z - y)^2`;
    // y² − 2 z² is −y² once z follows; −y²/2 + z² is y²/2.
    expect(await codes(source("y^2 - 2 * z^2"))).toEqual(["not-a-minimum"]);
    const problem = await prepared(source("-0.5 * y^2 + z^2"));
    expect(problem.gradient().lower.y).toBeCloseTo(0.5, 12);
  });

  it("are refused where a player of an equilibrium is at a maximum", async () => {
    const source = (sign: string) => `
      var u: real init 0.7
      var a: real[2]
      var b: real
      minimize sum(a) + b over u
      where a minimizes sumsq(a - u) + sum(a) * b
      and   b minimizes ${sign}0.5 * (b - u)^2 + a[0] * b`;
    expect(await codes(source("-"))).toEqual(["not-a-minimum"]);
    expect(await codes(source(""))).toEqual([]);
  });
});

describe("stationary points on a face", () => {
  const source = (unknown: string, objective: string, subject = "") => `
    var w: real init 2
    var x: real[2] ${unknown}
    minimize x[0] * w + x[1] over w
    where x minimizes ${objective} ${subject}`;

  it.each([
    ["between bounds", "in box(-1, 1)", "w * 0 - sumsq(x)", ""],
    ["inside a ball", "in ball(1)", "w * 0 - sumsq(x)", ""],
    ["inside the simplex", "in simplex", "w * 0 - sumsq(x)", ""],
    ["between constraints", "", "w * 0 - sumsq(x)", "subject to x <= 1, x >= -1"],
    ["on a curved constraint", "init -1", "-x[0] - w * x[1]", "subject to sumsq(x) == 1"],
    ["between kinks", "init 1", "0.1 * w * norm1(x) - sumsq(x - 2)", ""],
  ])("are refused where they are maxima: %s", async (_, unknown, objective, subject) => {
    expect(await codes(source(unknown, objective, subject))).toEqual(["not-a-minimum"]);
  });

  it.each([
    ["at a corner of bounds", "in box(-1, 1) init 0.5", "w * 0 - sumsq(x)", ""],
    ["on a curved constraint", "init [1, 0]", "-x[0] - w * x[1]", "subject to sumsq(x) == 1"],
    ["at a vertex", "", "-x[0] - 2 * x[1]", "subject to x[0] + x[1] <= w, x >= 0, x[1] <= 1"],
  ])("are taken where they are minima: %s", async (_, unknown, objective, subject) => {
    expect(await codes(source(unknown, objective, subject))).toEqual([]);
  });
});
