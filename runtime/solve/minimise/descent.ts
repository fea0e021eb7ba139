/**
 * What all minimisers share: evaluate the start, then accept steps until the monitor says why to stop. A minimiser is its rule for
 * one step; it reads and moves the state, and says whether it moved.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { minimiserDefaults } from "../defaults.ts";
import { createMonitor, type Monitor, type Standing, type Stopping } from "../stopping.ts";
import type { Minimisation, MinimiserOutcome, MinimiserStatus, Objective } from "../types.ts";
import { createWorkspace, machineEpsilon, toleranceFor, type Workspace } from "../workspace.ts";
import { evaluateFinite } from "./line-search.ts";

export interface MinimiserOptions extends Stopping {
  /** Values whose relative difference is smaller count as equal; see `defaults.ts`. */
  readonly valueNoise?: number;
}

/** The current point. The rule for a step writes the next one to `trial`, `trialGradient` and returns its value. */
export interface Descent {
  readonly engine: Engine;
  readonly objective: Objective;
  readonly workspace: Workspace;
  readonly monitor: Monitor;
  readonly valueNoise: number;
  readonly x: Vector;
  readonly gradient: Vector;
  readonly trial: Vector;
  readonly trialGradient: Vector;
  at: Standing;
  evaluations: number;
}

export type StepOutcome =
  | { readonly ok: true; readonly value: number }
  /** `stalled` leaves converged or stagnated to the monitor. */
  | { readonly ok: false; readonly status: MinimiserStatus | "stalled"; readonly reason?: string };

export interface StepRule {
  next(): StepOutcome;
  /** Asked where the gradient is small enough: whether further steps would hardly move x. Always, if absent. */
  settled?(): boolean;
}

/** Steps taken beyond a small gradient at most, for a rule that has not settled: there may be no minimiser to settle at. */
const polishing = 10;

/** `prepare` allocates what the rule needs from the descent's workspace, once, and returns the rule. */
export function* descend(
  engine: Engine,
  objective: Objective,
  x: Vector,
  options: MinimiserOptions,
  prepare: (descent: Descent) => StepRule,
): Minimisation {
  const workspace = createWorkspace(engine, objective.size);
  try {
    const gradient = workspace.vector();
    const start = evaluateFinite(engine, objective, x, gradient);
    if (!start.ok) return notEvaluable(start.reason);
    const standing = (value: number): Standing => ({
      value,
      gradientNorm: engine.norm(gradient),
      length: engine.norm(x),
    });
    const at = standing(start.value);
    const epsilon = machineEpsilon(engine);
    const valueNoise = options.valueNoise ?? Math.max(toleranceFor(engine, minimiserDefaults.valueNoise), 4 * epsilon);
    const monitor = createMonitor(options, at, epsilon);
    const descent: Descent = {
      engine,
      objective,
      workspace,
      monitor,
      valueNoise,
      x,
      gradient,
      trial: workspace.vector(),
      trialGradient: workspace.vector(),
      at,
      evaluations: 1,
    };
    const rule = prepare(descent);
    const finish = (status: MinimiserStatus, iterations: number, reason?: string): MinimiserOutcome => {
      const { at, evaluations } = descent;
      const { value, gradientNorm } = at;
      return { status, iterations, evaluations, value, gradientNorm, stationarity: monitor.stationarity(at), reason };
    };

    let polished = 0;
    for (let step = 0; ; step++) {
      const { value, gradientNorm } = descent.at;
      yield { step, value, gradientNorm, x, gradient };
      const verdict = monitor.verdict(step, descent.at);
      const polish =
        verdict === "converged" &&
        step > 0 &&
        step < options.maxIterations &&
        gradientNorm > 0 &&
        rule.settled?.() === false;
      if (verdict !== undefined && !(polish && polished++ < polishing)) return finish(verdict, step);
      const outcome = rule.next();
      if (!outcome.ok) {
        const status = outcome.status === "stalled" ? monitor.stalled(descent.at) : outcome.status;
        return finish(status, step, outcome.reason);
      }
      engine.copy(descent.trial, x);
      engine.copy(descent.trialGradient, gradient);
      descent.at = standing(outcome.value);
    }
  } finally {
    workspace.release();
  }
}

export function notEvaluable(reason: string): MinimiserOutcome {
  const unknown = Number.NaN;
  return {
    status: "not_evaluable",
    iterations: 0,
    evaluations: 1,
    value: unknown,
    gradientNorm: unknown,
    stationarity: unknown,
    reason,
  };
}

/** Evaluates the trial point, counting. For methods without a line search a failure is divergence. */
export function evaluateTrial(descent: Descent): StepOutcome {
  descent.evaluations++;
  const answer = evaluateFinite(descent.engine, descent.objective, descent.trial, descent.trialGradient);
  return answer.ok ? answer : { ok: false, status: "diverged", reason: answer.reason };
}

/**
 * A first step along −∇f when nothing is known of the curvature: Polyak's step f / ‖∇f‖², never longer than max(1, ‖x‖).
 */
export function firstStep(descent: Descent): number {
  const { value, gradientNorm, length } = descent.at;
  const longest = Math.max(1, length) / gradientNorm;
  return value === 0 ? longest : Math.min(longest, Math.abs(value) / gradientNorm ** 2);
}
