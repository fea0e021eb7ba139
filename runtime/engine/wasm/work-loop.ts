/**
 * How threads share one loop. The main thread describes a job in shared memory and opens it; every thread, the main one included,
 * claims parts of it until none is left. Nobody waits for a thread that is asleep or late: the others do its parts.
 *
 * The claim word holds the job's generation and the number of the next part. A compare-and-exchange claims that part, and only if
 * the job is still the one whose description was read; `closed` keeps the word from being claimed while a job is described.
 */

/** Word numbers in the control block. */
export const control = {
  claim: 0,
  done: 1,
  sleepers: 2,
  failed: 3,
  module: 4,
  moduleAddress: 5,
  moduleBytes: 6,
  function: 7,
  pointer: 8,
  end: 9,
  step: 10,
  parts: 11,
  partial: 12,
  partialBytes: 13,
  byThread: 14,
} as const;

export const controlBytes = 64;

export const partBits = 8;
export const closed = 2 ** partBits - 1;

export interface WorkerData {
  readonly memory: WebAssembly.Memory;
  /** Of the control block, in bytes. */
  readonly address: number;
  readonly thread: number;
  readonly control: typeof control;
  readonly partBits: number;
}

/** (pointer, start, end, partial) */
export type Part = (pointer: number, start: number, end: number, partial: number) => void;

/**
 * What a worker does for ever. Its source is sent to the worker as text, so it refers to nothing outside itself. It spins for a
 * while before it sleeps: jobs come in quick succession.
 */
export function workLoop(data: WorkerData): void {
  const { memory, address, thread, control: at, partBits: bits } = data;
  const words = new Int32Array(memory.buffer, address, 16);
  const spins = 4000;
  const keptModules = 64;
  const modules = new Map<number, Record<string, unknown>>();
  const read = (index: number): number => words[index] as number;

  /** Undefined where the job has changed meanwhile. */
  const instanceOf = (id: number, claimed: number): Record<string, unknown> | undefined => {
    const known = modules.get(id);
    if (known !== undefined) return known;
    const start = read(at.moduleAddress) >>> 0;
    const bytes = new Uint8Array(memory.buffer).slice(start, start + read(at.moduleBytes));
    if (Atomics.load(words, at.claim) >>> bits !== claimed >>> bits) return undefined;
    // Parts that call back into the host are not shared out, so that such imports are never called here.
    const host = new Proxy({ memory } as Record<string, WebAssembly.Memory | (() => number)>, {
      get: (own, name) => own[name as string] ?? (() => NaN),
    });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host });
    if (modules.size >= keptModules) modules.delete(modules.keys().next().value as number);
    modules.set(id, exports as Record<string, unknown>);
    return exports as Record<string, unknown>;
  };

  for (;;) {
    const claimed = Atomics.load(words, at.claim);
    const part = claimed & (2 ** bits - 1);
    if (part >= read(at.parts)) {
      let waiting = 0;
      while (Atomics.load(words, at.claim) === claimed && waiting < spins) waiting += 1;
      if (waiting < spins) continue;
      Atomics.add(words, at.sleepers, 1);
      Atomics.wait(words, at.claim, claimed);
      Atomics.sub(words, at.sleepers, 1);
      continue;
    }
    const [id, index, pointer, end, step] = [at.module, at.function, at.pointer, at.end, at.step].map(read) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const [parts, partial, partialBytes, byThread] = [at.parts, at.partial, at.partialBytes, at.byThread].map(read) as [
      number,
      number,
      number,
      number,
    ];
    const exports = instanceOf(id, claimed);
    if (exports === undefined || Atomics.compareExchange(words, at.claim, claimed, claimed + 1) !== claimed) continue;
    try {
      const own = partial + (byThread === 1 ? thread : part) * partialBytes;
      (exports[`f${index}`] as Part)(pointer, part * step, Math.min(end, (part + 1) * step), own);
    } catch {
      Atomics.store(words, at.failed, 1);
    }
    if (Atomics.add(words, at.done, 1) === parts - 1) Atomics.notify(words, at.done);
  }
}
