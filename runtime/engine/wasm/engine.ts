/** The default engine: f64, loops emitted as WebAssembly, everything in one WebAssembly memory. */
import type { Blas } from "../blas/blas.ts";
import type { Engine, Factor, Factorisation, Vector } from "../engine.ts";
import { createDense } from "./dense.ts";
import { symmetricEigenvalues } from "./eigenvalues.ts";
import type { Pivots } from "./factorise.ts";
import { type Block, createKernel } from "./kernel.ts";
import { createMemory } from "./memory.ts";

/** All of this engine's vectors are blocks of its memory. */
const blockOf = (vector: Vector): Block => vector as Block & Vector;

export interface WasmEngineOptions {
  /** The system's BLAS and LAPACK: asked for at the first operation that is large enough for it. */
  readonly blas?: () => Blas | undefined;
  /** For the library's large operations; as many as it likes by default. */
  readonly threads?: number;
}

/** Asynchronous like every engine's constructor; nothing after it is. */
export async function createWasmEngine({ blas = () => undefined, threads }: WasmEngineOptions = {}): Promise<Engine> {
  const memory = createMemory();
  const dense = createDense(memory, blas, threads);
  /** The vector's first entry within all of memory. */
  const start = (vector: Vector): number => blockOf(vector).address / 8;

  const allocate = (length: number): Vector => {
    const block: Block = { address: memory.allocate(8 * length), length };
    memory.reals().fill(0, block.address / 8, block.address / 8 + length);
    return block;
  };

  /** Σ x_i y_i in four partial sums, which is both faster and more accurate than one. */
  const dot = (x: Vector, y: Vector): number => {
    const reals = memory.reals();
    const [xs, ys, n] = [start(x), start(y), x.length];
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    let i = 0;
    for (; i + 3 < n; i += 4) {
      s0 += (reals[xs + i] as number) * (reals[ys + i] as number);
      s1 += (reals[xs + i + 1] as number) * (reals[ys + i + 1] as number);
      s2 += (reals[xs + i + 2] as number) * (reals[ys + i + 2] as number);
      s3 += (reals[xs + i + 3] as number) * (reals[ys + i + 3] as number);
    }
    for (; i < n; i += 1) s0 += (reals[xs + i] as number) * (reals[ys + i] as number);
    return s0 + s1 + (s2 + s3);
  };

  /** √Σx², rescaled where the squares overflow or vanish. */
  const norm = (x: Vector): number => {
    const plain = dot(x, x);
    if (plain > 1e-280 && plain < 1e280) return Math.sqrt(plain);
    const reals = memory.reals();
    const from = start(x);
    let largest = 0;
    for (let i = 0; i < x.length; i += 1) largest = Math.max(largest, Math.abs(reals[from + i] as number));
    if (largest === 0 || !Number.isFinite(largest)) return largest;
    let sum = 0;
    for (let i = 0; i < x.length; i += 1) sum += ((reals[from + i] as number) / largest) ** 2;
    return largest * Math.sqrt(sum);
  };

  /** Factorises copies, one after the other, and keeps the extreme pivots of all. */
  const factorise = (
    matrix: Vector,
    size: number,
    count: number,
    inPlace: (at: number, index: number) => Pivots,
  ): { readonly copy: Vector; readonly pivots: Pivots } => {
    const copy = allocate(size * size * count);
    engine.copy(matrix, copy);
    let smallest = 1;
    for (let i = 0; i < count; i += 1) {
      const pivots = inPlace(start(copy) + i * size * size, i);
      if (!pivots.ok) return { copy, pivots };
      smallest = Math.min(smallest, pivots.smallest);
    }
    return { copy, pivots: { ok: true, smallest } };
  };

  const engine: Engine = {
    name: "wasm",
    precision: "f64",
    allocate,
    release: (vector) => memory.release(blockOf(vector).address),
    view: (vector, offset, length): Block => ({ address: blockOf(vector).address + 8 * offset, length }),
    write: (vector, values) => memory.reals().set(values, start(vector)),
    read: (vector) => memory.reals().slice(start(vector), start(vector) + vector.length),
    copy: (from, to) => {
      memory.reals().copyWithin(start(to), start(from), start(from) + from.length);
    },
    fill: (vector, value) => {
      memory.reals().fill(value, start(vector), start(vector) + vector.length);
    },
    scale: (a, x) => {
      const reals = memory.reals();
      for (let i = start(x), end = i + x.length; i < end; i += 1) reals[i] = a * (reals[i] as number);
    },
    axpy: (a, x, y) => {
      const reals = memory.reals();
      const [xs, ys] = [start(x), start(y)];
      for (let i = 0; i < x.length; i += 1) reals[ys + i] = a * (reals[xs + i] as number) + (reals[ys + i] as number);
    },
    multiply: (x, y, out) => {
      const reals = memory.reals();
      const [xs, ys, to] = [start(x), start(y), start(out)];
      for (let i = 0; i < x.length; i += 1) reals[to + i] = (reals[xs + i] as number) * (reals[ys + i] as number);
    },
    dot,
    norm,

    compile: (program, bound, sizes) => {
      const blocks = new Map([...bound].map(([input, vector]) => [input, blockOf(vector)]));
      const run = createKernel(memory, dense, program, blocks, sizes);
      return { run: (arguments_, outputs) => run(arguments_.map(blockOf), outputs.map(blockOf)) };
    },

    cholesky: (matrix, size, count) => {
      const { copy, pivots } = factorise(matrix, size, count, (at) => dense.cholesky(at, size));
      const solve: Factor["solve"] = (b, columns = 1) => {
        for (let i = 0; i < count; i += 1) {
          const [l, x] = [start(copy) + i * size * size, start(b) + i * size * columns];
          dense.solveCholesky(l, size, x, columns);
        }
      };
      return outcome(pivots, { solve, solveTransposed: solve, release: () => engine.release(copy) });
    },

    lu: (matrix, size, count) => {
      const order = allocate(size * count);
      const { copy, pivots } = factorise(matrix, size, count, (at, i) => dense.lu(at, size, start(order) + i * size));
      const solver =
        (transposed: boolean): Factor["solve"] =>
        (b, columns = 1) => {
          for (let i = 0; i < count; i += 1) {
            const [lu, x] = [start(copy) + i * size * size, start(b) + i * size * columns];
            dense.solveLu(lu, start(order) + i * size, size, x, columns, transposed);
          }
        };
      const release = (): void => [copy, order].forEach(engine.release);
      return outcome(pivots, { solve: solver(false), solveTransposed: solver(true), release });
    },

    eigenvalues: (matrix, size) => symmetricEigenvalues(engine.read(matrix).subarray(0, size * size), size),
  };
  return engine;
}

/** A failed factorisation keeps nothing. */
function outcome(pivots: Pivots, factor: Factor): Factorisation {
  if (pivots.ok) return { ok: true, factor, smallestPivot: pivots.smallest };
  factor.release();
  return { ok: false, pivot: pivots.pivot };
}
