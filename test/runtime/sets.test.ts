import { describe, expect, it } from "vitest";
import { prepared, refusals, word } from "../support/problems.ts";

describe("upper variables in sets", () => {
  it("stay in them, and end where the projected gradient vanishes", async () => {
    const problem = await prepared(`
      var a: real[3] in simplex
      var b: real[2] in box(-0.2, 0.5) init 3
      var c: real[2] in ball(0.5)
      minimize sumsq(a - [0.9, 0.5, -0.3]) + sumsq(b - [1, 0.1]) + sumsq(c - [3, 4]) over a, b, c`);
    const { status, upper, gradient_norm } = await problem.solve();
    expect(status).toBe("converged");
    const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 7));
    expect(upper).toEqual({ a: close([0.7, 0.3, 0]), b: close([0.5, 0.1]), c: close([0.3, 0.4]) });
    expect(gradient_norm).toBeLessThan(1e-6);
  });

  it("are projected to positive semidefinite matrices by their eigenvalues", async () => {
    const problem = await prepared(`
      var Y: real[2, 2] in psd
      minimize sumsq(Y - [[0, 2], [0, 0]]) over Y`);
    const { status, upper } = await problem.solve();
    // The symmetric part has the eigenvalues 1 and −1, and (1, 1) / √2 for the first.
    expect(status).toBe("converged");
    expect((upper.Y as number[][]).flat()).toEqual([0.5, 0.5, 0.5, 0.5].map((value) => expect.closeTo(value, 7)));
  });

  it("carry a lower level along, upwards too", async () => {
    const problem = await prepared(`
      var p: real[3] in simplex
      var y: real
      maximize -(y - 2.2)^2 - sumsq(p) over p
      where y minimizes (y - p @ [1, 2, 3])^2`);
    const { upper, lower } = await problem.solve();
    // p = (1/3, 1/3, 1/3) + t (−1, 0, 1): y = 2 + 2t, and −(2t − 0.2)² − 2t² is largest at t = 1/15.
    expect(upper.p).toEqual([1 / 3 - 1 / 15, 1 / 3, 1 / 3 + 1 / 15].map((value) => expect.closeTo(value, 6)));
    expect(lower.y).toBeCloseTo(2 + 2 / 15, 6);
  });

  it("refuse what would leave the set, and sets that move", async () => {
    const source = "var a: real in nonnegative\nminimize (a + 1)^2 over a";
    await expect(prepared(source, { options: new Map([["outer", word("adam")]]) })).rejects.toThrow(
      "does not keep the upper variables",
    );
    const moving = "var a: real\nvar b: real in box(0, exp(a))\nminimize (a + 1)^2 + b^2 over a, b";
    expect((await refusals(moving))[0]?.code).toBe("not-derived-yet");
  });
});
