/**
 * Runs from many starts: from the declared one, and from others around it, each entry moved by a standard normal draw. The best end is
 * the answer. Everything that is prepared serves all of them; each is a run of its own, with its own steps and its own stop.
 */
import { BilevelError } from "../grammar/diagnostics.ts";
import { createRandom } from "./random.ts";
import type { SolveOptions } from "./run.ts";
import type { RunResult, StartResult } from "./types.ts";

export interface StartsOptions extends SolveOptions {
  /** How many; 1 by default. */
  readonly starts?: number;
}

/** `start` is the declared one, flat; `seed` that of the draws; `better` compares values. Throws a refusal that all starts meet. */
export async function solveFromStarts(
  solve: (options: SolveOptions) => Promise<RunResult>,
  { starts: count = 1, ...options }: StartsOptions,
  start: () => Float64Array,
  seed: number,
  better: (value: number, than: number) => boolean,
): Promise<RunResult> {
  if (count <= 1) return solve(options);
  const random = createRandom(seed);
  const began = performance.now();
  const declared = start();
  const starts: StartResult[] = [];
  let best: RunResult | undefined;
  let refusal: BilevelError | undefined;
  for (let k = 0; k < count; k += 1) {
    const seconds = (performance.now() - began) / 1000;
    const { timeLimit = Number.POSITIVE_INFINITY } = options;
    if (k > 0 && (options.signal?.aborted === true || seconds >= timeLimit)) break;
    const from = k === 0 ? declared : declared.map((entry) => entry + random.normal());
    try {
      const result = await solve({ ...options, from, timeLimit: timeLimit - seconds });
      starts.push(summary(result));
      if (best === undefined || isBetter(result, best, better)) best = result;
    } catch (error) {
      if (!(error instanceof BilevelError)) throw error;
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
