/** The factorisations of wasm/factorise.ts by LAPACK: the same factors in the same places, and the same account of pivots. */
import type { Pivots } from "../wasm/factorise.ts";
import type { Reals } from "../wasm/memory.ts";
import type { Blas } from "./blas.ts";

export function choleskyByLapack(blas: Blas, reals: Reals, at: number, n: number): Pivots {
  const scales = Float64Array.from({ length: n }, (_, i) => reals[at + i * (n + 1)] as number);
  const failed = blas.cholesky(reals, at, n);
  if (failed > 0) return { ok: false, pivot: reals[at + (failed - 1) * (n + 1)] as number };
  let smallest = 1;
  for (let i = 0; i < n; i += 1) {
    const pivot = (reals[at + i * (n + 1)] as number) ** 2;
    // Libraries let NaN and infinities through.
    if (!(pivot > 0 && pivot < Infinity)) return { ok: false, pivot };
    smallest = Math.min(smallest, pivot / (scales[i] as number));
  }
  return { ok: true, smallest };
}

/** LAPACK pivots by rows of a column-major matrix, so the matrix is turned around it. */
export function luByLapack(blas: Blas, reals: Reals, at: number, n: number, pivots: number): Pivots {
  const scales = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) scales[j] = Math.max(scales[j] as number, Math.abs(reals[at + i * n + j] as number));
  }
  transposeInPlace(reals, at, n);
  blas.luByColumns(reals, at, n, reals, pivots);
  transposeInPlace(reals, at, n);
  let smallest = 1;
  for (let i = 0; i < n; i += 1) {
    const pivot = reals[at + i * (n + 1)] as number;
    const magnitude = Math.abs(pivot);
    if (!(magnitude > 0 && magnitude < Infinity)) return { ok: false, pivot };
    smallest = Math.min(smallest, magnitude / (scales[i] as number));
  }
  return { ok: true, smallest };
}

/** Side of the squares that are exchanged at a time: two of them fit the first cache. */
const square = 32;

function transposeInPlace(reals: Reals, at: number, n: number): void {
  for (let i0 = 0; i0 < n; i0 += square) {
    for (let j0 = 0; j0 <= i0; j0 += square) {
      for (let i = i0; i < Math.min(n, i0 + square); i += 1) {
        for (let j = j0; j < Math.min(i, j0 + square); j += 1) {
          const held = reals[at + i * n + j] as number;
          reals[at + i * n + j] = reals[at + j * n + i] as number;
          reals[at + j * n + i] = held;
        }
      }
    }
  }
}
