/** A formula with the numbers in front of it taken apart, so that 2 · (1/n) · x is shown as (2/n) x. */
import { type Formula, freeIndices, keyOf, negative, number, power, product, type SignedTerm, sum } from "./math.ts";

/** coefficient · Π numerator / Π denominator · body; without a body, the number itself (in every entry). */
export interface Scaled {
  readonly coefficient: number;
  readonly numerator: readonly Formula[];
  readonly denominator: readonly Formula[];
  readonly body?: Formula;
}

export const one: Scaled = { coefficient: 1, numerator: [], denominator: [] };

export const plain = (body: Formula): Scaled => ({ ...one, body });

/** The same number in front of another body. */
export const inFrontOf = (prefix: Scaled, body: Formula | undefined): Scaled => ({ ...prefix, body });

export function times(a: Scaled, b: Omit<Scaled, "body">): Scaled {
  return {
    coefficient: a.coefficient * b.coefficient,
    numerator: [...a.numerator, ...b.numerator],
    denominator: [...a.denominator, ...b.denominator],
    body: a.body,
  };
}

/** Everything in the numerator: for a factor that is a number itself. */
export function asNumber(scalar: Scaled): Scaled {
  return { ...scalar, numerator: scalar.body === undefined ? scalar.numerator : [...scalar.numerator, scalar.body], body: undefined };
}

/** Equal numbers in front, up to sign. */
export function samePrefix(a: Scaled, b: Scaled): boolean {
  return Math.abs(a.coefficient) === Math.abs(b.coefficient) && prefixKey(a) === prefixKey(b);
}

function prefixKey(scaled: Scaled): string {
  const side = (factors: readonly Formula[]): string => factors.map(keyOf).sort().join(" ");
  return `${side(scaled.numerator)} / ${side(scaled.denominator)}`;
}

/** The part of the numbers in front that mentions some index, and the part that does not. */
export function splitByIndex(scaled: Scaled, indices: ReadonlySet<string>): { readonly inside: Scaled; readonly outside: Scaled } {
  const mentions = (factor: Formula): boolean => [...freeIndices(factor)].some((index) => indices.has(index));
  return {
    inside: { ...one, numerator: scaled.numerator.filter(mentions), denominator: scaled.denominator.filter(mentions), body: scaled.body },
    outside: {
      coefficient: scaled.coefficient,
      numerator: scaled.numerator.filter((factor) => !mentions(factor)),
      denominator: scaled.denominator.filter((factor) => !mentions(factor)),
    },
  };
}

/** Equal factors as one power, in order of first appearance. */
export function collectFactors(factors: readonly Formula[]): readonly Formula[] {
  const groups = new Map<string, { base: Formula; exponent: number }>();
  for (const factor of factors) {
    const whole = factor.kind === "power" && factor.exponent.kind === "number" ? factor.exponent.value : 1;
    const base = whole === 1 || factor.kind !== "power" ? factor : factor.base;
    const known = groups.get(keyOf(base));
    groups.set(keyOf(base), { base, exponent: (known?.exponent ?? 0) + whole });
  }
  return [...groups.values()].map(({ base, exponent }) => power(base, exponent));
}

/** 1/c where that reads better: 0.5 as ½, but not 0.1 as 1/10. */
function reciprocal(value: number): number | undefined {
  const inverse = Math.round(1 / value);
  if (inverse < 2 || inverse > 100 || 1 / inverse !== value) return undefined;
  return inverse <= 4 || String(value).length > 6 ? inverse : undefined;
}

/** The sign and the formula without it. */
export function signed(scaled: Scaled): SignedTerm {
  const sign = scaled.coefficient < 0 ? -1 : 1;
  const magnitude = Math.abs(scaled.coefficient);
  const divisor = reciprocal(magnitude);
  const above = collectFactors(scaled.numerator);
  const below = collectFactors(scaled.denominator);
  const denominator = divisor === undefined ? below : [number(divisor), ...below];
  const numerator = magnitude === 1 || divisor !== undefined ? above : [number(magnitude), ...above];
  const { body } = scaled;
  if (denominator.length === 0) {
    if (body === undefined) return { sign, term: product(...numerator) };
    return { sign, term: numerator.length === 0 ? body : { kind: "scaled", factor: product(...numerator), body } };
  }
  const factor: Formula = { kind: "fraction", numerator: product(...numerator), denominator: product(...denominator) };
  return { sign, term: body === undefined ? factor : { kind: "scaled", factor, body } };
}

export function assemble(scaled: Scaled): Formula {
  const { sign, term } = signed(scaled);
  return sign === 1 ? term : negative(term);
}

/** A sum of terms in the order given, with what they share in front: (1/n) Xᵀ a − (1/n) Xᵀ b = (1/n) Xᵀ (a − b). */
export function sumOf(terms: readonly Scaled[]): Scaled {
  const merged = terms.reduce<readonly Scaled[]>((done, term) => {
    const k = done.findIndex((own) => commonFactors(own, term) > 0);
    return k < 0 ? [...done, term] : done.with(k, mergeTerms(done[k] as Scaled, term));
  }, []);
  const [first] = merged;
  if (first === undefined) return { ...one, coefficient: 0 };
  if (merged.length === 1) return first;
  const trivial = Math.abs(first.coefficient) === 1 && first.numerator.length === 0 && first.denominator.length === 0;
  const allNegative = merged.every((term) => term.coefficient < 0);
  const shared = merged.every((term) => samePrefix(term, first));
  if (!shared || (trivial && !allNegative)) return plain(sum(merged.map(signed)));
  const inner = merged.map((term): SignedTerm => ({ sign: term.coefficient < 0 === allNegative ? 1 : -1, term: term.body ?? number(1) }));
  const coefficient = Math.abs(first.coefficient) * (allNegative ? -1 : 1);
  return { coefficient, numerator: first.numerator, denominator: first.denominator, body: sum(inner) };
}

const factorsOf = (body: Formula | undefined): readonly Formula[] => (body?.kind === "product" ? body.factors : []);

/** How many leading factors two products share, where something is left of both. */
function commonFactors(a: Scaled, b: Scaled): number {
  if (!samePrefix(a, b)) return 0;
  const [x, y] = [factorsOf(a.body), factorsOf(b.body)];
  const limit = Math.min(x.length, y.length) - 1;
  let count = 0;
  while (count < limit && keyOf(x[count] as Formula) === keyOf(y[count] as Formula)) count += 1;
  return count;
}

/** A b + A c = A (b + c) */
function mergeTerms(a: Scaled, b: Scaled): Scaled {
  const count = commonFactors(a, b);
  const [x, y] = [factorsOf(a.body), factorsOf(b.body)];
  const sign = a.coefficient < 0 === b.coefficient < 0 ? 1 : -1;
  const rest = sum([
    { sign: 1, term: product(...x.slice(count)) },
    { sign, term: product(...y.slice(count)) },
  ]);
  return { ...a, body: product(...x.slice(0, count), rest) };
}
