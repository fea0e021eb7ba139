import { describe, expect, it } from "vitest";
import { evaluateSize } from "../../compiler/ir/size.ts";
import { type BlockFacts, factsOf } from "../../compiler/plan/facts.ts";
import { planOf } from "../../compiler/plan/plan.ts";
import { compiled, word } from "../support/problems.ts";

/** `beside`: a second unknown b of that type, chosen with y. */
function factsFor(unknown: string, objective: string, upper = "sum(y) + w", beside?: string): BlockFacts {
  const { derivation, problem } = compiled(`
    let A = [[1, 2, 0], [3, 4, 1], [0, 1, 1], [1, 0, 0]]
    let T = [[1, 2], [3, 4], [0, 1], [1, 1]]
    let C = [1, -1, 1, 1]
    var w: real
    var y: ${unknown}
    ${beside === undefined ? "" : `var b: ${beside}`}
    minimize ${upper} over w
    where ${beside === undefined ? "y" : "y, b"} minimizes ${objective}`);
  const block = derivation?.blocks[0];
  if (derivation === undefined || block === undefined || problem === undefined) throw new Error("no block");
  return factsOf(problem.graph, block, derivation.blocks);
}

describe("what is found about a lower level", () => {
  it("sees a quadratic, and its modulus", () => {
    const facts = factsFor("real[3]", "mean((A @ y - C)^2) + exp(w) * sumsq(y)");
    expect(facts).toMatchObject({ quadratic: true, convexity: "convex", upper: "different" });
    expect(facts.modulus).toHaveLength(1);
    expect(facts.form.kind).toBe("dense");
  });

  it("sees a generalised linear model", () => {
    const facts = factsFor("real[3]", "mean(logistic_loss(A @ y, C)) + exp(w) * sumsq(y)");
    expect(facts.quadratic).toBe(false);
    expect(facts.predictors).toHaveLength(1);
    // The squares couple the rows of A y, so this is not one.
    expect(factsFor("real[3]", "log(1 + sumsq(A @ y)) + exp(w) * sumsq(y)").predictors).toHaveLength(0);
  });

  it("sees what is not coupled: a diagonal, and equal blocks", () => {
    expect(factsFor("real[3]", "sum(cosh(y) - w * y)".replace("cosh(y)", "exp(y)")).form).toMatchObject({
      kind: "diagonal",
      separate: [0],
    });
    // ‖A Y − T‖² couples the rows of Y only, and in the same way in each column.
    const { form } = factsFor("real[3, 2]", "sum((A @ y - T)^2) + exp(w) * sumsq(y)");
    expect(form).toMatchObject({ kind: "blocks", separate: [1], coupled: [0], shared: true });
    expect(evaluateSize(form.order, new Map())).toBe(3);
    // Weighted by a column each, the blocks differ.
    const weighted = factsFor("real[3, 2]", "sum([1, 2] * (A @ y - T)^2) + exp(w) * sumsq(y)").form;
    expect(weighted).toMatchObject({ kind: "blocks", shared: false });
  });

  it("sees weights and biases as one matrix for all columns, where the columns are alike", () => {
    const form = (objective: string, beside: string) =>
      factsFor("real[3, 2]", `${objective} + exp(w) * sumsq(y)`, "sum(y) + w", beside).form;
    const fitted = form("sum((A @ y + b - T)^2)", "real[2]");
    expect(fitted).toMatchObject({ kind: "blocks", separate: [1], coupled: [0], shared: true });
    expect([fitted.order, fitted.count].map((size) => evaluateSize(size, new Map()))).toEqual([4, 2]);
    expect(form("sum(([1, 2] * (A @ y + b - T))^2)", "real[2]").kind).toBe("dense");
    expect(form("sum((A @ y - T)^2) + (sum(y) - sum(b))^2 + sumsq(b)", "real[2]").kind).toBe("dense");
    expect(form("sum((A @ y + b - T)^2)", "real").kind).toBe("dense");
  });

  it("sees where the upper level shares the objective, or does not read it", () => {
    const g = "sum(exp(y) - w * y)";
    expect(factsFor("real[3]", g, `${g} + w^2`).upper).toBe("equal");
    expect(factsFor("real[3]", g, `3 - (${g})`).upper).toBe("negated");
    expect(factsFor("real[3]", g, "w^2").upper).toBe("absent");
    expect(factsFor("real[3]", g, `2 * ${g}`).upper).toBe("proportional");
  });

  it("sees a kink in the unknown, and none where only data has one", () => {
    expect(factsFor("real[3]", "sum(abs(y)) + sumsq(y - w)").kinks).toHaveLength(1);
    expect(factsFor("real[3]", "sum(abs(A @ [1, -2, w])) * sumsq(y) + sumsq(y)").kinks).toHaveLength(0);
  });
});

describe("the plan", () => {
  const quadratic =
    "var w: real\nvar y: real[n]\ndim n = 5\nminimize sum(y) over w\nwhere y minimizes sumsq(y - w) + (sum(y))^2";
  const general =
    "var w: real\nvar y: real[n]\ndim n = 5\nminimize sum(y) over w\nwhere y minimizes sum(logcosh(y - w)) + exp(sum(y)) + sumsq(y)";
  const planFor = (source: string, n: number, options = new Map()) => {
    const { problem, derivation } = compiled(source);
    if (problem === undefined || derivation === undefined) throw new Error("nothing to plan");
    const [block] = planOf(problem.graph, derivation, options, new Map([["n", n]])).blocks;
    return [block?.inner.solver, block?.linear, block?.adjoint.solver];
  };

  it("factorises what is small enough, and takes products with what is not", () => {
    expect(planFor(quadratic, 10)).toEqual(["cholesky", "cholesky", "cholesky"]);
    expect(planFor(quadratic, 10_000)).toEqual(["cg", "cg", "cg"]);
    expect(planFor(general, 10)).toEqual(["newton", "cholesky", "cholesky"]);
    expect(planFor(general, 10_000)).toEqual(["newton", "cg", "cg"]);
  });

  it("follows what is asked, and refuses what does not fit", () => {
    expect(
      planFor(
        general,
        10,
        new Map([
          ["inner", word("lbfgs")],
          ["adjoint", word("cg")],
        ]),
      ),
    ).toEqual(["lbfgs", "cholesky", "cg"]);
    expect(planFor(general, 10_000, new Map([["method", word("exact")]]))).toEqual(["newton", "cholesky", "cholesky"]);
    expect(() => planFor(general, 10, new Map([["inner", word("cholesky")]]))).toThrow("not quadratic in y");
    expect(() => planFor(general, 10, new Map([["inner", word("anderson")]]))).toThrow("anderson iterates v = F(v)");
    expect(() => planFor(general, 10, new Map([["method", word("kernel")]]))).toThrow(
      "method: kernel is for unknown functions in an RKHS",
    );
  });
});
