/** What a value of each element type may be, for every format alike. */
import type { Element } from "../../compiler/check/types.ts";
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { type BadValue, cellEmpty, cellInvalid, cellNotFinite, labelInvalid } from "./errors.ts";

interface ElementRule {
  readonly accepts: (value: number) => boolean;
  readonly reject: (bad: BadValue) => Diagnostic;
}

/** Labels index arrays, so that they stay below 2^31. */
const rules = {
  real: { accepts: Number.isFinite, reject: (bad) => cellInvalid(bad, "a number") },
  int: { accepts: Number.isSafeInteger, reject: (bad) => cellInvalid(bad, "a whole number") },
  bool: { accepts: (value) => value === 0 || value === 1, reject: (bad) => cellInvalid(bad, "0, 1, true or false") },
  class: { accepts: (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31, reject: labelInvalid },
} satisfies Record<Element, ElementRule>;

export function acceptsOf(element: Element): (value: number) => boolean {
  return rules[element].accepts;
}

/** The number that a cell's text stands for, beyond decimal numbers: `true` and `false` where booleans are wanted. */
export function wordValue(element: Element, text: string): number {
  if (element !== "bool") return NaN;
  return ({ true: 1, false: 0 } as Readonly<Record<string, number>>)[text.toLowerCase()] ?? NaN;
}

/** What is wrong with a value that its element type does not accept. */
export function rejected(element: Element, bad: BadValue): Diagnostic {
  if (bad.text === "") return cellEmpty(bad);
  if (/^[+-]?(nan|na|n\/a|null|none|inf|infinity)$/i.test(bad.text)) return cellNotFinite(bad);
  if (/^[+-]?[\d.]+e[+-]?\d+$/i.test(bad.text) && !Number.isFinite(Number(bad.text))) return cellNotFinite(bad);
  return rules[element].reject(bad);
}
