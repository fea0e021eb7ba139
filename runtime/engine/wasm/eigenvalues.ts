/**
 * Eigenvalues of a symmetric matrix: Householder reduction to tridiagonal form, then implicit QL steps with Wilkinson's shift
 * (Golub and Van Loan, Matrix Computations, 8.3; Parlett, The Symmetric Eigenvalue Problem, 8).
 */

/** Ascending. The matrix is n × n, row-major; its lower triangle is read. NaN in it gives NaN. */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  if (matrix.some((entry) => !Number.isFinite(entry))) return new Float64Array(n).fill(NaN);
  const { diagonal, below } = tridiagonalise(matrix.slice(), n);
  for (let first = 0; first < n; first += 1) {
    // Deflates d[first] when its coupling to the rest is negligible; an eigenvalue takes two or three sweeps.
    for (let sweep = 0; sweep < 60; sweep += 1) {
      const last = endOfBlock(diagonal, below, first);
      if (last === first) break;
      sweepBlock(diagonal, below, first, last);
    }
  }
  return diagonal.sort();
}

/** Similarity by reflections: the diagonal, and the entries below it with a 0 behind the last. */
function tridiagonalise(a: Float64Array, n: number): { readonly diagonal: Float64Array; readonly below: Float64Array } {
  const at = (i: number, j: number): number => (i >= j ? a[i * n + j] : a[j * n + i]) as number;
  const below = new Float64Array(n);
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k + 1 < n; k += 1) {
    // The reflection I − 2vvᵀ/vᵀv maps column k below the diagonal to a multiple of the first unit vector.
    let scale = 0;
    for (let i = k + 1; i < n; i += 1) scale = Math.max(scale, Math.abs(at(i, k)));
    if (scale === 0) continue;
    let squares = 0;
    for (let i = k + 1; i < n; i += 1) {
      v[i] = at(i, k) / scale;
      squares += (v[i] as number) ** 2;
    }
    const head = v[k + 1] as number;
    const length = head >= 0 ? Math.sqrt(squares) : -Math.sqrt(squares);
    below[k] = -length * scale;
    v[k + 1] = head + length;
    const half = length * (head + length);
    if (half === 0) continue;
    // A ← A − v qᵀ − q vᵀ with p = A v / half, q = p − (vᵀp / 2 half) v.
    let inner = 0;
    for (let i = k + 1; i < n; i += 1) {
      let sum = 0;
      for (let j = k + 1; j < n; j += 1) sum += at(i, j) * (v[j] as number);
      p[i] = sum / half;
      inner += (p[i] as number) * (v[i] as number);
    }
    for (let i = k + 1; i < n; i += 1) p[i] = (p[i] as number) - (inner / (2 * half)) * (v[i] as number);
    for (let i = k + 1; i < n; i += 1) {
      for (let j = k + 1; j <= i; j += 1) {
        a[i * n + j] = at(i, j) - (v[i] as number) * (p[j] as number) - (p[i] as number) * (v[j] as number);
      }
    }
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i] as number), below };
}

/** The last row of the unreduced block that starts at `first`. */
function endOfBlock(d: Float64Array, e: Float64Array, first: number): number {
  let last = first;
  while (last + 1 < d.length) {
    const scale = Math.abs(d[last] as number) + Math.abs(d[last + 1] as number);
    if (scale + Math.abs(e[last] as number) === scale) break;
    last += 1;
  }
  return last;
}

/** One implicit QL step on rows first..last: rotations chase the bulge upwards. */
function sweepBlock(d: Float64Array, e: Float64Array, first: number, last: number): void {
  const at = (list: Float64Array, i: number): number => list[i] as number;
  const half = (at(d, first + 1) - at(d, first)) / (2 * at(e, first));
  const root = Math.hypot(half, 1);
  let g = at(d, last) - at(d, first) + at(e, first) / (half + (half >= 0 ? root : -root));
  let [sine, cosine, carried] = [1, 1, 0];
  for (let i = last - 1; i >= first; i -= 1) {
    const f = sine * at(e, i);
    const b = cosine * at(e, i);
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = at(d, i + 1) - carried;
      e[last] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    const shifted = at(d, i + 1) - carried;
    const mixed = (at(d, i) - shifted) * sine + 2 * cosine * b;
    carried = sine * mixed;
    d[i + 1] = shifted + carried;
    g = cosine * mixed - b;
  }
  d[first] = at(d, first) - carried;
  e[first] = g;
  e[last] = 0;
}
