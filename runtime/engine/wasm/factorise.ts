/**
 * Dense factorisations in place, on row-major matrices in memory, blocked so that nearly all of the work is matrix products
 * (Golub and Van Loan, Matrix Computations, 3.2.11 and 4.2.6). Addresses are in entries.
 */
import type { Algebra } from "./algebra.ts";
import type { MultiplyInto } from "./matrix-product.ts";
import type { Reals } from "./memory.ts";

const block = 32;

/** What factorising met: the smallest pivot relative to what the matrix held there, or the one that it could not use. */
export type Pivots = { readonly ok: true; readonly smallest: number } | { readonly ok: false; readonly pivot: number };

/** L Lᵀ = matrix, L overwriting the lower triangle (which alone is read), what is above it arbitrary afterwards. Pivots are L's squared diagonal, relative to the matrix's own. */
export function choleskyInPlace({ dot }: Algebra, reals: Reals, multiply: MultiplyInto, at: number, n: number): Pivots {
  let smallest = 1;
  const entry = reals.BYTES_PER_ELEMENT;
  const scales = Float64Array.from({ length: n }, (_, i) => reals[at + i * (n + 1)] as number);
  for (let k0 = 0; k0 < n; k0 += block) {
    const end = Math.min(n, k0 + block);
    // Columns k0..end, rows k0..n: the block's own part of the factorisation; what lies left has been subtracted.
    for (let i = k0; i < n; i += 1) {
      const rowI = at + i * n;
      for (let j = k0; j < Math.min(i + 1, end); j += 1) {
        const rowJ = at + j * n;
        const sum = (reals[rowI + j] as number) - dot(entry * (rowI + k0), entry * (rowJ + k0), j - k0);
        if (i > j) {
          reals[rowI + j] = sum / (reals[rowJ + j] as number);
          continue;
        }
        if (!(sum > 0 && sum < Infinity)) return { ok: false, pivot: sum };
        smallest = Math.min(smallest, sum / (scales[i] as number));
        reals[rowI + i] = Math.sqrt(sum);
      }
    }
    // A[i, j] -= L[i, k] L[j, k] in what remains of the lower triangle.
    const [panel, rest] = [at + end * n + k0, n - end];
    const right = { at: panel, row: 1, column: n };
    const trailing = { at: at + end * (n + 1), row: n, column: 1 };
    multiply(-1, { at: panel, row: n, column: 1 }, right, trailing, rest, rest, end - k0, true);
  }
  return { ok: true, smallest };
}

/** P matrix = L U with partial pivoting, L unit lower; row i was exchanged with row pivots[i], which is stored as a real. Pivots are relative to the largest entry of their column. */
export function luInPlace(reals: Reals, multiply: MultiplyInto, at: number, n: number, pivots: number): Pivots {
  let smallest = 1;
  const scales = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) scales[j] = Math.max(scales[j] as number, Math.abs(reals[at + i * n + j] as number));
  }
  for (let k0 = 0; k0 < n; k0 += block) {
    const end = Math.min(n, k0 + block);
    for (let k = k0; k < end; k += 1) {
      let best = k;
      for (let i = k + 1; i < n; i += 1) {
        if (Math.abs(reals[at + i * n + k] as number) > Math.abs(reals[at + best * n + k] as number)) best = i;
      }
      reals[pivots + k] = best;
      if (best !== k) exchangeRows(reals, at, n, k, best);
      const pivot = reals[at + k * n + k] as number;
      const magnitude = Math.abs(pivot);
      if (!(magnitude > 0 && magnitude < Infinity)) return { ok: false, pivot };
      smallest = Math.min(smallest, magnitude / (scales[k] as number));
      for (let i = k + 1; i < n; i += 1) {
        const factor = (reals[at + i * n + k] as number) / pivot;
        reals[at + i * n + k] = factor;
        for (let j = k + 1; j < end; j += 1) {
          reals[at + i * n + j] = (reals[at + i * n + j] as number) - factor * (reals[at + k * n + j] as number);
        }
      }
    }
    if (end === n) break;
    // U[k0..end, end..] = L⁻¹ A, then the trailing matrix.
    const right = at + k0 * n + end;
    substitute(reals, { at: at + k0 * n + k0, row: n, column: 1 }, end - k0, true, true, right, n, n - end);
    const lower = { at: at + end * n + k0, row: n, column: 1 };
    multiply(
      -1,
      lower,
      { at: right, row: n, column: 1 },
      { at: at + end * n + end, row: n, column: 1 },
      n - end,
      n - end,
      end - k0,
    );
  }
  return { ok: true, smallest };
}

function exchangeRows(reals: Reals, at: number, n: number, i: number, j: number): void {
  for (let p = 0; p < n; p += 1) {
    const held = reals[at + i * n + p] as number;
    reals[at + i * n + p] = reals[at + j * n + p] as number;
    reals[at + j * n + p] = held;
  }
}

