/** What an engine's vectors, kernels and factorisations share: one memory, the threads that work on it, and the dense operations. */
import type { Target } from "../../../compiler/emit/wasm/target.ts";
import type { Blas } from "../blas/blas.ts";
import { type Algebra, createAlgebra } from "./algebra.ts";
import { createDense, type Dense } from "./dense.ts";
import { hasRelaxedSimd } from "./features.ts";
import { createMemory, createScratch, type Memory, type Scratch } from "./memory.ts";
import { createThreads, type Spawn, type Threads } from "./threads.ts";

export interface WasmEngineOptions {
  readonly precision?: Target["precision"];
  /** The system's BLAS and LAPACK: asked for at the first operation that is large enough for it. */
  readonly blas?: (precision: Target["precision"]) => Blas | undefined;
  /** At the most, for large operations: the engine's own (1 by default), and the library's (as many as it likes by default). */
  readonly threads?: number;
  /** How workers are started; without it the engine has one thread. */
  readonly spawn?: Spawn;
  /** Multiply-adds from which a call is shared out to threads; by default as many as pay for it. */
  readonly shareFrom?: number;
  /** Multiply and add as one instruction; by default where the host can. */
  readonly relaxed?: boolean;
}

export interface Host {
  readonly target: Target;
  readonly memory: Memory;
  readonly scratch: Scratch;
  readonly threads: Threads;
  readonly dense: Dense;
  readonly algebra: Algebra;
}

export function createHost(options: WasmEngineOptions = {}): Host {
  const { precision = "f64", blas = () => undefined, spawn, relaxed = hasRelaxedSimd() } = options;
  const count = spawn === undefined ? 1 : (options.threads ?? 1);
  const target: Target = { precision, relaxed, shared: count > 1 };
  const memory = createMemory(target);
  const threads = createThreads(memory, count, spawn ?? (() => () => {}), options.shareFrom);
  const algebra = createAlgebra(memory, target);
  const dense = createDense(memory, target, algebra, threads, () => blas(precision), options.threads);
  return { target, memory, scratch: createScratch(memory), threads, dense, algebra };
}
