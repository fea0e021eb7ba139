/** Vector algebra (compiler/emit/wasm/algebra.ts) on memory. Addresses are in bytes, lengths in entries. */
import { emitAlgebraModule } from "../../../compiler/emit/wasm/algebra.ts";
import type { Target } from "../../../compiler/emit/wasm/target.ts";
import type { Memory } from "./memory.ts";

export interface Algebra {
  readonly dot: (x: number, y: number, n: number) => number;
  /** y <- a x + y */
  readonly axpy: (a: number, x: number, y: number, n: number) => void;
  /** x <- a x */
  readonly scale: (a: number, x: number, n: number) => void;
  /** out <- x ∘ y */
  readonly multiply: (x: number, y: number, out: number, n: number) => void;
  /** to <- the sum of `count` vectors that lie `stride` bytes apart, in order. */
  readonly gather: (to: number, from: number, stride: number, count: number, n: number) => void;
  /** x <- 0 */
  readonly clear: (x: number, n: number) => void;
  /** y <- x; the two may overlap. */
  readonly copy: (x: number, y: number, n: number) => void;
}

export function createAlgebra(memory: Memory, target: Target): Algebra {
  const module = new WebAssembly.Module(emitAlgebraModule(target));
  return new WebAssembly.Instance(module, { host: { memory: memory.handle } }).exports as unknown as Algebra;
}