/** A triangular matrix in memory; a transposed one has its strides exchanged. */
interface Triangle {
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

/** X ← T⁻¹ X, T lower (forward) or upper (backward), row by row of X: n × columns, rows `stride` apart. */
function substitute(
  reals: Reals,
  t: Triangle,
  n: number,
  forward: boolean,
  unit: boolean,
  x: number,
  stride: number,
  columns: number,
): void {
  for (let step = 0; step < n; step += 1) {
    const i = forward ? step : n - 1 - step;
    const row = x + i * stride;
    const [from, to] = forward ? [0, i] : [i + 1, n];
    for (let k = from; k < to; k += 1) {
      const factor = reals[t.at + i * t.row + k * t.column] as number;
      const other = x + k * stride;
      for (let j = 0; j < columns; j += 1)
        reals[row + j] = (reals[row + j] as number) - factor * (reals[other + j] as number);
    }
    if (unit) continue;
    const diagonal = reals[t.at + i * (t.row + t.column)] as number;
    for (let j = 0; j < columns; j += 1) reals[row + j] = (reals[row + j] as number) / diagonal;
  }
}

/** The same for one contiguous column: by dot products with the rows of T, or where its columns are contiguous by adding these up. */
function substituteOne(
  { dot, axpy }: Algebra,
  reals: Reals,
  t: Triangle,
  n: number,
  forward: boolean,
  unit: boolean,
  x: number,
): void {
  const entry = reals.BYTES_PER_ELEMENT;
  for (let step = 0; step < n; step += 1) {
    const i = forward ? step : n - 1 - step;
    const diagonal = t.at + i * (t.row + t.column);
    const from = forward ? 0 : i + 1;
    if (t.column === 1) {
      const row = entry * (t.at + i * t.row + from);
      (reals[x + i] as number) -= dot(row, entry * (x + from), step);
    }
    if (!unit) (reals[x + i] as number) /= reals[diagonal] as number;
    if (t.column === 1) continue;
    const [begin, rest] = [forward ? i + 1 : 0, n - 1 - step];
    const column = entry * (t.at + begin * t.row + i * t.column);
    axpy(-(reals[x + i] as number), column, entry * (x + begin), rest);
  }
}

/** X ← T⁻¹ X, T lower or upper, with unit strides along rows or columns, for a contiguous X of n × columns at `x`. */
export type SolveTriangular = (
  t: Triangle,
  n: number,
  lower: boolean,
  unit: boolean,
  x: number,
  columns: number,
) => void;

/** With many columns, block by block. */
export function solveTriangularBlocked(
  algebra: Algebra,
  reals: Reals,
  multiply: MultiplyInto,
  t: Triangle,
  n: number,
  forward: boolean,
  unit: boolean,
  x: number,
  columns: number,
): void {
  if (columns === 1) return substituteOne(algebra, reals, t, n, forward, unit, x);
  if (columns < 4 || n <= block) return substitute(reals, t, n, forward, unit, x, columns, columns);
  const starts = Array.from({ length: Math.ceil(n / block) }, (_, i) => i * block);
  for (const i0 of forward ? starts : starts.reverse()) {
    const rows = Math.min(block, n - i0);
    const [from, to] = forward ? [0, i0] : [i0 + rows, n];
    const part = { at: t.at + i0 * t.row + from * t.column, row: t.row, column: t.column };
    const solved = { at: x + from * columns, row: columns, column: 1 };
    const target = { at: x + i0 * columns, row: columns, column: 1 };
    if (to > from) multiply(-1, part, solved, target, rows, columns, to - from);
    const own = { at: t.at + i0 * (t.row + t.column), row: t.row, column: t.column };
    substitute(reals, own, rows, forward, unit, x + i0 * columns, columns, columns);
  }
}

/** X ← A⁻¹ X, or A⁻ᵀ X, from the factors of `luInPlace`. */
export function solveLu(
  reals: Reals,
  solveTriangular: SolveTriangular,
  lu: number,
  pivots: number,
  n: number,
  x: number,
  columns: number,
  transposed: boolean,
): void {
  const exchange = (k: number): void => {
    const other = reals[pivots + k] as number;
    if (other === k) return;
    for (let j = 0; j < columns; j += 1) {
      const held = reals[x + k * columns + j] as number;
      reals[x + k * columns + j] = reals[x + other * columns + j] as number;
      reals[x + other * columns + j] = held;
    }
  };
  const plain = { at: lu, row: n, column: 1 };
  if (!transposed) {
    for (let k = 0; k < n; k += 1) exchange(k);
    solveTriangular(plain, n, true, true, x, columns);
    solveTriangular(plain, n, false, false, x, columns);
    return;
  }
  const flipped = { at: lu, row: 1, column: n };
  solveTriangular(flipped, n, true, false, x, columns);
  solveTriangular(flipped, n, false, true, x, columns);
  for (let k = n - 1; k >= 0; k -= 1) exchange(k);
}

/** X ← (L Lᵀ)⁻¹ X. */
export function solveCholesky(
  solveTriangular: SolveTriangular,
  l: number,
  n: number,
  x: number,
  columns: number,
): void {
  solveTriangular({ at: l, row: n, column: 1 }, n, true, false, x, columns);
  solveTriangular({ at: l, row: 1, column: n }, n, false, false, x, columns);
}

/** log det from the factors of `luInPlace`; NaN where the determinant is not positive. */
export function logDeterminant(reals: Reals, lu: number, pivots: number, n: number): number {
  let sum = 0;
  let sign = 1;
  for (let k = 0; k < n; k += 1) {
    const pivot = reals[lu + k * (n + 1)] as number;
    sum += Math.log(Math.abs(pivot));
    if (pivot < 0 !== (reals[pivots + k] !== k)) sign = -sign;
  }
  return sign > 0 ? sum : NaN;
}
