/**
 * Runs from many starts: from the declared one, and from others around it, each entry moved by a standard normal draw. The best end is
 * the answer. Everything that is prepared serves all of them; each is a run of its own, with its own steps and its own stop.
 */
import { BilevelError } from "../grammar/diagnostics.ts";
import type { Engine } from "./engine/engine.ts";
import { openLedger, type Written } from "./ledger.ts";
import { createRandom } from "./random.ts";
import type { Pause, SolveOptions } from "./run.ts";
import type { RunResult, StartResult } from "./types.ts";

export interface StartsOptions extends Omit<SolveOptions, "ledger" | "onPause"> {
  /** How many; 1 by default. */
  readonly starts?: number;
  /** What an earlier run of the same problem with the same options wrote down: the run goes on from there, bit for bit. */
  readonly resume?: Written;
  /** Called between steps; `write` gives all that the run needs to go on from there, to be stored before this returns. */
  readonly onPause?: (pause: Pause & { readonly write: () => Written }) => void;
}

/** `start` is the declared one, flat; `seed` that of the draws; `better` compares values. Throws a refusal that all starts meet. */
export async function solveFromStarts(
  solve: (options: SolveOptions) => Promise<RunResult>,
  engine: Engine,
  { starts: count = 1, resume, onPause, ...given }: StartsOptions,
  start: () => Float64Array,
  seed: number,
  better: (value: number, than: number) => boolean,
): Promise<RunResult> {
  const ledger = openLedger(engine, resume);
  const options: SolveOptions = {
    ...given,
    ...(onPause && { onPause: (pause) => onPause({ ...pause, write: ledger.written }) }),
  };
  if (count <= 1) return solve({ ...options, ledger });
  const random = createRandom(seed);
  const declared = start();
  const points = Array.from({ length: count }, (_, k) =>
    k === 0 ? declared : declared.map((entry) => entry + random.normal()),
  );
  let starts: StartResult[] = [];
  let best: RunResult | undefined;
  let refusal: BilevelError | undefined;
  let [k, seconds] = [0, 0];
  ledger.keep(
    "starts",
    () => ({ starts, best, k, seconds }),
    (written) => {
      ({ starts, best, k, seconds } = written);
    },
  );
  for (; k < count; k += 1) {
    const { timeLimit = Number.POSITIVE_INFINITY } = options;
    if (k > 0 && (options.signal?.aborted === true || seconds >= timeLimit)) break;
    const own = { ...options, from: points[k], timeLimit: timeLimit - seconds, ledger: ledger.part("run") };
    try {
      const result = await solve(own);
      seconds += result.seconds;
      starts.push(summary(result));
      if (best === undefined || isBetter(result, best, better)) best = result;
      if (result.status === "reached") break;
    } catch (error) {
      const isRefusal =
        error instanceof BilevelError && error.diagnostics.every(({ severity }) => severity !== "error");
      if (!isRefusal) throw error;
      refusal ??= error;
      starts.push({ status: "refused", message: error.message });
    }
  }
  if (best === undefined) throw refusal;
  return { ...best, starts };
}

/** A run that diverged is no answer where there is another. */
function isBetter(result: RunResult, best: RunResult, better: (value: number, than: number) => boolean): boolean {
  const [ends, ended] = [result, best].map(({ status }) => status !== "diverged");
  return ends === ended ? better(result.value, best.value) : ends === true;
}

function summary({ status, value, gradient_norm, steps, upper, message }: RunResult): StartResult {
  return { status, value, gradient_norm, steps, upper, ...(message !== undefined && { message }) };
}
