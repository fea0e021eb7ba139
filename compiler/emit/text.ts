/** Explanations as Unicode text for terminals and hovers. */
import type { Node } from "../ir/node.ts";
import type { Explanation, Inline, Item } from "./explanation.ts";
import { binding, bindingOf, type Formula, type MathSymbol } from "./math.ts";
import { array, createNotation } from "./notation.ts";

const subscripts: Readonly<Record<string, string>> = {
  0: "₀",
  1: "₁",
  2: "₂",
  3: "₃",
  4: "₄",
  5: "₅",
  6: "₆",
  7: "₇",
  8: "₈",
  9: "₉",
  a: "ₐ",
  e: "ₑ",
  h: "ₕ",
  i: "ᵢ",
  j: "ⱼ",
  k: "ₖ",
  l: "ₗ",
  m: "ₘ",
  n: "ₙ",
  o: "ₒ",
  p: "ₚ",
  r: "ᵣ",
  s: "ₛ",
  t: "ₜ",
  u: "ᵤ",
  v: "ᵥ",
  x: "ₓ",
};
const superscripts: Readonly<Record<string, string>> = {
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
  "−": "⁻",
  "+": "⁺",
};
const vulgar: Readonly<Record<string, string>> = { "1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾" };

function raised(text: string): string | undefined {
  const marks = [...text].map((c) => superscripts[c]);
  return marks.every((mark) => mark !== undefined) ? marks.join("") : undefined;
}

function lowered(text: string): string | undefined {
  const marks = [...text].map((c) => subscripts[c]);
  return marks.every((mark) => mark !== undefined) ? marks.join("") : undefined;
}

/** 5e-5 as 5·10⁻⁵. */
function numberText(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-3;
  const [mantissa = "", exponent] = (small ? value.toExponential() : String(value)).replaceAll("-", "−").split("e");
  if (exponent === undefined) return mantissa;
  const power = `10${raised(exponent.replace("+", "")) ?? ""}`;
  return mantissa === "1" ? power : `${mantissa}·${power}`;
}

const symbolText = ({ base, subscript }: MathSymbol): string =>
  subscript === undefined ? base : `${base}${/^\d+$/.test(subscript) ? lowered(subscript) : `_${subscript}`}`;

const functionNames: Readonly<Record<string, string>> = {
  sigmoid: "σ",
  maximum: "max",
  minimum: "min",
  logdet: "log det",
};

/** A formula on one line. */
export function lineOf(formula: Formula): string {
  const inner = (part: Formula, least: number): string =>
    bindingOf(part) < least ? `(${lineOf(part)})` : lineOf(part);
  switch (formula.kind) {
    case "symbol":
      return symbolText(formula);
    case "number":
      return numberText(formula.value);
    case "sum":
      return formula.terms
        .map(
          ({ sign, term }, k) =>
            `${sign < 0 ? (k === 0 ? "−" : " − ") : k === 0 ? "" : " + "}${inner(term, binding.hadamard)}`,
        )
        .join("");
    case "product":
      return formula.factors
        .map((factor) => inner(factor, factor.kind === "fraction" ? binding.power : binding.product))
        .join(" ");
    case "hadamard":
      return formula.factors.map((factor) => inner(factor, binding.power)).join(" ⊙ ");
    case "scaled":
      return `${prefixText(formula.factor)} ${inner(formula.body, binding.hadamard)}`;
    case "fraction":
      return fractionText(formula.numerator, formula.denominator);
    case "power":
      return powerText(inner(formula.base, binding.atom), formula.exponent);
    case "transpose":
      return `${inner(formula.operand, binding.power)}ᵀ`;
    case "inverse":
      return `${inner(formula.operand, binding.atom)}⁻¹`;
    case "root":
      return `√${inner(formula.operand, binding.atom)}`;
    case "norm":
      return `‖${lineOf(formula.operand)}‖`;
    case "abs":
      return `|${lineOf(formula.operand)}|`;
    case "inner":
      return `⟨${lineOf(formula.left)}, ${lineOf(formula.right)}⟩`;
    case "call": {
      const over = formula.over === undefined ? "" : (lowered(lineOf(formula.over)) ?? `_${lineOf(formula.over)}`);
      return `${functionNames[formula.fn] ?? formula.fn}${over}(${formula.arguments.map(lineOf).join(", ")})`;
    }
    case "application":
      return `${inner(formula.map, binding.power)}(${formula.arguments.map(lineOf).join(", ")})`;
    case "identity":
      return "I";
    case "ones":
      return "𝟏";
    case "indexSum":
      return `Σ${indicesText(formula.indices)} ${inner(formula.body, binding.hadamard)}`;
    case "integral":
      return `∫ ${inner(formula.body, binding.hadamard)} d${lineOf(formula.by)}`;
    case "subscripted":
      return subscriptedText(formula.base, formula.indices);
    case "entries":
      return `[${lineOf(formula.body)}]${indicesText(formula.indices)}`;
    case "indicator":
      return `[${lineOf(formula.condition)}]`;
    case "relation":
      return `${inner(formula.left, binding.sum)} ${formula.sign} ${inner(formula.right, binding.sum)}`;
    case "derivative":
      return derivativeText(formula.of, formula.by, formula.total);
    case "matrix":
      return `[${formula.rows.map((row) => row.map(lineOf).join(", ")).join("; ")}]`;
    default:
      return formula satisfies never;
  }
}

const indicesText = (indices: readonly MathSymbol[]): string =>
  indices.map((index) => lowered(index.base) ?? `_${index.base}`).join("");

