import { describe, expect, it } from "vitest";
import { renderText } from "../../compiler/emit/text.ts";
import { equationsOf, explanationOf, programs } from "./explained.ts";

describe("explanations", () => {
  it("tells the whole story of a ridge regression", () => {
    const sizes = new Map([["n", 353], ["m", 89], ["d", 10]]);
    expect(`\n${renderText(explanationOf(programs.ridgePerFeature, sizes), { width: 110 })}`).toMatchInlineSnapshot();
  });

  it("derives one penalty", () => {
    expect(equationsOf(programs.ridge)).toMatchInlineSnapshot();
  });

  it("derives logistic regression", () => {
    expect(equationsOf(programs.logistic)).toMatchInlineSnapshot();
  });

  it("derives multinomial data cleaning", () => {
    expect(equationsOf(programs.cleaning)).toMatchInlineSnapshot();
  });

  it("derives the lower half of a matrix factorisation", () => {
    expect(equationsOf(programs.factorisation)).toMatchInlineSnapshot();
  });

  it("derives clauses side by side", () => {
    expect(equationsOf(programs.sideBySide)).toMatchInlineSnapshot();
  });

  it("derives clauses that answer each other", () => {
    expect(equationsOf(programs.equilibrium)).toMatchInlineSnapshot();
  });

  it("derives a system of equations", () => {
    expect(equationsOf(programs.solves)).toMatchInlineSnapshot();
  });

  it("derives a lower level that the upper one agrees with", () => {
    expect(equationsOf(programs.danskin)).toMatchInlineSnapshot();
  });

  it("derives a fixed point of matrices", () => {
    expect(equationsOf(programs.deepEquilibrium)).toMatchInlineSnapshot();
  });
});
