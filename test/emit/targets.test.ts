import { describe, expect, it } from "vitest";
import type { Explanation } from "../../compiler/emit/explanation.ts";
import { renderHtml } from "../../compiler/emit/html.ts";
import { renderJson } from "../../compiler/emit/json.ts";
import { latexOf, renderLatex } from "../../compiler/emit/latex.ts";
import { renderMarkdown } from "../../compiler/emit/markdown.ts";
import type { Formula } from "../../compiler/emit/math.ts";
import { call, identity, indexSymbol, number, ones, symbol } from "../../compiler/emit/math.ts";
import { lineOf, renderText } from "../../compiler/emit/text.ts";
import { namedSize } from "../../compiler/ir/size.ts";
import { balanced } from "./balanced.ts";
import { explanationOf, programs } from "./explained.ts";

const [A, x, i] = [symbol("A"), symbol("θ", "train"), indexSymbol("i", namedSize("n"))];
const sumOfTwo: Formula = {
  kind: "sum",
  terms: [
    { sign: 1, term: A },
    { sign: -1, term: x },
  ],
};

/** One of every kind. */
const everyKind: { readonly [K in Formula["kind"]]: Extract<Formula, { kind: K }> } = {
  symbol: symbol("weight_of", "a b"),
  number: { kind: "number", value: 5e-5 },
  sum: sumOfTwo as Extract<Formula, { kind: "sum" }>,
  product: { kind: "product", factors: [A, sumOfTwo] },
  hadamard: { kind: "hadamard", factors: [x, sumOfTwo] },
  scaled: {
    kind: "scaled",
    factor: { kind: "fraction", numerator: number(2), denominator: symbol("n") },
    body: sumOfTwo,
  },
  fraction: { kind: "fraction", numerator: sumOfTwo, denominator: { kind: "product", factors: [A, x] } },
  power: { kind: "power", base: sumOfTwo, exponent: number(2) },
  transpose: { kind: "transpose", operand: sumOfTwo },
  inverse: { kind: "inverse", operand: sumOfTwo },
  root: { kind: "root", operand: sumOfTwo },
  norm: { kind: "norm", operand: sumOfTwo },
  abs: { kind: "abs", operand: sumOfTwo },
  inner: { kind: "inner", left: A, right: x },
  call: { kind: "call", fn: "less_than", over: i, arguments: [x] },
  application: { kind: "application", map: { kind: "transpose", operand: A }, arguments: [x, A] },
  identity: identity as Extract<Formula, { kind: "identity" }>,
  ones: ones as Extract<Formula, { kind: "ones" }>,
  indexSum: { kind: "indexSum", indices: [i], body: sumOfTwo },
  integral: { kind: "integral", by: symbol("τ"), body: sumOfTwo },
  subscripted: { kind: "subscripted", base: sumOfTwo, indices: [i, number(0)] },
  entries: { kind: "entries", indices: [i], body: sumOfTwo },
  indicator: { kind: "indicator", condition: { kind: "relation", left: A, sign: "≤", right: x } },
  relation: { kind: "relation", left: sumOfTwo, sign: "∧", right: call("exp", x) },
  derivative: { kind: "derivative", of: A, by: [x, A], total: false },
  matrix: {
    kind: "matrix",
    rows: [
      [A, x],
      [x, A],
    ],
  },
};

const kinds: Explanation = {
  file: "a_b & c.bilevel",
  sections: [
    {
      title: "Found",
      items: [
        ...Object.values(everyKind).map((formula) => ({ kind: "equation", sides: [formula, A] }) as const),
        { kind: "where", name: symbol("η"), value: sumOfTwo },
        { kind: "sentence", parts: ["50 % of <x_1>, or $2 ", x] },
        { kind: "table", head: ["name"], rows: [[x], ["real[n, d]"]] },
      ],
    },
  ],
};

const explanations: Readonly<Record<string, () => Explanation>> = {
  "every kind of formula": () => kinds,
  ...Object.fromEntries(Object.entries(programs).map(([name, program]) => [name, () => explanationOf(program)])),
};

describe.each(Object.entries(explanations))("%s", (_, make) => {
  const explanation = make();

  it("is text within the width that is asked for", () => {
    const text = renderText(explanation, { width: 100 });
    expect(Math.max(...text.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(100);
    expect(
      renderText(explanation, { width: 100, colour: true }).replaceAll("\u001b[1m", "").replaceAll("\u001b[0m", ""),
    ).toBe(text);
  });

  it("is a LaTeX document and Markdown with balanced braces", () => {
    const document = renderLatex(explanation);
    expect(balanced(document)).toBe(true);
    expect(document).toMatch(/^\\documentclass[\s\S]*\\begin\{document\}[\s\S]*\\end\{document\}\n$/);
    expect(document).not.toMatch(/[^ -~\n]/);
    const markdown = renderMarkdown(explanation);
    expect(markdown.match(/\$\$/g)?.length).toBeGreaterThan(0);
    expect((markdown.match(/\$\$/g)?.length ?? 0) % 2).toBe(0);
  });

  it("is a page with MathML and nothing from elsewhere", async () => {
    const page = await renderHtml(explanation);
    expect(page).toContain("<math");
    expect(page).toContain("prefers-color-scheme: dark");
    expect(page).not.toMatch(/<script|<link|temml-error|src=|@import/);
  });

  it("is plain JSON with every formula as text and as LaTeX", () => {
    const json = renderJson(explanation);
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    for (const item of json.sections.flatMap((section) => section.items)) {
      if (item.kind !== "equation") continue;
      for (const side of item.sides) expect([side.text, side.latex]).not.toContain("");
    }
  });
});

it("escapes what Markdown and LaTeX would read as marks", () => {
  expect(renderLatex(kinds)).toContain("50 \\% of <x\\_1>, or \\$2");
  expect(renderMarkdown(kinds)).toContain("of \\<x\\_1\\>, or \\$2");
});

describe("parentheses", () => {
  it.each([
    [everyKind.product, "A (A − θ_train)", "A \\, (A - \\theta_{\\mathrm{train}})"],
    [everyKind.scaled, "(2/n) (A − θ_train)", "\\frac{2}{n} \\, (A - \\theta_{\\mathrm{train}})"],
    [everyKind.transpose, "(A − θ_train)ᵀ", "{(A - \\theta_{\\mathrm{train}})}^{\\top}"],
    [everyKind.number, "5·10⁻⁵", "5 \\cdot 10^{-5}"],
  ] as const)("%#", (formula, text, latex) => {
    expect(lineOf(formula)).toBe(text);
    expect(latexOf(formula)).toBe(latex);
  });
});
