/**
 * When a minimiser stops. The gradient counts as zero when
 *
 *     ‖∇f(x)‖ ≤ tolerance · scale,   scale = max(‖∇f‖ at a reference point, |f(x)| / max(1, ‖x‖) if `relativeToValue`).
 *
 * Lower levels refer to the gradient at their cold start, so that a warm start does not move the goal. The upper level also
 * refers to the value (Dennis and Schnabel 1983, section 7.2): a step of length max(1, ‖x‖) changes the value by a relative
 * tol at most. This does not depend on the unit of f, and is met by a run that is resumed at the solution. On a tail
 * without a minimiser, f∞ + c eˣ as x → −∞ or f∞ + c / x as x → ∞, it leaves f − f∞ ≤ tol |f|; at a minimiser with curvature
 * μ, f − f* ≤ ‖∇f‖² / 2μ is smaller still.
 *
 * Rounding can stop a method a little above the tolerance. Where no step makes progress any more, a gradient within
 * `roundingSlack` times the tolerance, or `roundings` of the engine's numbers, is `converged`, a larger one `stagnated`.
 */
import { type Ledger, unwritten } from "../ledger.ts";
import type { MinimiserStatus } from "./types.ts";

export interface Stopping {
  readonly tolerance: number;
  readonly maxIterations: number;
  /** The reference gradient norm; the one at the start of this run if absent. */
  readonly gradientScale?: number;
  readonly relativeToValue?: boolean;
  /** A small gradient is not enough, the steps have to be small too: beside that of a far-away start every gradient is small. */
  readonly settles?: boolean;
  /** Values and gradients are estimates, which need not improve from step to step: only the number of steps ends the run. */
  readonly estimated?: boolean;
  /** Keeps what a stopped run goes on from. */
  readonly ledger?: Ledger;
}

const roundingSlack = 100;
const roundings = 64;
/** A value this many times the starting one (1 at least) has left every bound; also representable in f32. */
const huge = 1e20;
/** Steps that together improve neither the value, beyond its rounding, nor the gradient: the run counts as stagnated. */
const idleLimit = 100;

/** What the rule reads of an iterate. */
export interface Standing {
  readonly value: number;
  readonly gradientNorm: number;
  /** ‖x‖ */
  readonly length: number;
}

export interface Monitor {
  /** The gradient norm over its scale; 0 / 0 is 0. */
  stationarity(at: Standing): number;
  /** Why to stop after this accepted iterate; undefined to go on. */
  verdict(step: number, at: Standing): MinimiserStatus | undefined;
  /** The status where no step makes progress. */
  stalled(at: Standing): MinimiserStatus;
}

/** Whether a gradient, or a residual of equations, over its scale is as small as rounding allows. */
export function atRoundingFloor(stationarity: number, tolerance: number, epsilon: number): boolean {
  return stationarity <= Math.max(roundingSlack * tolerance, roundings * epsilon);
}

/** `epsilon` is the engine's unit rounding. */
export function createMonitor(stopping: Stopping, start: Standing, epsilon: number): Monitor {
  let reference = stopping.gradientScale ?? start.gradientNorm;
  let bound = huge * Math.max(1, Math.abs(start.value));
  let lastValue = start.value;
  let lastGradient = start.gradientNorm;
  let idle = 0;
  (stopping.ledger ?? unwritten).keep(
    "monitor",
    () => ({ reference, bound, lastValue, lastGradient, idle }),
    (written) => {
      ({ reference, bound, lastValue, lastGradient, idle } = written);
    },
  );

  const stationarity = ({ value, gradientNorm, length }: Standing): number => {
    const scale = Math.max(reference, stopping.relativeToValue === true ? Math.abs(value) / Math.max(1, length) : 0);
    return gradientNorm === 0 ? 0 : gradientNorm / scale;
  };
  const stalled = (at: Standing): MinimiserStatus =>
    atRoundingFloor(stationarity(at), stopping.tolerance, epsilon) ? "converged" : "stagnated";

  return {
    stationarity,
    stalled,
    verdict(step, at) {
      const { value, gradientNorm } = at;
      if (stationarity(at) <= stopping.tolerance) return "converged";
      if (value < -bound) return "unbounded";
      if (value > bound) return "diverged";
      const better = value < lastValue - 4 * epsilon * Math.abs(lastValue) || gradientNorm < 0.99 * lastGradient;
      idle = better ? 0 : idle + 1;
      if (better) [lastValue, lastGradient] = [Math.min(lastValue, value), Math.min(lastGradient, gradientNorm)];
      if (idle >= idleLimit && stopping.estimated !== true) return stalled(at);
      return step >= stopping.maxIterations ? "max_iterations" : undefined;
    },
  };
}
