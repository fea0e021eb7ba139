/** Values as people read them: a scalar whole, a short vector by its entries, a large array by its shape and range. */

import type { NestedArray, Residuals } from "../runtime/types.ts";
import { flatten, shapeOfNested } from "../runtime/values.ts";
import { widthOf } from "./width.ts";

/** Six digits: enough to read; every digit is in the JSON document. */
export function showNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  const text = magnitude >= 1e-4 && magnitude < 1e7 ? value.toPrecision(6) : value.toExponential(4);
  return text.includes("e") ? text : text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

/** Two digits, for residuals and norms. */
export function showSmall(value: number): string {
  return value === 0 || !Number.isFinite(value) ? String(value) : value.toExponential(1);
}

export function showResiduals({ inner, adjoint }: Residuals): string {
  return `inner ${showSmall(inner)}, adjoint ${showSmall(adjoint)}`;
}

/** Of a fixed point: how much of an error one more iteration leaves. An estimate, so three digits. */
export function showContraction(factor: number): string {
  return factor.toPrecision(3);
}

export function showSeconds(seconds: number): string {
  return seconds < 10
    ? `${seconds.toFixed(2)} s`
    : seconds < 120
      ? `${seconds.toFixed(1)} s`
      : `${(seconds / 60).toFixed(1)} min`;
}

/** A name, what it is, and its value. */
export interface Shown {
  readonly name: string;
  /** `real[d]`, where it is known. */
  readonly type?: string;
  readonly value: NestedArray;
  /** What the entries of a vector are called. */
  readonly labels?: readonly string[];
}

/** The longest vector that is shown entry by entry. */
const longest = 24;
const indent = "    ";
const width = 100;

/** An indented list under a title; nothing for no values. */
export function showValues(title: string, values: readonly Shown[]): string {
  if (values.length === 0) return "";
  const names = columnWidth(values.map((each) => each.name));
  const types = columnWidth(values.map((each) => each.type ?? ""));
  const lines = values.map((shown) => {
    const head = `  ${pad(shown.name, names)}  ${pad(shown.type ?? "", types)}${types > 0 ? "  " : ""}`;
    const { line, block } = describe(shown);
    return [`${head}${line}`.trimEnd(), ...block].join("\n");
  });
  return `\n${title}\n${lines.join("\n")}\n`;
}

function describe({ value, labels }: Shown): { readonly line: string; readonly block: readonly string[] } {
  if (typeof value === "number") return { line: showNumber(value), block: [] };
  const numbers = flatten(value);
  const shape = shapeOfNested(value) ?? [];
  if (shape.length === 1 && labels?.length === numbers.length) return { line: "", block: labelled(numbers, labels) };
  if (shape.length === 1 && numbers.length <= longest) return { line: "", block: wrap(numbers.map(showNumber)) };
  return { line: `${shape.join(" × ")}, ${summary(numbers)}`, block: [] };
}

/** In the order of the data; of many, those of the largest magnitude. */
function labelled(numbers: readonly number[], labels: readonly string[]): readonly string[] {
  const entries = numbers.map((value, i) => ({ value, label: labels[i] ?? "" }));
  const many = entries.length > longest;
  const chosen = many
    ? entries.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, longest / 2)
    : entries;
  const label = columnWidth(chosen.map((each) => each.label));
  const lines = wrap(chosen.map((each) => `${pad(each.label, label)} ${showNumber(each.value)}`));
  return many ? [`${indent}the largest of ${entries.length}; ${summary(numbers)}`, ...lines] : lines;
}

function summary(numbers: readonly number[]): string {
  if (numbers.length === 0) return "empty";
  const smallest = numbers.reduce((a, b) => Math.min(a, b));
  const largest = numbers.reduce((a, b) => Math.max(a, b));
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  return `from ${showNumber(smallest)} to ${showNumber(largest)}, mean ${showNumber(mean)}`;
}

/** Cells of one width, as many on a line as fit. */
function wrap(cells: readonly string[]): readonly string[] {
  const cell = columnWidth(cells) + 3;
  const perLine = Math.max(1, Math.floor((width - indent.length) / cell));
  const lines = Array.from({ length: Math.ceil(cells.length / perLine) }, (_, i) =>
    cells.slice(i * perLine, (i + 1) * perLine),
  );
  return lines.map((line) => `${indent}${line.map((text) => pad(text, cell)).join("")}`.trimEnd());
}

export function columnWidth(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, widthOf(text)), 0);
}

export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}
