/** Lower levels without a single, well-determined answer are refused, whichever solver meets them; well-posed ones are not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { prepared, refusals, word } from "../support/problems.ts";

const codes = async (source: string, options = {}): Promise<readonly string[]> =>
  (await refusals(source, { options: new Map(Object.entries(options)) } as Parameters<typeof refusals>[1])).map(
    ({ code }) => code,
  );

/** 3200 unknowns are not factorised. */
const wide = (penalty: string): string => `
  let X = normal(5, 3200, seed: 1)
  var w: real
  var t: real[3200]
  minimize sumsq(t - 1) over w
  where t minimizes sumsq(X @ t - exp(w)) + ${penalty}`;

describe("flat directions", () => {
  it("are found by products alone, and counted up to eight", async () => {
    const [found] = await refusals(wide("0"));
    expect(found).toMatchObject({ code: "singular-lower-level", severity: "refusal" });
    expect(found?.message).toContain("at least 8 flat directions");
    expect(found?.suggestion).toContain("selected from");
    const two = `
      var w: real
      var t: real[3200]
      minimize sumsq(t - 1) over w
      where t minimizes sumsq(t[2:] - exp(w)) + (sum(t[2:]) - w)^2`;
    expect((await refusals(two))[0]?.message).toContain("with 2 flat directions");
  });

  it("are a warning where the condition number is merely large", async () => {
    const problem = await prepared(wide("1e-9 * sumsq(t)"));
    expect(problem.gradient().warnings.map(({ code }) => code)).toContain("ill-conditioned");
    expect((await prepared(wide("sumsq(t)"))).gradient().warnings).toEqual([]);
  });

  it("are not looked for where strong convexity is proved well above rounding", async () => {
    const problem = await prepared(wide("1e-3 * sumsq(t)"));
    expect(problem.gradient().warnings).toEqual([]);
  });

  it("are refused though an iterative solver would give a number", async () => {
    const source = `
      let X = [[1, 2, 3], [4, 5, 6]]
      var w: real
      var t: real[3]
      minimize sumsq(t - 1) over w
      where t minimizes sumsq(X @ t - exp(w))`;
    for (const adjoint of ["cg", "minres", "lbfgs", "gd"])
      expect(await codes(source, { inner: word("lbfgs"), adjoint: word(adjoint) })).toEqual(["singular-lower-level"]);
    const capped = await prepared(source, {
      options: new Map([
        ["inner", word("gd", { max: 20 })],
        ["adjoint", word("cg")],
      ]),
    });
    expect(capped.gradient().warnings).toContainEqual(
      expect.objectContaining({ code: "singular-lower-level", severity: "warning" }),
    );
  });
});

describe("a minimum without curvature", () => {
  it.each([
    ["of the fourth order", "(x - a)^4"],
    ["of the sixth order", "(x - a)^6 + 0 * x"],
    ["that a parameter makes one", "x^4 - (a - 0.3) * x"],
    ["in one of two directions", "(x - a)^4 + sumsq(u - x)"],
    ["at infinity", "exp(-x) + a^2"],
    ["at infinity, behind data that a plane separates", "sum(softplus(-[1, 2, 0.5] * x))"],
  ])("%s is refused", async (_, objective) => {
    const source = `
      var a: real init 0.3
      var x: real init 1
      var u: real[2]
      minimize (x - 2)^2 + sumsq(u) over a
      where x, u minimizes ${objective.includes("u") ? objective : `${objective} + sumsq(u)`}`;
    const found = await codes(source);
    expect(found).toHaveLength(1);
    expect(["degenerate-minimum", "singular-lower-level", "unbounded-lower-level"]).toContain(found[0]);
  });

  it("is no concern with the author's consent to damping", async () => {
    const source = "var a: real init 0.3 var x: real init 1 minimize x over a where x minimizes (x - a)^4";
    expect(await codes(source, { adjoint: word("auto", { damping: 1e-3 }) })).toEqual([]);
  });

  it("is not seen in problems that have one", async () => {
    const number = fc.double({ min: -2, max: 2, noNaN: true });
    const losses = fc.constantFrom(
      "logcosh(r)",
      "softplus(r) - 0.5 * (r)",
      "sqrt(1 + (r)^2)",
      "exp(r) - (r)",
      "(r)^4 + 0.1 * (r)^2",
    );
    await fc.assert(
      fc.asyncProperty(
        losses,
        number,
        fc.integer({ min: -6, max: 2 }),
        fc.constantFrom("newton", "lbfgs", "gd"),
        async (loss, a, power, inner) => {
          const source = `
          let X = normal(12, 3, seed: 4)
          var a: real
          var t: real[3] init 5
          minimize sumsq(t - 1) over a
          where t minimizes mean(${loss.replaceAll("(r)", "(X @ t - a)")}) + 1e${power} * sumsq(t)`;
          try {
            const problem = await prepared(source, { options: new Map([["inner", word(inner)]]) });
            problem.gradient({ a });
          } catch (error) {
            if (error instanceof BilevelError)
              throw new Error(error.diagnostics.map(({ message }) => message).join("\n"));
            throw error;
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
