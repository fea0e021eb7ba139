/**
 * A line search for φ(α) = f(x + α d) that does not stall on the rounding of f (Hager and Zhang 2005): α is accepted when
 *
 *     φ(α) ≤ φ(0) + δ α φ′(0)  and  φ′(α) ≥ σ φ′(0)                        (Wolfe), or
 *     φ(α) ≤ φ(0) + noise      and  (2δ − 1) φ′(0) ≥ φ′(α) ≥ σ φ′(0)       (approximate Wolfe: the slopes decide).
 *
 * A bracket [low, high] is kept: φ′(low) < 0 with φ(low) no higher than φ(0), and at high φ′ ≥ 0, or a value that is too high,
 * or no value at all. Trials are secant steps on φ′, and bisections where that shrinks the bracket too slowly.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { minimiserDefaults } from "../defaults.ts";
import type { Evaluation, Objective } from "../types.ts";
import { machineEpsilon } from "../workspace.ts";

export interface LineSearchProblem {
  readonly objective: Objective;
  readonly x: Vector;
  readonly value: number;
  readonly direction: Vector;
  /** φ′(0), negative. */
  readonly slope: number;
  readonly firstStep: number;
  readonly valueNoise: number;
  /** Receive the accepted point and its gradient; anything when no point is accepted. */
  readonly trial: Vector;
  readonly trialGradient: Vector;
}

export type LineSearchOutcome =
  | {
      readonly ok: true;
      readonly step: number;
      readonly value: number;
      readonly slope: number;
      readonly evaluations: number;
    }
  | { readonly ok: false; readonly evaluations: number; readonly reason?: string };

/** A trial's slope, where it has one. */
interface End {
  readonly step: number;
  readonly slope?: number;
}

export function lineSearch(engine: Engine, p: LineSearchProblem): LineSearchOutcome {
  const { trials, sufficientDecrease: delta, curvature: sigma } = minimiserDefaults;
  const limit = p.value + p.valueNoise * Math.abs(p.value);
  const epsilon = machineEpsilon(engine);
  let low: End = { step: 0, slope: p.slope };
  let lowDecreases = false;
  let high: End | undefined;
  let width = Number.POSITIVE_INFINITY;
  let reason: string | undefined;
  let evaluations = 0;

  const evaluate = (step: number): Evaluation => {
    evaluations++;
    engine.copy(p.x, p.trial);
    engine.axpy(step, p.direction, p.trial);
    return evaluateFinite(engine, p.objective, p.trial, p.trialGradient);
  };

  let step = p.firstStep;
  while (evaluations < trials) {
    const trial = evaluate(step);
    if (trial.ok) {
      const slope = engine.dot(p.trialGradient, p.direction);
      const decreases = trial.value <= p.value + delta * step * p.slope;
      const notTooHigh = trial.value <= limit;
      const flatEnough = slope >= sigma * p.slope;
      const wolfe = decreases && flatEnough;
      const approximateWolfe = notTooHigh && flatEnough && (2 * delta - 1) * p.slope >= slope;
      if (wolfe || approximateWolfe) return { ok: true, step, value: trial.value, slope, evaluations };
      if (slope >= 0) high = { step, slope };
      else if (notTooHigh) [low, lowDecreases] = [{ step, slope }, decreases];
      else high = { step };
    } else {
      reason = trial.reason;
      high = { step };
    }
    if (high === undefined) {
      step = extrapolate(p.slope, low);
      continue;
    }
    const newWidth = high.step - low.step;
    if (newWidth <= epsilon * high.step) break;
    // A trial without a value may be far outside the domain: come back quickly.
    const fraction = trial.ok ? secantFraction(low, high, newWidth > (2 / 3) * width) : 0.2;
    step = low.step + fraction * newWidth;
    width = newWidth;
  }
  if (lowDecreases) {
    const trial = evaluate(low.step);
    if (trial.ok) return { ok: true, step: low.step, value: trial.value, slope: low.slope ?? 0, evaluations };
  }
  return { ok: false, evaluations, reason };
}

/** Where in the bracket the next trial goes, in (0, 1). */
function secantFraction(low: End, high: End, slow: boolean): number {
  if (slow || low.slope === undefined || high.slope === undefined) return 0.5;
  const root = low.slope / (low.slope - high.slope);
  return Number.isFinite(root) ? Math.min(Math.max(root, 0.01), 0.99) : 0.5;
}

/** The secant's zero beyond the last trial, at least twice and at most ten times as far. */
function extrapolate(slope: number, last: End): number {
  const gain = (last.slope ?? slope) - slope;
  const zero = gain > 0 ? (last.step * -slope) / gain : Number.POSITIVE_INFINITY;
  return Math.min(Math.max(zero, 2 * last.step), 10 * last.step);
}

/** The objective's answer, with a value or gradient that is not finite turned into a failure. */
export function evaluateFinite(engine: Engine, objective: Objective, x: Vector, gradient: Vector): Evaluation {
  const answer = objective.evaluate(x, gradient);
  if (!answer.ok) return answer;
  if (!Number.isFinite(answer.value)) return { ok: false, reason: `the value is ${answer.value}` };
  return Number.isFinite(engine.norm(gradient)) ? answer : { ok: false, reason: "the gradient is not finite" };
}
