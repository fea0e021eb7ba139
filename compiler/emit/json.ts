/** Explanations as plain JSON: every formula as one line of text and as LaTeX. */
import type { Explanation, Inline, Item } from "./explanation.ts";
import { latexOf } from "./latex.ts";
import type { Formula } from "./math.ts";
import { inlineText, lineOf } from "./text.ts";

export interface JsonFormula {
  readonly text: string;
  readonly latex: string;
}

export type JsonItem =
  | { readonly kind: "sentence"; readonly text: string; readonly formulas: readonly JsonFormula[] }
  | { readonly kind: "equation"; readonly sides: readonly JsonFormula[] }
  | { readonly kind: "where"; readonly name: JsonFormula; readonly value: JsonFormula }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

export interface JsonExplanation {
  readonly file: string;
  readonly sections: readonly { readonly title: string; readonly items: readonly JsonItem[] }[];
}

const both = (formula: Formula): JsonFormula => ({ text: lineOf(formula), latex: latexOf(formula) });

const formulasIn = (parts: readonly Inline[]): readonly JsonFormula[] =>
  parts.flatMap((part) => (typeof part === "string" ? [] : [both(part)]));

function itemJson(item: Item): JsonItem {
  switch (item.kind) {
    case "sentence":
      return { kind: "sentence", text: inlineText(item.parts), formulas: formulasIn(item.parts) };
    case "equation":
      return { kind: "equation", sides: item.sides.map(both) };
    case "where":
      return { kind: "where", name: both(item.name), value: both(item.value) };
    case "table":
      return { kind: "table", head: item.head, rows: item.rows.map((row) => row.map((cell) => inlineText([cell]))) };
    default:
      return item satisfies never;
  }
}

export function renderJson(explanation: Explanation): JsonExplanation {
  return {
    file: explanation.file,
    sections: explanation.sections.map(({ title, items }) => ({ title, items: items.map(itemJson) })),
  };
}
