/**
 * Formulas as data: what the equations look like before any target writes them down. A formula is a scalar, a column vector, a
 * matrix, or (inside Σ) an entry; functions of arrays and ⊙ are entry by entry. Constructors keep the tree in a normal form.
 */

import type { Size } from "../ir/size.ts";

export interface SignedTerm {
  readonly sign: 1 | -1;
  readonly term: Formula;
}

export interface MathSymbol {
  readonly kind: "symbol";
  readonly base: string;
  readonly subscript?: string;
  /** What the letter of an index runs over, from 0; only those that Σ binds or that name an entry have it. */
  readonly runsOver?: Size;
}

export type Formula =
  | MathSymbol
  | { readonly kind: "number"; readonly value: number }
  /** One term with sign −1 is a negation. */
  | { readonly kind: "sum"; readonly terms: readonly SignedTerm[] }
  /** Side by side: matrix products and products of numbers. */
  | { readonly kind: "product"; readonly factors: readonly Formula[] }
  | { readonly kind: "hadamard"; readonly factors: readonly Formula[] }
  /** A number in front of anything. */
  | { readonly kind: "scaled"; readonly factor: Formula; readonly body: Formula }
  | { readonly kind: "fraction"; readonly numerator: Formula; readonly denominator: Formula }
  | { readonly kind: "power"; readonly base: Formula; readonly exponent: Formula }
  | { readonly kind: "transpose"; readonly operand: Formula }
  | { readonly kind: "inverse"; readonly operand: Formula }
  | { readonly kind: "root"; readonly operand: Formula }
  | { readonly kind: "norm"; readonly operand: Formula }
  | { readonly kind: "abs"; readonly operand: Formula }
  /** ⟨A, B⟩ = Σ A ⊙ B */
  | { readonly kind: "inner"; readonly left: Formula; readonly right: Formula }
  /** `over`: the index or the axis that a reduction runs over. */
  | { readonly kind: "call"; readonly fn: string; readonly over?: Formula; readonly arguments: readonly Formula[] }
  /** f(λ, θ) */
  | { readonly kind: "application"; readonly map: Formula; readonly arguments: readonly Formula[] }
  | { readonly kind: "identity" }
  /** The vector of ones. */
  | { readonly kind: "ones" }
  | { readonly kind: "indexSum"; readonly indices: readonly MathSymbol[]; readonly body: Formula }
  /** ∫ body d by */
  | { readonly kind: "integral"; readonly by: MathSymbol; readonly body: Formula }
  | { readonly kind: "subscripted"; readonly base: Formula; readonly indices: readonly Formula[] }
  /** The array with these entries. */
  | { readonly kind: "entries"; readonly indices: readonly MathSymbol[]; readonly body: Formula }
  /** A condition as a number: 1 where it holds, else 0. */
  | { readonly kind: "indicator"; readonly condition: Formula }
  | { readonly kind: "relation"; readonly left: Formula; readonly sign: RelationSign; readonly right: Formula }
  /** ∂ⁿof / ∂by₁ … ∂byₙ; `total` writes d for ∂. */
  | { readonly kind: "derivative"; readonly of: Formula; readonly by: readonly Formula[]; readonly total: boolean }
  /** A vector of one row each, or a matrix of blocks. */
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Formula[])[] };

export type RelationSign = "=" | "<" | "≤" | "∧" | "∨" | "≠";

// ---------------------------------------------------------------------------------------------------- constructors

/** Sixteen digits show the rounding of 12 · 0.1. */
export const number = (value: number): Formula => ({ kind: "number", value: Number(value.toPrecision(15)) });
export const symbol = (base: string, subscript?: string): MathSymbol =>
  subscript === undefined ? { kind: "symbol", base } : { kind: "symbol", base, subscript };
export const indexSymbol = (base: string, runsOver: Size): MathSymbol => ({ kind: "symbol", base, runsOver });
export const call = (fn: string, ...args: readonly Formula[]): Formula => ({ kind: "call", fn, arguments: args });
export const relation = (left: Formula, sign: RelationSign, right: Formula): Formula => ({
  kind: "relation",
  left,
  sign,
  right,
});
export const identity: Formula = { kind: "identity" };
export const ones: Formula = { kind: "ones" };

