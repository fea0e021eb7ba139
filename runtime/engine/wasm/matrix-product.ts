/** The blocked matrix product (compiler/emit/wasm/product.ts) on matrices in memory, its rows shared out to threads. */
import {
  alphaByte,
  depth,
  descriptorBytes,
  emitProductModule,
  field,
  panelBytes,
  width,
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

/** Rows of a part: about the height of a packed panel of A, and not more parts than can be counted. */
const partRows = (m: number): number => (m < 256 ? 32 : 64 * Math.ceil(m / 8192));

type PackB = (to: number, at: number, line: number, step: number, lines: number, steps: number, factor: number) => void;
type Mirror = (c: number, rowBytes: number, n: number) => void;

export function createMatrixProduct(memory: Memory, target: Target, threads: Threads): MatrixProduct {
  const { entry } = memory;
  // Allocated now: memory of one thread must not grow in the middle of a factorisation, which holds a view of it.
  const descriptor = memory.allocate(descriptorBytes);
  const { shared, own } = panelBytes(target.precision);
  const panel = memory.allocate(shared);
  const packing = memory.allocate(own * threads.count);
  let compiled: SharedModule | undefined;
  const compile = (): SharedModule => {
    const bytes = emitProductModule(target);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory: memory.handle } });
    return threads.share(bytes, exports);
  };
  const set = (name: keyof typeof field, value: number): void => {
    memory.words()[descriptor / 4 + field[name]] = value;
  };

  return {
    multiply: (alpha, a, b, c, m, n, k, lower = false) => {
      if (m === 0 || n === 0 || k === 0) return;
      compiled ??= compile();
      const module = compiled;
      const packB = module.exports.packB as PackB;
      set("panel", panel);
      set("aRow", entry * a.row);
      set("aColumn", entry * a.column);
      set("cRow", entry * c.row);
      set("lower", lower ? 1 : 0);
      memory.reals()[(descriptor + alphaByte) / entry] = alpha;
      for (let j = 0; j < n; j += width) {
        const columns = Math.min(width, n - j);
        set("columns", columns);
        set("firstColumn", j);
        set("c", entry * (c.at + j));
        for (let p = 0; p < k; p += depth) {
          const inner = Math.min(depth, k - p);
          set("inner", inner);
          set("a", entry * (a.at + p * a.column));
          packB(panel, entry * (b.at + p * b.row + j * b.column), entry * b.column, entry * b.row, columns, inner, 1);
          const work = m * columns * inner;
          threads.run({
            ...{ module, index: 0, pointer: descriptor, end: m, work },
            step: threads.count === 1 || work < threads.shareFrom ? m : partRows(m),
            ...{ partial: packing, partialBytes: own, byThread: true },
          });
        }
      }
    },
    mirror: (c, n) => {
      compiled ??= compile();
      (compiled.exports.mirror as Mirror)(entry * c.at, entry * c.row, n);
    },
  };
}
