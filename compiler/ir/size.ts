/**
 * Symbolic sizes: polynomials with integer coefficients over named sizes, in a canonical form, so that `d + 1` and
 * `1 + d` are one size. A name is bound when the data is read (or by its `dim`); a message always shows the names.
 */

export interface Size {
  /** Canonical text; equal keys are equal polynomials. */
  readonly key: string;
  /** Sorted, no zero coefficient, no two with the same atoms. */
  readonly terms: readonly Monomial[];
}

interface Monomial {
  readonly coefficient: number;
  /** Sorted names, repeated for powers; empty for the constant term. */
  readonly atoms: readonly string[];
}

/** Names to numbers. */
export type SizeBindings = ReadonlyMap<string, number>;

function canonical(terms: readonly Monomial[]): Size {
  const byAtoms = new Map<string, Monomial>();
  for (const term of terms) {
    const atoms = [...term.atoms].sort();
    const key = atoms.join("*");
    byAtoms.set(key, { coefficient: (byAtoms.get(key)?.coefficient ?? 0) + term.coefficient, atoms });
  }
  const kept = [...byAtoms.entries()].filter(([, term]) => term.coefficient !== 0).sort(([a], [b]) => (a < b ? 1 : -1));
  const canonicalTerms = kept.map(([, term]) => term);
  return { key: showTerms(canonicalTerms), terms: canonicalTerms };
}

function showTerms(terms: readonly Monomial[]): string {
  if (terms.length === 0) return "0";
  const parts = terms.map(({ coefficient, atoms }, i) => {
    const magnitude = Math.abs(coefficient);
    const factors = atoms.length === 0 ? [String(magnitude)] : magnitude === 1 ? atoms : [String(magnitude), ...atoms];
    const sign = coefficient < 0 ? (i === 0 ? "-" : " - ") : i === 0 ? "" : " + ";
    return sign + factors.join("*");
  });
  return parts.join("");
}

export function sizeOf(value: number): Size {
  return canonical([{ coefficient: value, atoms: [] }]);
}

export function namedSize(name: string): Size {
  return canonical([{ coefficient: 1, atoms: [name] }]);
}

export const oneSize: Size = sizeOf(1);

export function addSizes(a: Size, b: Size): Size {
  return canonical([...a.terms, ...b.terms]);
}

export function scaleSize(a: Size, factor: number): Size {
  return canonical(a.terms.map((t) => ({ ...t, coefficient: t.coefficient * factor })));
}

export function multiplySizes(a: Size, b: Size): Size {
  return canonical(
    a.terms.flatMap((s) =>
      b.terms.map((t) => ({ coefficient: s.coefficient * t.coefficient, atoms: [...s.atoms, ...t.atoms] })),
    ),
  );
}

export function productOfSizes(sizes: readonly Size[]): Size {
  return sizes.reduce(multiplySizes, oneSize);
}

/** The number, where the size holds no name. */
export function constantSize(size: Size): number | undefined {
  if (size.terms.length === 0) return 0;
  const only = size.terms[0];
  return size.terms.length === 1 && only !== undefined && only.atoms.length === 0 ? only.coefficient : undefined;
}

export function sameSize(a: Size, b: Size): boolean {
  return a.key === b.key;
}

export function namesIn(size: Size): ReadonlySet<string> {
  return new Set(size.terms.flatMap((t) => t.atoms));
}

/** Replaces names by sizes, such as a `dim` by its definition. */
export function substituteSizes(size: Size, definition: (name: string) => Size | undefined): Size {
  return size.terms.reduce((sum, term) => {
    const factors = term.atoms.map((name) => definition(name) ?? namedSize(name));
    return addSizes(sum, scaleSize(productOfSizes(factors), term.coefficient));
  }, sizeOf(0));
}

/** The number a size stands for; `undefined` while a name in it is not bound. */
export function evaluateSize(size: Size, bindings: SizeBindings): number | undefined {
  let total = 0;
  for (const { coefficient, atoms } of size.terms) {
    let product = coefficient;
    for (const name of atoms) {
      const value = bindings.get(name);
      if (value === undefined) return undefined;
      product *= value;
    }
    total += product;
  }
  return total;
}

/** `n, d` for a shape in messages: `real[n, d]` is `real[${showSizes(shape)}]`. */
export function showSizes(sizes: readonly Size[]): string {
  return sizes.map((s) => s.key).join(", ");
}