/** Identity factors vanish, products of products are flat. */
export function product(...factors: readonly Formula[]): Formula {
  const flat = factors.flatMap((factor) =>
    factor.kind === "product" ? factor.factors : factor.kind === "identity" ? [] : [factor],
  );
  const [first] = flat;
  if (first === undefined) return factors.length === 0 ? number(1) : identity;
  return flat.length === 1 ? first : { kind: "product", factors: flat };
}

/** Equal functions of arrays become a power, entry by entry: tanh(x)². */
export function hadamard(...factors: readonly Formula[]): Formula {
  const flat = factors.flatMap((factor) => (factor.kind === "hadamard" ? factor.factors : [factor]));
  const isRepeat = (factor: Formula, k: number): boolean =>
    factor.kind === "call" && flat.findIndex((own) => keyOf(own) === keyOf(factor)) < k;
  const collected = flat.flatMap((factor, k) =>
    isRepeat(factor, k)
      ? []
      : [power(factor, factor.kind === "call" ? flat.filter((own) => keyOf(own) === keyOf(factor)).length : 1)],
  );
  return collected.length === 1 ? (collected[0] as Formula) : { kind: "hadamard", factors: collected };
}

/** (Aᵀ)ᵀ = A; what is symmetric is its own transpose; (Aᵀ B)ᵀ = Bᵀ A and (A + B)ᵀ = Aᵀ + Bᵀ where that takes no more marks. */
export function transpose(operand: Formula): Formula {
  switch (operand.kind) {
    case "transpose":
      return operand.operand;
    case "number":
    case "identity":
      return operand;
    case "scaled":
      return { ...operand, body: transpose(operand.body) };
    case "call":
      return operand.fn === "diag" ? operand : { kind: "transpose", operand };
    case "product": {
      const reversed = operand.factors.toReversed().map(transpose);
      return marks(reversed) <= marks(operand.factors) ? product(...reversed) : { kind: "transpose", operand };
    }
    case "sum": {
      const terms = operand.terms.map(({ sign, term }): SignedTerm => ({ sign, term: transpose(term) }));
      return marks(terms.map(({ term }) => term)) <= marks(operand.terms.map(({ term }) => term))
        ? sum(terms)
        : { kind: "transpose", operand };
    }
    default:
      return { kind: "transpose", operand };
  }
}

const marks = (parts: readonly Formula[]): number =>
  parts.reduce((count, part) => count + (part.kind === "transpose" ? 1 : 0) + marks(partsOf(part)), 0);

export function sum(terms: readonly SignedTerm[]): Formula {
  const flat = terms.flatMap(({ sign, term }) =>
    term.kind === "sum"
      ? term.terms.map((own) => ({ sign: (own.sign * sign) as 1 | -1, term: own.term }))
      : [{ sign, term }],
  );
  const only = flat.length === 1 ? flat[0] : undefined;
  return only?.sign === 1 ? only.term : { kind: "sum", terms: flat };
}

export const negative = (term: Formula): Formula => sum([{ sign: -1, term }]);

export function subscripted(base: Formula, indices: readonly Formula[]): Formula {
  return indices.length === 0 ? base : { kind: "subscripted", base, indices };
}

/** √x for exponent ½, and √(‖x‖²) = ‖x‖. */
export function power(base: Formula, exponent: number): Formula {
  if (exponent === 1) return base;
  if (exponent !== 0.5) return { kind: "power", base, exponent: number(exponent) };
  const isSquare = base.kind === "power" && base.base.kind === "norm" && keyOf(base.exponent) === "2";
  return isSquare ? base.base : { kind: "root", operand: base };
}

// --------------------------------------------------------------------------------------------------------- walking

