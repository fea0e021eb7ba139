/** A run as the caller has it: a promise of the result, whose steps can be read one by one. */
import type { SolveOptions } from "./run.ts";
import type { TraceEntry } from "./types.ts";

/**
 * Awaited, it gives the result. `for await (const step of run)` gives its steps, and the run goes on only as they are asked for: what is
 * read at a step is how things stand there, and leaving the loop ends the run there, with its best point so far.
 */
export interface Run<Result> extends Promise<Result>, AsyncIterable<TraceEntry> {}

type Observed = Pick<SolveOptions, "signal" | "onStep">;

export function runWithSteps<Result, Options extends Observed>(
  solve: (options: Options) => Promise<Result>,
  options: Options,
): Run<Result> {
  const steps: TraceEntry[] = [];
  const left = new AbortController();
  /** How many steps the reader is done with; absent where nobody reads. */
  let done: number | undefined;
  let change = Promise.withResolvers<void>();
  const changed = (): void => {
    change.resolve();
    change = Promise.withResolvers();
  };

  const onStep = async (entry: TraceEntry): Promise<void> => {
    steps.push(entry);
    changed();
    await options.onStep?.(entry);
    while (done !== undefined && done < steps.length) await change.promise;
  };
  const signal = options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
  const result = solve({ ...options, signal, onStep });

  async function* read(): AsyncGenerator<TraceEntry, void> {
    let ended = false;
    const end = (): void => {
      ended = true;
      changed();
    };
    result.then(end, end);
    done = 0;
    try {
      for (;;) {
        const step = steps[done];
        if (step !== undefined) {
          yield step;
          done += 1;
          changed();
        } else if (ended) break;
        else await change.promise;
      }
      await result;
    } finally {
      left.abort();
      done = undefined;
      changed();
    }
  }
  return Object.assign(result, { [Symbol.asyncIterator]: read });
}
