/** The default engine: loops emitted as WebAssembly, everything in one WebAssembly memory. */
import { moveOut } from "../../growing.ts";
import type { Engine, Factor, Factorisation, Vector } from "../engine.ts";
import { symmetricEigenvalues } from "./eigenvalues.ts";
import type { Pivots } from "./factorise.ts";
import { createHost, type WasmEngineOptions } from "./host.ts";
import { type Block, createKernel } from "./kernel.ts";

/** Squares between these lose nothing to underflow or overflow. */
const safe = { f64: [1e-280, 1e280], f32: [1e-25, 1e35] } as const;

/** All of this engine's vectors are blocks of its memory. */
const blockOf = (vector: Vector): Block => vector as Block & Vector;

/** Asynchronous like every engine's constructor; nothing after it is. */
export async function createWasmEngine(options: WasmEngineOptions = {}): Promise<Engine> {
  const host = createHost(options);
  const { memory, dense, algebra } = host;
  const { precision } = host.target;
  const { entry } = memory;
  /** The vector's first entry within all of memory. */
  const start = (vector: Vector): number => blockOf(vector).address / entry;

  /** Its content is arbitrary; memory that nothing was written to yet takes no room. */
  const room = (length: number): Block => ({ address: memory.allocate(entry * length), length });
  const allocate = (length: number): Vector => {
    const block = room(length);
    algebra.clear(block.address, length);
    return block;
  };

  const dot = (x: Vector, y: Vector): number => algebra.dot(blockOf(x).address, blockOf(y).address, x.length);

  /** √Σx², rescaled where the squares overflow or vanish. */
  const norm = (x: Vector): number => {
    const plain = dot(x, x);
    if (plain > safe[precision][0] && plain < safe[precision][1]) return Math.sqrt(plain);
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
    const copy = room(size * size * count);
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
    precision,
    allocate,
    release: (vector) => memory.release(blockOf(vector).address),
    view: (vector, offset, length): Block => ({ address: blockOf(vector).address + entry * offset, length }),
    write: (vector, values) => memory.reals().set(values, start(vector)),
    take: (values): Block => {
      const block = room(values.length);
      moveOut(values, (part, at) => memory.reals().set(part, block.address / entry + at));
      return block;
    },
    read: (vector) => new Float64Array(memory.reals().subarray(start(vector), start(vector) + vector.length)),
    copy: (from, to) => algebra.copy(blockOf(from).address, blockOf(to).address, from.length),
    fill: (vector, value) => {
      if (Object.is(value, 0)) algebra.clear(blockOf(vector).address, vector.length);
      else memory.reals().fill(value, start(vector), start(vector) + vector.length);
    },
    scale: (a, x) => algebra.scale(a, blockOf(x).address, x.length),
    axpy: (a, x, y) => algebra.axpy(a, blockOf(x).address, blockOf(y).address, x.length),
    multiply: (x, y, out) => algebra.multiply(blockOf(x).address, blockOf(y).address, blockOf(out).address, x.length),
    dot,
    norm,

    compile: (program, bound, sizes) => {
      const blocks = new Map([...bound].map(([input, vector]) => [input, blockOf(vector)]));
      const kernel = createKernel(host, program, blocks, sizes);
      return {
        run: (arguments_, outputs) => kernel.run(arguments_.map(blockOf), outputs.map(blockOf)),
        release: kernel.release,
      };
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