/** The formula with its parts replaced. A total table: a kind without its parts does not compile. */
export function mapParts(formula: Formula, change: (part: Formula) => Formula): Formula {
  const all = (parts: readonly Formula[]): readonly Formula[] => parts.map(change);
  switch (formula.kind) {
    case "symbol":
    case "number":
    case "identity":
    case "ones":
      return formula;
    case "sum":
      return sum(formula.terms.map(({ sign, term }) => ({ sign, term: change(term) })));
    case "product":
      return product(...all(formula.factors));
    case "hadamard":
      return hadamard(...all(formula.factors));
    case "scaled":
      return { ...formula, factor: change(formula.factor), body: change(formula.body) };
    case "fraction":
      return { ...formula, numerator: change(formula.numerator), denominator: change(formula.denominator) };
    case "power":
      return { ...formula, base: change(formula.base), exponent: change(formula.exponent) };
    case "transpose":
      return transpose(change(formula.operand));
    case "inverse":
    case "root":
    case "norm":
    case "abs":
      return { ...formula, operand: change(formula.operand) };
    case "inner":
    case "relation":
      return { ...formula, left: change(formula.left), right: change(formula.right) };
    case "call":
      return { ...formula, arguments: all(formula.arguments) };
    case "application":
      return { ...formula, map: change(formula.map), arguments: all(formula.arguments) };
    case "indexSum":
    case "integral":
    case "entries":
      return { ...formula, body: change(formula.body) };
    case "subscripted":
      return { ...formula, base: change(formula.base), indices: all(formula.indices) };
    case "indicator":
      return { ...formula, condition: change(formula.condition) };
    case "derivative":
      return { ...formula, of: change(formula.of), by: all(formula.by) };
    case "matrix":
      return { ...formula, rows: formula.rows.map(all) };
    default:
      return formula satisfies never;
  }
}

/** The direct parts, in order. */
export function partsOf(formula: Formula): readonly Formula[] {
  const parts: Formula[] = [];
  mapParts(formula, (part) => {
    parts.push(part);
    return part;
  });
  return parts;
}

/** Equal keys are equal formulas. */
export function keyOf(formula: Formula): string {
  const known = keys.get(formula);
  if (known !== undefined) return known;
  const key = makeKey(formula);
  keys.set(formula, key);
  return key;
}
const keys = new WeakMap<Formula, string>();

function makeKey(formula: Formula): string {
  const parts = partsOf(formula).map(keyOf).join(" ");
  switch (formula.kind) {
    case "symbol":
      return `${formula.base}${formula.subscript === undefined ? "" : `_${formula.subscript}`}`;
    case "number":
      return String(formula.value);
    case "sum":
      return `(sum ${formula.terms.map(({ sign, term }) => `${sign > 0 ? "+" : "-"}${keyOf(term)}`).join(" ")})`;
    case "matrix":
      return `(matrix ${formula.rows.map((row) => row.map(keyOf).join(" ")).join("; ")})`;
    case "call":
      return `(${formula.fn}${formula.over === undefined ? "" : ` over ${keyOf(formula.over)}`} ${parts})`;
    case "relation":
      return `(${formula.sign} ${parts})`;
    case "integral":
      return `(integral by ${keyOf(formula.by)} ${parts})`;
    case "indexSum":
    case "entries":
      return `(${formula.kind} ${formula.indices.map((index) => `${index.base}<${index.runsOver?.key}`).join(",")} ${parts})`;
    default:
      return `(${formula.kind} ${parts})`;
  }
}

/** The index letters that occur free. */
export function freeIndices(formula: Formula): ReadonlySet<string> {
  if (formula.kind === "symbol") return new Set(formula.runsOver === undefined ? [] : [formula.base]);
  const inner = new Set(partsOf(formula).flatMap((part) => [...freeIndices(part)]));
  if (formula.kind === "indexSum" || formula.kind === "entries")
    for (const index of formula.indices) inner.delete(index.base);
  return inner;
}

// -------------------------------------------------------------------------------------------------- parentheses

/** How tightly the outermost operation binds. */
export const binding = { relation: 0, sum: 1, hadamard: 2, product: 3, power: 4, atom: 5 } as const;

export function bindingOf(formula: Formula): number {
  switch (formula.kind) {
    case "relation":
      return binding.relation;
    case "sum":
      return binding.sum;
    case "hadamard":
    case "indexSum":
    case "integral":
      return binding.hadamard;
    case "scaled":
      return bindingOf(formula.body) === binding.hadamard ? binding.hadamard : binding.product;
    case "product":
    case "fraction":
      return binding.product;
    case "number":
      return formula.value < 0 ? binding.sum : binding.atom;
    case "power":
    case "transpose":
    case "inverse":
      return binding.power;
    default:
      return binding.atom;
  }
}
