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
  const a = Float64Array.from(matrix);
  const v = Array.from({ length: n }, (_, k) => Float64Array.from({ length: n }, (_, i) => (i === k ? 1 : 0)));
  const at = (i: number, j: number): number => a[i * n + j] as number;
  for (let sweep = 0; sweep < largestSweeps; sweep += 1) {
    let rotated = false;
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) {
        const off = at(p, q);
        if (Math.abs(off) <= 2 ** -54 * Math.sqrt(Math.abs(at(p, p) * at(q, q)))) continue;
        if (off === 0) continue;
        rotated = true;
        const theta = (at(q, q) - at(p, p)) / (2 * off);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        rotate(a, v, n, p, q, c, t * c);
      }
    }
    if (!rotated) break;
  }
  const order = Array.from({ length: n }, (_, k) => k).sort((i, j) => at(i, i) - at(j, j));
  return {
    values: Float64Array.from(order, (k) => at(k, k)),
    vectors: order.map((k) => v[k] as Float64Array),
  };
}

/** A ← Jᵀ A J and V ← Jᵀ V for the rotation J in the plane (p, q). */
function rotate(
  a: Float64Array,
  v: readonly Float64Array[],
  n: number,
  p: number,
  q: number,
  c: number,
  s: number,
): void {
  for (let k = 0; k < n; k += 1) {
    const [x, y] = [a[k * n + p] as number, a[k * n + q] as number];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k += 1) {
    const [x, y] = [a[p * n + k] as number, a[q * n + k] as number];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
  }
  const [vp, vq] = [v[p] as Float64Array, v[q] as Float64Array];
  for (let k = 0; k < n; k += 1) {
    const [x, y] = [vp[k] as number, vq[k] as number];
    vp[k] = c * x - s * y;
    vq[k] = s * x + c * y;
  }
}
