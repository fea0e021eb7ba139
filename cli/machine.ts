/** What this machine offers to the engines. Nothing here throws: what cannot be found out is absent. */
import { existsSync } from "node:fs";
import os from "node:os";
import type { Blas } from "../runtime/engine/blas/blas.ts";
import { type Rejected, type Search, searchBlas } from "../runtime/engine/blas/find.ts";
import { backendNames, backends, installCommand, isComplete } from "../runtime/engine/tfjs/node/backends.ts";
import { hasRelaxedSimd, hasSimd } from "../runtime/engine/wasm/features.ts";
import { createHost } from "../runtime/engine/wasm/host.ts";

export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly architecture: string;
  readonly processor: string | undefined;
  /** How many threads run at once. */
  readonly threads: number | undefined;
  /** Threads that other programs kept busy over the last minute. */
  readonly load: number | undefined;
  /** In bytes. */
  readonly memory: { readonly total: number; readonly available: number } | undefined;
  readonly wasm: { readonly simd: boolean; readonly relaxedSimd: boolean };
  readonly blas: Library | undefined;
  /** Libraries that are there and not used. */
  readonly rejected: readonly Rejected[];
  /** Why no library was looked for. */
  readonly skipped: Search["skipped"];
  /** What BILEVEL_BLAS says. */
  readonly asked: Search["asked"];
  /** GFLOP/s of a 512³ product. */
  readonly product: { readonly own: number; readonly blas: number | undefined } | undefined;
  readonly nvidia: boolean;
  readonly tfjs: readonly TfjsBackend[];
}

export type Library = Pick<Blas, "name" | "path" | "threads">;

/** A backend of TensorFlow.js. */
export interface TfjsBackend {
  readonly name: string;
  /** What it computes on. */
  readonly what: string;
  readonly installed: boolean;
  /** Adds it. */
  readonly command: string;
}

export function inspectMachine(): Machine {
  const search = attempt(searchBlas) ?? { blas: undefined, rejected: [], skipped: undefined, asked: undefined };
  const { blas, rejected, skipped, asked } = search;
  return {
    node: process.versions.node,
    platform: process.platform,
    architecture: process.arch,
    processor: attempt(() => os.cpus()[0]?.model.trim() || undefined),
    threads: attempt(() => os.availableParallelism()),
    load: process.platform === "win32" ? undefined : attempt(() => os.loadavg()[0]),
    memory: attempt(() => ({ total: os.totalmem(), available: process.availableMemory() })),
    wasm: { simd: hasSimd(), relaxedSimd: hasRelaxedSimd() },
    blas: blas && { name: blas.name, path: blas.path, threads: blas.threads },
    rejected,
    skipped,
    asked,
    product: attempt(() => ({ own: productSpeed(undefined), blas: blas && productSpeed(blas) })),
    nvidia: existsSync("/proc/driver/nvidia/version") || existsSync("C:\\Windows\\System32\\nvcuda.dll"),
    tfjs: backendNames.map((name) => ({
      name,
      what: backends[name].what,
      installed: isComplete(name),
      command: installCommand(name),
    })),
  };
}

function attempt<T>(probe: () => T): T | undefined {
  try {
    return probe();
  } catch {
    return undefined;
  }
}

/** GFLOP/s, the best of a few products of 512 × 512 matrices. */
function productSpeed(blas: Blas | undefined): number {
  const n = 512;
  const { memory, dense } = createHost({ blas: () => blas });
  const [a, b, c] = [0, 1, 2].map(() => ({ at: memory.allocate(8 * n * n) / 8, row: n, column: 1 }));
  if (a === undefined || b === undefined || c === undefined) return 0;
  for (const { at } of [a, b]) memory.reals().fill(0.5, at, at + n * n);
  const seconds = [0, 1, 2, 3].map(() => {
    const start = performance.now();
    dense.multiply(1, a, b, c, n, n, n);
    return (performance.now() - start) / 1e3;
  });
  return (2 * n ** 3) / Math.min(...seconds) / 1e9;
}
