/** A formula with the numbers in front of it taken apart, so that 2 · (1/n) · x is shown as (2/n) x. */
import {
  type Formula,
  freeIndices,
  hadamard,
  keyOf,
  negative,
  number,
  power,
  product,
  type SignedTerm,
  sum,
} from "./math.ts";

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
  return {
    ...scalar,
    numerator: scalar.body === undefined ? scalar.numerator : [...scalar.numerator, scalar.body],
    body: undefined,
  };
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
export function splitByIndex(
  scaled: Scaled,
  indices: ReadonlySet<string>,
): { readonly inside: Scaled; readonly outside: Scaled } {
  const mentions = (factor: Formula): boolean => [...freeIndices(factor)].some((index) => indices.has(index));
  return {
    inside: {
      ...one,
      numerator: scaled.numerator.filter(mentions),
      denominator: scaled.denominator.filter(mentions),
      body: scaled.body,
    },
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
  const merged: Scaled[] = [];
  for (const term of terms) {
    const together = merged.map((own) => (samePrefix(own, term) ? merge(own, term) : undefined));
    const k = together.findIndex((own) => own !== undefined);
    if (k < 0) merged.push(term);
    else merged[k] = together[k] as Scaled;
  }
  const [first] = merged;
  if (first === undefined) return { ...one, coefficient: 0 };
  if (merged.length === 1) return first;
  const allNegative = merged.every((term) => term.coefficient < 0);
  const shared = sharedPrefix(merged);
  if (shared === one && !allNegative) return plain(sum(merged.map(signed)));
  const inner = merged.map((term): SignedTerm => {
    const kept = {
      ...term,
      coefficient: Math.abs(term.coefficient) / shared.coefficient,
      denominator: term.denominator.slice(shared.denominator.length),
      numerator: term.numerator.slice(shared.numerator.length),
    };
    return { sign: term.coefficient < 0 === allNegative ? 1 : -1, term: signed(kept).term };
  });
  return { ...shared, coefficient: allNegative ? -shared.coefficient : shared.coefficient, body: sum(inner) };
}

/** The number that all terms can be divided by: coefficient and denominator must agree, and the numerators as a whole may. */
function sharedPrefix(terms: readonly Scaled[]): Scaled {
  const first = terms[0] as Scaled;
  const bare = (term: Scaled): Scaled => ({ ...term, numerator: [] });
  if (terms.every((term) => samePrefix(term, first)))
    return isTrivial(first) ? one : { ...first, coefficient: Math.abs(first.coefficient), body: undefined };
  if (!terms.every((term) => samePrefix(bare(term), bare(first))) || isTrivial(bare(first))) return one;
  return { ...bare(first), coefficient: Math.abs(first.coefficient), body: undefined };
}

const isTrivial = (term: Scaled): boolean =>
  Math.abs(term.coefficient) === 1 && term.numerator.length === 0 && term.denominator.length === 0;

/** A b + A c = A (b + c), b A + c A = (b + c) A, x ⊙ b + x ⊙ c = x ⊙ (b + c), where something is left of both. */
function merge(a: Scaled, b: Scaled): Scaled | undefined {
  if (a.body?.kind !== b.body?.kind || (a.body?.kind !== "product" && a.body?.kind !== "hadamard")) return undefined;
  const build = a.body.kind === "product" ? product : hadamard;
  const [x, y] = [a.body.factors, (b.body as typeof a.body).factors];
  const most = Math.min(x.length, y.length) - 1;
  const same = (k: number): boolean => keyOf(x.at(k) as Formula) === keyOf(y.at(k) as Formula);
  let leading = 0;
  while (leading < most && same(leading)) leading += 1;
  let trailing = 0;
  while (leading === 0 && trailing < most && same(-1 - trailing)) trailing += 1;
  if (leading + trailing === 0) return undefined;
  const rest = (factors: readonly Formula[]): Formula => build(...factors.slice(leading, factors.length - trailing));
  const sign = a.coefficient < 0 === b.coefficient < 0 ? 1 : -1;
  const inner = sumOf([plain(rest(x)), { ...plain(rest(y)), coefficient: sign }]);
  return { ...a, body: build(...x.slice(0, leading), assemble(inner), ...x.slice(x.length - trailing)) };
}
