/**
 * Products, factorisations and triangular solves of dense matrices, each by the system's BLAS and LAPACK where there is one and
 * the work is worth the call, else by the own kernels. Both leave the same factors, so one may solve with the other's.
 */
import type { Target } from "../../../compiler/emit/wasm/target.ts";
import type { Blas } from "../blas/blas.ts";
import { choleskyByLapack, luByLapack } from "../blas/factorise.ts";
import type { Algebra } from "./algebra.ts";
import {
  choleskyInPlace,
  luInPlace,
  type Pivots,
  type SolveTriangular,
  solveCholesky,
  solveLu,
  solveTriangularBlocked,
} from "./factorise.ts";
import { createMatrixProduct, type Matrix, type MultiplyInto } from "./matrix-product.ts";
import { createScratch, type Memory } from "./memory.ts";
import type { Threads } from "./threads.ts";

/** Addresses are in entries, matrices row-major and square unless they say otherwise. */
export interface Dense {
  readonly multiply: MultiplyInto;
  /** C += A Aᵀ for a symmetric C, n × n, with contiguous rows; A is n × k. */
  readonly gram: (a: Matrix, c: Matrix, n: number, k: number) => void;
  /** C += A B for a symmetric A B and C, n × n, with contiguous rows; A is n × k. */
  readonly multiplySymmetric: (a: Matrix, b: Matrix, c: Matrix, n: number, k: number) => void;
  /** C += A diag(w) Aᵀ likewise; the weights lie `step` apart. */
  readonly weightedGram: (
    a: Matrix,
    weights: { readonly at: number; readonly step: number },
    c: Matrix,
    n: number,
    k: number,
  ) => void;
  /** L Lᵀ = matrix, in its lower triangle; what is above is arbitrary afterwards. */
  readonly cholesky: (at: number, n: number) => Pivots;
  /** P matrix = L U; row i was exchanged with row pivots[i]. */
  readonly lu: (at: number, n: number, pivots: number) => Pivots;
  /** X ← (L Lᵀ)⁻¹ X for contiguous X, n × columns. */
  readonly solveCholesky: (l: number, n: number, x: number, columns: number) => void;
  /** X ← A⁻¹ X, or A⁻ᵀ X. */
  readonly solveLu: (lu: number, pivots: number, n: number, x: number, columns: number, transposed: boolean) => void;
}

/** Multiply-adds from which a library is looked for and called: less is not worth the 20 ms of loading it. */
const worthCalling = 2 ** 17;
/** Multiply-adds, a millisecond or two of them, from which several threads gain more than they lose on a busy machine. */
const worthThreads = 2 ** 25;
/** Numbers of a panel: 2 MiB, and enough work for the threads from a width of 256. */
const panelEntries = 2 ** 18;

/** `blas` finds the system's library when it is first called. Large work uses so many threads, or the library's own number. */
export function createDense(
  memory: Memory,
  target: Target,
  algebra: Algebra,
  own: Threads,
  blas: () => Blas | undefined,
  threads: number | undefined,
): Dense {
  const tiled = createMatrixProduct(memory, target, own);
  /** `whole` is the work of which this call is a part, if it is one. */
  const libraryFor = (multiplyAdds: number, whole = multiplyAdds): Blas | undefined => {
    const library = whole >= worthCalling ? blas() : undefined;
    library?.setThreads(multiplyAdds >= worthThreads ? (threads ?? library.threads ?? 1) : 1);
    return library;
  };

  const multiply: MultiplyInto = (alpha, a, b, c, m, n, k, lower) => {
    const done = libraryFor(m * n * k)?.multiply(memory.reals(), alpha, a, b, c, m, n, k);
    if (done !== true) tiled.multiply(alpha, a, b, c, m, n, k, lower);
  };
  /** Who factorised a matrix of this order also solves with it. */
  const solveTriangular: SolveTriangular = (t, n, lower, unit, x, columns) => {
    const library = libraryFor((n * n * columns) / 2, n ** 3 / 6 + (n * n * columns) / 2);
    if (library !== undefined) library.solveTriangular(memory.reals(), t, n, lower, unit, x, columns);
    else solveTriangularBlocked(algebra, memory.reals(), multiply, t, n, lower, unit, x, columns);
  };

  /** diag(w) Aᵀ for a few columns of A at a time, which stay in cache: the whole of it would be as large as A. */
  const panel = createScratch(memory);
  const multiplySymmetric: Dense["multiplySymmetric"] = (a, b, c, n, k) => {
    if (libraryFor(n * n * k)?.multiply(memory.reals(), 1, a, b, c, n, n, k) === true) return;
    tiled.multiply(1, a, b, c, n, n, k, true);
    tiled.mirror(c, n);
  };

  return {
    multiply,
    multiplySymmetric,
    weightedGram: (a, weights, c, n, k) => {
      const most = Math.max(1, Math.min(k, Math.floor(panelEntries / n)));
      panel.reserve(memory.entry * most * n);
      const at = panel.address() / memory.entry;
      for (let from = 0; from < k; from += most) {
        const columns = Math.min(most, k - from);
        const part = { ...a, at: a.at + from * a.column };
        const reals = memory.reals();
        for (let j = 0; j < columns; j += 1) {
          const weight = reals[weights.at + (from + j) * weights.step] as number;
          const [source, target] = [part.at + j * a.column, at + j * n];
          for (let i = 0; i < n; i += 1) reals[target + i] = weight * (reals[source + i * a.row] as number);
        }
        multiplySymmetric(part, { at, row: n, column: 1 }, c, n, columns);
      }
    },
    gram: (a, c, n, k) => {
      const turned = { at: a.at, row: a.column, column: a.row };
      const done = libraryFor(n * n * k)?.gram(memory.reals(), a, c, n, k);
      if (done !== true) tiled.multiply(1, a, turned, c, n, n, k, true);
      tiled.mirror(c, n);
    },
    cholesky: (at, n) => {
      const library = libraryFor(n ** 3 / 6);
      return library === undefined
        ? choleskyInPlace(algebra, memory.reals(), multiply, at, n)
        : choleskyByLapack(library, memory.reals(), at, n);
    },
    lu: (at, n, pivots) => {
      const library = libraryFor(n ** 3 / 3);
      return library === undefined
        ? luInPlace(memory.reals(), multiply, at, n, pivots)
        : luByLapack(library, memory.reals(), at, n, pivots);
    },
    solveCholesky: (l, n, x, columns) => solveCholesky(solveTriangular, l, n, x, columns),
    solveLu: (lu, pivots, n, x, columns, transposed) =>
      solveLu(memory.reals(), solveTriangular, lu, pivots, n, x, columns, transposed),
  };
}
