/** A few small operations with known results: a library that gets one wrong, or means something else by its names, is not used. */
import type { Reals } from "../wasm/memory.ts";
import type { Blas, Precision } from "./blas.ts";

/** The operation that failed, if one did. */
export function failingOperation(blas: Blas, precision: Precision): string | undefined {
  return Object.entries(tests).find(([, test]) => !passes(blas, precision, test))?.[0];
}

interface Test {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly run: (blas: Blas, reals: Reals) => void;
}

const matrix = (at: number, row: number) => ({ at, row, column: 1 });

const tests: Readonly<Record<string, Test>> = {
  product: {
    before: [1, 2, 3, 4, 5, 6, 1, 0, 2, 1, 0, 3, 100, 100, 100, 100],
    after: [1, 2, 3, 4, 5, 6, 1, 0, 2, 1, 0, 3, 110, 122, 128, 146],
    run: (blas, reals) => blas.multiply(reals, 2, matrix(0, 3), matrix(6, 2), matrix(12, 2), 2, 2, 3),
  },
  "Gram matrix": {
    before: [1, 2, 3, 4, 5, 6, 10, 7, 10, 10],
    after: [1, 2, 3, 4, 5, 6, 24, 7, 42, 87],
    run: (blas, reals) => blas.gram(reals, matrix(0, 3), matrix(6, 2), 2, 3),
  },
  Cholesky: {
    before: [4, 9, 2, 5],
    after: [2, 9, 1, 2],
    run: (blas, reals) => blas.cholesky(reals, 0, 2),
  },
  // Column by column: rows (1 2) and (4 10), exchanged.
  LU: {
    before: [1, 4, 2, 10, -1, -1],
    after: [4, 0.25, 10, -0.5, 1, 1],
    run: (blas, reals) => blas.luByColumns(reals, 0, 2, reals, 4),
  },
  "triangular solve": {
    before: [2, 9, 1, 4, 2, 4, 9, 10],
    after: [2, 9, 1, 4, 1, 2, 2, 2],
    run: (blas, reals) => blas.solveTriangular(reals, matrix(0, 2), 2, true, false, 4, 2),
  },
  "triangular solve of a vector": {
    before: [2, 9, 1, 4, 2, 9],
    after: [2, 9, 1, 4, 1, 2],
    run: (blas, reals) => blas.solveTriangular(reals, matrix(0, 2), 2, true, false, 4, 1),
  },
};

function passes(blas: Blas, precision: Precision, { before, after, run }: Test): boolean {
  const reals = precision === "f64" ? Float64Array.from(before) : Float32Array.from(before);
  run(blas, reals);
  return after.every((value, i) => Math.abs((reals[i] as number) - value) <= 1e-6 * Math.abs(value));
}
