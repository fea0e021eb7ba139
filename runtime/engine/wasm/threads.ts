/**
 * Loops in parts on several threads over one shared memory (work-loop.ts). The parts depend on the sizes and the number of threads
 * alone, and sums are added up in their order: which thread does what changes no result. A worker that was late, on a busy machine,
 * is left alone for a while.
 */
import type { Memory } from "./memory.ts";
import { closed, control, controlBytes, type Part, partBits, type WorkerData, workLoop } from "./work-loop.ts";

/** Starts a worker that runs the program, a function's source, on the data, and does not keep the process alive; returns what ends it. */
export type Spawn = (program: string, data: unknown) => () => void;

/** A module that workers can find: its bytes lie in memory. */
export interface SharedModule {
  readonly id: number;
  readonly address: number;
  readonly bytes: number;
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface Job {
  readonly module: SharedModule;
  /** Runs the module's `f<index>`. */
  readonly index: number;
  readonly pointer: number;
  /** The loop's end, and the length of a part. */
  readonly end: number;
  readonly step: number;
  readonly partial: number;
  readonly partialBytes: number;
  /** The memory at `partial` is a scratch area for each thread, not a result of each part. */
  readonly byThread: boolean;
  /** In multiply-adds. */
  readonly work: number;
}

export interface Threads {
  readonly count: number;
  /** Multiply-adds from which a call is shared. */
  readonly shareFrom: number;
  readonly share: (bytes: Uint8Array<ArrayBuffer>, exports: Readonly<Record<string, unknown>>) => SharedModule;
  readonly unshare: (module: SharedModule) => void;
  /** Returns when all parts are done. */
  readonly run: (job: Job) => void;
}

/** Multiply-adds from which a call is worth sharing. */
export const worthSharing = 1e5;
/** The least that a part should have, as a share of that. */
const partShare = 1 / 4;
const partsPerThread = 4;

/** Shared calls after which workers are started, in multiples of the least: they take some milliseconds of a processor themselves. */
const callsBeforeStart = 200;

/** Milliseconds that the last worker may take longer than all of this thread's own parts did, on a processor of its own. */
const patience = 0.05;
/** Calls without workers after one was late again and again: another program has its processor. */
const longestPause = 64;

/** How many units (rows, say) a part should have, in whole granules; all of them where the call is not worth sharing. */
export function partLength(
  { count, shareFrom }: Pick<Threads, "count" | "shareFrom">,
  rows: number,
  granule: number,
  work: number,
  bytesOfSums: number,
): number {
  if (count === 1 || work < shareFrom) return rows;
  const limit = Math.min(partsPerThread * count, Math.floor(work / (partShare * shareFrom)), closed - 1);
  // The sums of the parts are to be a small fraction of the work.
  const parts = Math.min(limit, Math.floor(work / 2 / Math.max(1, bytesOfSums)));
  return parts < 2 ? rows : Math.ceil(rows / parts / granule) * granule;
}

const forgotten = new FinalizationRegistry((stops: (() => void)[]) => {
  for (const stop of stops) stop();
});

export function createThreads(memory: Memory, count: number, spawn: Spawn, shareFrom = worthSharing): Threads {
  const address = memory.allocate(controlBytes);
  const words = new Int32Array(memory.handle.buffer, address, controlBytes / 4);
  words.fill(0);
  const stops: (() => void)[] = [];
  forgotten.register(memory.handle, stops);
  let generation = 0;
  let nextModule = 0;
  let shared = 0;
  let isStarted = false;
  /** Calls to do without workers, and how many they were last time. */
  let alone = 0;
  let pause = 0;

  const start = (): void => {
    isStarted = true;
    for (let thread = 1; thread < count; thread += 1) {
      const data: WorkerData = { memory: memory.handle, address, thread, control, partBits };
      stops.push(spawn(workLoop.toString(), data));
    }
  };

  return {
    count,
    shareFrom,
    share: (bytes, exports) => {
      nextModule += 1;
      if (count === 1) return { id: nextModule, address: 0, bytes: 0, exports };
      const at = memory.allocate(bytes.length);
      new Uint8Array(memory.handle.buffer).set(bytes, at);
      return { id: nextModule, address: at, bytes: bytes.length, exports };
    },
    unshare: (module) => memory.release(module.address),
    run: (job) => {
      const { module, pointer, end, step, partial, partialBytes } = job;
      const run = module.exports[`f${job.index}`] as Part;
      const parts = Math.ceil(end / step);
      const own = (part: number): number => (job.byThread ? partial : partial + part * partialBytes);
      shared += job.work;
      if (count > 1 && !isStarted && shared >= callsBeforeStart * shareFrom) start();
      if (!isStarted || parts === 1 || alone > 0) {
        alone = Math.max(0, alone - 1);
        for (let part = 0; part < parts; part += 1)
          run(pointer, part * step, Math.min(end, (part + 1) * step), own(part));
        return;
      }
      generation = (generation + 1) % 2 ** (31 - partBits);
      const open = generation << partBits;
      Atomics.store(words, control.claim, open | closed);
      words[control.module] = module.id;
      words[control.moduleAddress] = module.address;
      words[control.moduleBytes] = module.bytes;
      words[control.function] = job.index;
      words[control.pointer] = pointer;
      words[control.end] = end;
      words[control.step] = step;
      words[control.parts] = parts;
      words[control.partial] = partial;
      words[control.partialBytes] = partialBytes;
      words[control.byThread] = job.byThread ? 1 : 0;
      Atomics.store(words, control.done, 0);
      Atomics.store(words, control.claim, open);
      if (Atomics.load(words, control.sleepers) > 0) Atomics.notify(words, control.claim);
      const began = performance.now();
      for (;;) {
        const claimed = Atomics.load(words, control.claim);
        const part = claimed - open;
        if (part >= parts) break;
        if (Atomics.compareExchange(words, control.claim, claimed, claimed + 1) !== claimed) continue;
        run(pointer, part * step, Math.min(end, (part + 1) * step), own(part));
        Atomics.add(words, control.done, 1);
      }
      const ready = performance.now();
      awaitDone(words, parts);
      const isLate = performance.now() - ready > ready - began + patience;
      pause = isLate ? Math.min(longestPause, Math.max(1, 2 * pause)) : pause >> 1;
      alone = pause;
      if (Atomics.exchange(words, control.failed, 0) === 1)
        throw new Error("a worker failed in the middle of a kernel");
    },
  };
}

/** Spins, since workers finish within a part's time, then sleeps where this thread may. */
function awaitDone(words: Int32Array, parts: number): void {
  for (let spins = 0; ; spins += 1) {
    const done = Atomics.load(words, control.done);
    if (done === parts) return;
    if (spins > 20_000 && maySleep) Atomics.wait(words, control.done, done, 1);
  }
}

/** A page's main thread may not. */
const maySleep = typeof (globalThis as { readonly document?: unknown }).document === "undefined";
