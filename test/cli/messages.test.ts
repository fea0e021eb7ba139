/** How diagnostics look in a terminal, and what they are in JSON. */
import { describe, expect, it } from "vitest";
import { diagnosticJson, renderDiagnostic } from "../../cli/render.ts";
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { bilevel, folderWith } from "./process.ts";

const folder = folderWith({
  "shape.bilevel":
    'data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "y")\nvar lambda: real\nvar theta: real[d]\nminimize mean((train.X\' @ theta - train.y)^2) over lambda\nwhere theta minimizes sumsq(theta - lambda)\n',
  "main.bilevel":
    'import "parts/loss.bilevel"\nvar a: real\nvar x: real\nminimize loss(x) over a\nwhere x minimizes (x - a)^2\n',
  "parts/loss.bilevel": "let loss(v) = (v - targt)^2\nlet target = 1\n",
  "cell.bilevel":
    'data train: { x: real[n], y: real[n] } = csv("train.csv", x: "x", y: "y")\nvar a: real\nminimize mean((train.x * a - train.y)^2) over a\n',
  "train.csv": "x,y\n1,2\n3,four\n",
});

describe("in a terminal", () => {
  it("a mistake has its line, a mark, the other place and a suggestion", () => {
    expect(bilevel(folder, ["check", "shape.bilevel"]).err).toMatchInlineSnapshot(`
      "shape.bilevel:4:16: error[shape-mismatch]: train.X' @ theta: the inner sizes disagree, train.X' is real[d, n] and theta is real[d]
          4 | minimize mean((train.X' @ theta - train.y)^2) over lambda
            |                ^^^^^^^^^^^^^^^^
        note: shape.bilevel:1:15: train.X is declared here: real[n, d]
          1 | data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "y")
            |               ^
        note: shape.bilevel:3:5: theta is declared here: real[d]
          3 | var theta: real[d]
            |     ^^^^^
        help: did you mean train.X @ theta?
      "
    `);
  });

  it("a mistake in an imported file is shown there", () => {
    expect(bilevel(folder, ["check", "main.bilevel"]).err).toMatchInlineSnapshot(`
      "parts/loss.bilevel:1:20: error[unknown-name]: targt is not declared
          1 | let loss(v) = (v - targt)^2
            |                    ^^^^^
        note: main.bilevel:4:10: while checking this use of loss
          4 | minimize loss(x) over a
            |          ^^^^^^^
        help: did you mean target?
      "
    `);
  });

  it("a mistake in the data is at its cell, with the place that reads it", () => {
    expect(bilevel(folder, ["check", "cell.bilevel"]).err).toMatchInlineSnapshot(`
      "train.csv:3:3: error[cell-invalid]: train.y (column "y") is "four" here, and must be a number
        note: cell.bilevel:1:46: it is read here
          1 | data train: { x: real[n], y: real[n] } = csv("train.csv", x: "x", y: "y")
            |                                              ^^^^^^^^^^^
      "
    `);
  });
});

describe("in JSON", () => {
  it("lines and columns count from 1, the end excluded", () => {
    const { out, status } = bilevel(folder, ["check", "main.bilevel", "--json"]);
    expect(status).toBe(2);
    const { ok, diagnostics } = JSON.parse(out);
    expect(ok).toBe(false);
    expect(diagnostics[0]).toMatchObject({
      code: "unknown-name",
      severity: "error",
      file: "parts/loss.bilevel",
      line: 1,
      column: 20,
      endLine: 1,
      endColumn: 25,
    });
  });
});

describe("the mark", () => {
  const rendered = (text: string, marked: string, colour = false): string => {
    const start = text.indexOf(marked);
    const diagnostic: Diagnostic = {
      code: "some-code",
      severity: "error",
      message: "wrong",
      span: { file: "f", start, end: start + marked.length },
    };
    return renderDiagnostic(diagnostic, new Map([["f", text]]), colour);
  };

  it("stands under its text behind tabs and wide or combining characters", () => {
    expect(rendered("\tλ̄ 漢字 x", "x")).toBe(
      "f:1:8: error[some-code]: wrong\n    1 |     λ̄ 漢字 x\n      |            ^",
    );
  });

  it("counts characters beyond the basic plane once", () => {
    expect(rendered("𝜃 + x", "x")).toContain("f:1:5:");
  });

  it("ends with its first line, and a long line is cut around it", () => {
    expect(rendered("a (b\nc) d", "(b\nc)")).toContain("\n      |   ^^");
    const lines = rendered(`${"a".repeat(500)} marked ${"b".repeat(500)}`, "marked").split("\n");
    expect(lines[1]).toMatch(/^ {4}1 \| …a+ marked b+…$/);
    expect(lines[2]?.indexOf("^")).toBe(lines[1]?.indexOf("marked"));
  });

  it("is coloured only when asked", () => {
    expect(rendered("x", "x", true)).toContain("\u001b[");
    expect(rendered("x", "x")).not.toContain("\u001b[");
  });

  it("stands at the end of the text, too", () => {
    const diagnostic: Diagnostic = {
      code: "some-code",
      severity: "error",
      message: "wrong",
      span: { file: "f", start: 4, end: 4 },
    };
    expect(renderDiagnostic(diagnostic, new Map([["f", "ab\nc"]]), false)).toBe(
      "f:2:2: error[some-code]: wrong\n    2 | c\n      |  ^",
    );
    expect(diagnosticJson(diagnostic, new Map([["f", "ab\r\nc"]]))).toMatchObject({ line: 2, column: 1 });
  });
});
