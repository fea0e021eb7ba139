/** The blocked matrix product (compiler/emit/wasm/product.ts) on matrices in memory, its rows shared out to threads. */
import {
  alphaByte,
  descriptorBytes,
  emitProductModule,
  field,
  packingBytes,
} from "../../../compiler/emit/wasm/product.ts";
import type { Target } from "../../../compiler/emit/wasm/target.ts";
import type { Memory } from "./memory.ts";
import type { SharedModule, Threads } from "./threads.ts";

/** A matrix within memory: the address of its first entry and the distances of rows and columns, all in entries. */
export interface Matrix {
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

/** C += α A B. C must have contiguous rows (`column` 1). `lower`: only its lower triangle is wanted, what is above is arbitrary. */
export type MultiplyInto = (
  alpha: number,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  m: number,
  n: number,
  k: number,
  lower?: boolean,
) => void;

export interface MatrixProduct {
  readonly multiply: MultiplyInto;
  /** Copies the lower triangle of an n × n matrix to its upper one. */
  readonly mirror: (c: Matrix, n: number) => void;
}

/** Rows that a part should have: each part packs all of B for itself. */
const fewestRows = 32;
const granule = 16;

export function createMatrixProduct(memory: Memory, target: Target, threads: Threads): MatrixProduct {
  const { entry } = memory;
  const descriptor = memory.allocate(descriptorBytes);
  const ownBytes = packingBytes(target.precision);
  // Allocated now: memory of one thread must not grow in the middle of a factorisation, which holds a view of it.
  const packing = memory.allocate(ownBytes * threads.count);
  let compiled: SharedModule | undefined;
  const compile = (): SharedModule => {
    const bytes = emitProductModule(target);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory: memory.handle } });
    return threads.share(bytes, exports);
  };

  return {
    multiply: (alpha, a, b, c, m, n, k, lower = false) => {
      if (m === 0 || n === 0 || k === 0) return;
      compiled ??= compile();
      const module = compiled;
      const words = memory.words();
      const set = (name: keyof typeof field, value: number): void => {
        words[descriptor / 4 + field[name]] = value;
      };
      set("a", entry * a.at);
      set("b", entry * b.at);
      set("c", entry * c.at);
      set("aRow", entry * a.row);
      set("aColumn", entry * a.column);
      set("bRow", entry * b.row);
      set("bColumn", entry * b.column);
      set("cRow", entry * c.row);
      set("columns", n);
      set("inner", k);
      set("lower", lower ? 1 : 0);
      memory.reals()[(descriptor + alphaByte) / entry] = alpha;
      const work = lower ? (m * n * k) / 2 : m * n * k;
      const wanted = (lower ? 4 : 2) * threads.count;
      const even = Math.max(fewestRows, Math.ceil(m / wanted / granule) * granule);
      const step = threads.count === 1 || work < threads.shareFrom ? m : even;
      threads.run({
        ...{ module, index: 0, pointer: descriptor, end: m, step, work },
        ...{ partial: packing, partialBytes: ownBytes, byThread: true },
      });
    },
    mirror: (c, n) => {
      compiled ??= compile();
      const mirror = compiled.exports.mirror as (c: number, rowBytes: number, n: number) => void;
      mirror(entry * c.at, entry * c.row, n);
    },
  };
}
