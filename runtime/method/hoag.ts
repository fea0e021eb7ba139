/**
 * HOAG (Pedregosa 2016): gradient descent in which the lower level and the adjoint are solved to a tolerance ε_t that falls from step
 * to step with a finite sum: ε₀ decrease^t, or ε₀ / t^power. With P the projection to the variables' sets,
 *
 *     λ_{t+1} = P(λ_t − p_t / L),   p_t the hypergradient to ε_t,
 *
 * and L says how the value has to fall: where, with Δ_t = ‖λ_t − λ_{t−1}‖ and all ε relative to the value,
 *
 *     f_t − ε_t ≤ f_{t−1} + ε_{t−1} (1 + Δ_t) − (L / 2) Δ_t²
 *
 * it becomes 0.95 L; where the value rises, 2 L; otherwise it stays. A step, once made, is not taken back.
 */
import type { Engine, Vector } from "../engine/engine.ts";
import { unwritten } from "../ledger.ts";
import { notEvaluable } from "../solve/minimise/descent.ts";
import { createMonitor, type Standing, type Stopping } from "../solve/stopping.ts";
import type { Evaluation, Minimisation, MinimiserOutcome, MinimiserStatus } from "../solve/types.ts";
import { createWorkspace, machineEpsilon } from "../solve/workspace.ts";

export interface HoagOptions extends Stopping {
  /** ε₀, and by what it is multiplied at each step. */
  readonly first: number;
  readonly decrease: number;
  /** With it, ε_t = ε₀ / t^power. */
  readonly power?: number;
  /** 1 / L at the first step; without it, the step moves the point by a tenth of its norm (of 1, where that is more). */
  readonly rate?: number;
  readonly project?: (point: Vector) => void;
}

/** The value and the gradient to a tolerance. */
export type Approximate = (x: Vector, gradient: Vector, within: number) => Evaluation;

/** Of the first step, relative to the point: no step is taken back, so it had better not be long. */
const firstLength = 0.1;
/** Below, solvers run into rounding. */
const least = 1e-12;

export function* hoag(engine: Engine, evaluate: Approximate, x: Vector, options: HoagOptions): Minimisation {
  const workspace = createWorkspace(engine, x.length);
  const vector = (): Vector => workspace.vector();
  const [gradient, before, next, nextGradient] = [vector(), vector(), vector(), vector()];
  const { first, decrease, power, project } = options;
  const toleranceAt = (t: number): number =>
    Math.max(least, power === undefined ? first * decrease ** t : first / (t + 1) ** power);
  /** `gradientNorm` is ‖P(x − p) − x‖. */
  const standing = (value: number): Standing => {
    engine.copy(x, before);
    engine.axpy(-1, gradient, before);
    project?.(before);
    return { value, gradientNorm: distance(engine, x, before), length: engine.norm(x) };
  };
  try {
    let epsilon = toleranceAt(0);
    const { ledger = unwritten } = options;
    ledger.vector("x", x);
    ledger.vector("gradient", gradient);
    const start = ledger.resumes ? { ok: true as const, value: Number.NaN } : evaluate(x, gradient, epsilon);
    if (!start.ok) return notEvaluable(start.reason);
    let at = standing(start.value);
    // A value to a tolerance may rise: only a small gradient or the number of steps ends the run.
    const monitor = createMonitor({ ...options, estimated: true }, at, machineEpsilon(engine));
    let L = options.rate === undefined ? at.gradientNorm / (firstLength * Math.max(1, at.length)) : 1 / options.rate;
    let step = 0;
    ledger.keep(
      "hoag",
      () => ({ step, epsilon, at, L }),
      (written) => {
        ({ step, epsilon, at, L } = written);
      },
    );
    for (; ; step++) {
      const finish = (status: MinimiserStatus, reason?: string): MinimiserOutcome => {
        const { value, gradientNorm } = at;
        const stationarity = monitor.stationarity(at);
        return { status, iterations: step, evaluations: step + 1, value, gradientNorm, stationarity, reason };
      };
      yield { step, value: at.value, gradientNorm: at.gradientNorm, x, gradient };
      const verdict = monitor.verdict(step, at);
      // A gradient that is small to a coarse tolerance says little.
      const isFine = epsilon <= Math.max(options.tolerance, least) || at.gradientNorm === 0;
      if (step >= options.maxIterations) return finish(isFine && verdict === "converged" ? verdict : "max_iterations");
      if (verdict !== undefined && (verdict !== "converged" || isFine)) return finish(verdict);
      const [last, lastEpsilon] = [at.value, epsilon];
      epsilon = toleranceAt(step + 1);
      let answer: Evaluation = { ok: false, reason: "no step was tried" };
      for (let trial = 0; trial < trials && !answer.ok; trial++) {
        if (trial > 0) L *= 2;
        engine.copy(x, next);
        engine.axpy(-1 / L, gradient, next);
        project?.(next);
        answer = evaluate(next, nextGradient, epsilon);
      }
      if (!answer.ok) return finish("diverged", answer.reason);
      engine.copy(x, before);
      engine.copy(next, x);
      engine.copy(nextGradient, gradient);
      const moved = distance(engine, x, before);
      at = standing(answer.value);
      const scale = Math.abs(last);
      const enough = last + scale * lastEpsilon * (1 + moved) - (L / 2) * moved ** 2;
      if (at.value - scale * epsilon <= enough) L *= 0.95;
      else if (at.value > last) L *= 2;
    }
  } finally {
    workspace.release();
  }
}

/** Steps that are halved where the problem has no answer, at the most. */
const trials = 20;

/** ‖a − b‖, overwriting b. */
function distance(engine: Engine, a: Vector, b: Vector): number {
  engine.axpy(-1, a, b);
  return engine.norm(b);
}
