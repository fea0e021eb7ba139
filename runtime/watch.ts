/**
 * What every run does between its steps, whatever its method: it keeps its time and its trace, lets the event loop breathe, hears that it is
 * to stop, and offers itself to be written down.
 */
import { type Ledger, unwritten } from "./ledger.ts";
import type { SolveOptions } from "./run.ts";
import type { Status, TraceEntry } from "./types.ts";

export interface Watch {
  readonly ledger: Ledger;
  /** Since the run began; the time between a stop and its resumption does not count. */
  readonly seconds: () => number;
  readonly trace: readonly TraceEntry[];
  readonly note: (entry: Omit<TraceEntry, "seconds">) => void;
  /** Between two steps: why to stop, where there is a reason. `isLast`: the method will not come to another pause. */
  readonly pause: (step: number, isLast: boolean) => Promise<Stop | undefined>;
}

type Stop = Extract<Status, "interrupted" | "time_limit" | "reached">;

/** How long a run keeps the event loop waiting, in milliseconds: Ctrl-C is heard in between. */
const breathing = 30;

/**
 * `direction` is 1 where the upper level minimises, −1 where it maximises; `isFeasible` says whether the present point counts as one that
 * was looked for.
 */
export function createWatch(
  { ledger = unwritten, ...options }: SolveOptions,
  direction: 1 | -1,
  isFeasible: () => boolean = () => true,
): Watch {
  const began = performance.now();
  let [before, rested] = [0, began];
  let trace: TraceEntry[] = [];
  let heard: unknown;
  const seconds = (): number => before + (performance.now() - began) / 1000;
  ledger.keep(
    "watch",
    () => ({ before: seconds(), trace }),
    (written) => {
      ({ before, trace } = written);
    },
  );
  const stop = (): Stop | undefined => {
    const { target, timeLimit = Number.POSITIVE_INFINITY } = options;
    const last = trace.at(-1)?.value ?? Number.NaN;
    if (target !== undefined && direction * last <= direction * target && isFeasible()) return "reached";
    if (options.signal?.aborted) return "interrupted";
    return seconds() >= timeLimit ? "time_limit" : undefined;
  };
  return {
    ledger,
    seconds,
    trace,
    note: ({ step, value, gradient_norm, ...rest }) => {
      const entry = { step, value, gradient_norm, seconds: seconds(), ...rest };
      trace.push(entry);
      heard = options.onStep?.(entry);
    },
    pause: async (step, isLast) => {
      await heard;
      if (performance.now() - rested > breathing) {
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        rested = performance.now();
      }
      const stopped = stop();
      options.onPause?.({ step, isLast: isLast || stopped !== undefined });
      return stopped;
    },
  };
}
