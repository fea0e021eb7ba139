/**
 * Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, 8.5): slower than reduction to
 * tridiagonal form, but small eigenvalues and their vectors come out to full relative accuracy, which is what a rank is read from.
 */

export interface Spectrum {
  /** Ascending. */
  readonly values: Float64Array;
  /** Row k is the unit eigenvector of values[k]. */
  readonly vectors: readonly Float64Array[];
}

const largestSweeps = 60;

/** `matrix` is row-major and not overwritten. */
export function symmetricSpectrum(matrix: Float64Array, n: number): Spectrum {
  const a = Array.from({ length: n }, (_, k) => matrix.slice(k * n, (k + 1) * n));
  const v = Array.from({ length: n }, (_, k) => Float64Array.from({ length: n }, (_, i) => (i === k ? 1 : 0)));
  const at = (i: number, j: number): number => (a[i] as Float64Array)[j] as number;
  const rounding = n * 2 ** -53 * matrix.reduce((largest, entry) => Math.max(largest, Math.abs(entry)), 0);
  let before = Number.POSITIVE_INFINITY;
  for (let sweep = 0; sweep < largestSweeps; sweep += 1) {
    let left = 0;
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) {
        const off = at(p, q);
        if (Math.abs(off) <= 2 ** -54 * Math.sqrt(Math.abs(at(p, p) * at(q, q)))) continue;
        left = Math.max(left, Math.abs(off));
        const theta = (at(q, q) - at(p, p)) / (2 * off);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        rotate(a, p, q, c, t * c, t * off);
        combine(v[p] as Float64Array, v[q] as Float64Array, c, t * c);
      }
    }
    // Where the matrix is singular, rounding comes back in each sweep, beside eigenvalues that are rounding themselves.
    if (left === 0 || (left <= rounding && left > before / 2)) break;
    before = left;
  }
  const order = Array.from({ length: n }, (_, k) => k).sort((i, j) => at(i, i) - at(j, j));
  return {
    values: Float64Array.from(order, (k) => at(k, k)),
    vectors: order.map((k) => v[k] as Float64Array),
  };
}

/** A ← Jᵀ A J for the rotation J in the plane (p, q) that removes the entry there; `moved` goes from one diagonal entry to the other. */
function rotate(a: readonly Float64Array[], p: number, q: number, c: number, s: number, moved: number): void {
  const [rowP, rowQ] = [a[p] as Float64Array, a[q] as Float64Array];
  const [first, second] = [(rowP[p] as number) - moved, (rowQ[q] as number) + moved];
  combine(rowP, rowQ, c, s);
  for (let k = 0; k < a.length; k += 1) {
    const row = a[k] as Float64Array;
    row[p] = rowP[k] as number;
    row[q] = rowQ[k] as number;
  }
  rowP[p] = first;
  rowQ[q] = second;
  rowP[q] = 0;
  rowQ[p] = 0;
}

/** (x, y) ← (c x − s y, s x + c y) */
function combine(x: Float64Array, y: Float64Array, c: number, s: number): void {
  for (let k = 0; k < x.length; k += 1) {
    const before = x[k] as number;
    const beside = y[k] as number;
    x[k] = c * before - s * beside;
    y[k] = s * before + c * beside;
  }
}