/** A number in front that could be read together with what follows it. */
const needsParentheses = (factor: Formula): boolean =>
  factor.kind === "fraction" ||
  bindingOf(factor) < binding.product ||
  (factor.kind === "product" && factor.factors.some((own) => own.kind === "transpose"));

/** In front of something a fraction needs parentheses: (2/n) x. */
function prefixText(factor: Formula): string {
  const text = lineOf(factor);
  return needsParentheses(factor) && text.length > 1 ? `(${text})` : text;
}

function fractionText(numerator: Formula, denominator: Formula): string {
  const above = bindingOf(numerator) < binding.product ? `(${lineOf(numerator)})` : lineOf(numerator);
  const below = bindingOf(denominator) < binding.power ? `(${lineOf(denominator)})` : lineOf(denominator);
  return vulgar[`${above}/${below}`] ?? `${above}/${below}`;
}

function powerText(base: string, exponent: Formula): string {
  const text = lineOf(exponent);
  return `${base}${raised(text) ?? `^${bindingOf(exponent) < binding.atom ? `(${text})` : text}`}`;
}

/** θⱼ where the letters allow it, X_train[i, j] elsewhere. */
function subscriptedText(base: Formula, indices: readonly Formula[]): string {
  const texts = indices.map(lineOf);
  const marks = texts.map(lowered);
  const short = (base.kind !== "symbol" || base.subscript === undefined) && marks.every((mark) => mark !== undefined);
  const name = bindingOf(base) < binding.atom ? `(${lineOf(base)})` : lineOf(base);
  return short ? `${name}${marks.join("")}` : `${name}[${texts.join(", ")}]`;
}

function derivativeText(of: Formula, by: readonly Formula[], total: boolean): string {
  const d = total ? "d" : "∂";
  const order = by.length === 1 ? "" : (raised(String(by.length)) ?? "");
  const names = by.map(lineOf);
  const below =
    by.length > 1 && names.every((name) => name === names[0])
      ? `${d}${names[0]}${order}`
      : names.map((name) => `${d}${name}`).join(" ");
  return `${d}${order}${lineOf(of)}/${by.length > 1 && !names.every((name) => name === names[0]) ? `(${below})` : below}`;
}

/** One line of Unicode mathematics for a tensor expression: for messages and hovers. */
export function formula(node: Node): string {
  return lineOf(array(createNotation([node]), node));
}

// ------------------------------------------------------------------------------------------------------ explanations

export interface TextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether titles are set in bold by ANSI codes. */
  readonly colour?: boolean;
}

/** Titles in a column on the left, lines broken at `width`. */
export function renderText(explanation: Explanation, { width, colour = false }: TextOptions): string {
  const column = Math.max(...explanation.sections.map((section) => section.title.length)) + 2;
  const room = Math.max(width - column, 30);
  const bold = (text: string): string => (colour ? `\u001b[1m${text}\u001b[0m` : text);
  const sections = explanation.sections.map(({ title, items }) => {
    const lines = items.flatMap((item) => itemLines(item, room));
    const margin = " ".repeat(column);
    return lines
      .map((line, k) => (k === 0 ? bold(title) + " ".repeat(column - title.length) : margin) + line)
      .join("\n");
  });
  return `${sections.join("\n")}\n`;
}

export const inlineText = (parts: readonly Inline[]): string =>
  parts.map((part) => (typeof part === "string" ? part : lineOf(part))).join("");

function itemLines(item: Item, room: number): readonly string[] {
  switch (item.kind) {
    case "sentence":
      return broken(inlineText(item.parts).split(" "), room, "  ");
    case "equation": {
      const [first, ...rest] = item.sides.map(lineOf);
      return broken([first ?? "", ...rest.flatMap((side) => pieces(`= ${side}`))], room, "    ");
    }
    case "where":
      return broken([`where ${lineOf(item.name)}`, ...pieces(`= ${lineOf(item.value)}`)], room, "    ");
    case "table":
      return tableLines(item.rows);
    default:
      return item satisfies never;
  }
}

/** Where a formula may be broken: before + and − outside of brackets. */
function pieces(text: string): readonly string[] {
  let depth = 0;
  let inNorm = false;
  const done: string[] = [];
  for (const word of text.split(" ")) {
    const breaks = depth === 0 && !inNorm && (word === "+" || word === "−");
    for (const c of word) {
      if (c === "‖") inNorm = !inNorm;
      depth += "([⟨".includes(c) ? 1 : ")]⟩".includes(c) ? -1 : 0;
    }
    if (breaks || done.length === 0) done.push(word);
    else done.push(`${done.pop()} ${word}`);
  }
  return done;
}

/** Pieces put into lines of at most `room` characters; a piece that is too long on its own is broken at spaces. */
function broken(parts: readonly string[], room: number, indent: string): readonly string[] {
  const lines: string[] = [];
  for (const part of parts.flatMap((own) => ([...own].length > room - indent.length ? own.split(" ") : [own]))) {
    const last = lines.at(-1);
    if (last !== undefined && [...last].length + 1 + [...part].length <= room)
      lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(last === undefined ? part : indent + part);
  }
  return lines;
}

function tableLines(rows: readonly (readonly Inline[])[]): readonly string[] {
  const cells = rows.map((row) => row.map((cell) => inlineText([cell])));
  const widths = (cells[0] ?? []).map((_, k) => Math.max(...cells.map((row) => [...(row[k] ?? "")].length)));
  return cells.map((row) =>
    row
      .map((cell, k) => cell + " ".repeat((widths[k] ?? 0) - [...cell].length))
      .join("  ")
      .trimEnd(),
  );
}
