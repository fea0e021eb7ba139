/**
 * What all minimisers share: evaluate the start, then accept steps until the monitor says why to stop. A minimiser is its rule for
 * one step; it reads and moves the state, and says whether it moved.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { type Ledger, unwritten } from "../../ledger.ts";
import { minimiserDefaults } from "../defaults.ts";
import { createMonitor, type Monitor, type Standing, type Stopping } from "../stopping.ts";
import type { Evaluation, Minimisation, MinimiserOutcome, MinimiserStatus, Objective } from "../types.ts";
import { createWorkspace, machineEpsilon, toleranceFor, type Workspace } from "../workspace.ts";
import { evaluateFinite, type LineSearchOutcome, lineSearch } from "./line-search.ts";

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
  /** For what the rule remembers from step to step. */
  readonly ledger: Ledger;
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
}

/** A small gradient is enough once the next step is estimated to be shorter than this times max(1, ‖x‖). */
const settledStep = 1e-8;
/** Steps taken beyond a small gradient at most, once they are short: there may be no minimiser to settle at. */
const polishing = 10;
/** Of max(1, ‖x‖): so far from settled, a gradient is small only beside that of a far-away start. */
const shortStep = 1e-4;

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
    const { ledger = unwritten } = options;
    const gradient = ledger.vector("gradient", workspace.vector());
    const start = evaluateStart(engine, objective, ledger.vector("x", x), gradient, ledger);
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
      ledger,
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

    let [step, polished] = [0, 0];
    /** Steps shrink as gradients do. */
    let nextStep = 0;
    ledger.keep(
      "descent",
      () => ({ step, polished, nextStep, at: descent.at, evaluations: descent.evaluations }),
      ({ at, evaluations, ...written }) => {
        ({ step, polished, nextStep } = written);
        Object.assign(descent, { at, evaluations });
      },
    );
    for (; ; step++) {
      const { value, gradientNorm } = descent.at;
      yield { step, value, gradientNorm, x, gradient };
      const verdict = monitor.verdict(step, descent.at);
      const isPolished = options.settles === true && verdict === "converged" && step < options.maxIterations;
      const left = isPolished ? nextStep / Math.max(1, descent.at.length) : 0;
      const goesOn = left > shortStep || (left > settledStep && polished++ < polishing);
      if (verdict !== undefined && !goesOn) return finish(verdict, step);
      const outcome = rule.next();
      if (!outcome.ok) {
        const status = outcome.status === "stalled" ? monitor.stalled(descent.at) : outcome.status;
        return finish(status, step, outcome.reason);
      }
      engine.axpy(-1, descent.trial, x);
      const moved = engine.norm(x);
      engine.copy(descent.trial, x);
      engine.copy(descent.trialGradient, gradient);
      descent.at = standing(outcome.value);
      nextStep = moved * (descent.at.gradientNorm / gradientNorm);
    }
  } finally {
    workspace.release();
  }
}

/** The value and gradient where a run begins. One that is taken up has its gradient, and keeps its value. */
export function evaluateStart(
  engine: Engine,
  objective: Objective,
  x: Vector,
  gradient: Vector,
  ledger: Ledger,
): Evaluation {
  return ledger.resumes ? { ok: true, value: Number.NaN } : evaluateFinite(engine, objective, x, gradient);
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

/** A line search from the current point, whose evaluations count; the point it finds stands in `trial`. */
export function searchAlong(descent: Descent, direction: Vector, firstStep: number): LineSearchOutcome {
  const { engine, objective, x, gradient, valueNoise, trial, trialGradient, at } = descent;
  const slope = engine.dot(gradient, direction);
  const found = lineSearch(engine, {
    objective,
    x,
    value: at.value,
    direction,
    slope,
    firstStep,
    valueNoise,
    trial,
    trialGradient,
  });
  descent.evaluations += found.evaluations;
  return found;
}

/**
 * A first step along −∇f when nothing is known of the curvature: Polyak's step f / ‖∇f‖², never longer than max(1, ‖x‖).
 */
export function firstStep(descent: Descent): number {
  const { value, gradientNorm, length } = descent.at;
  const longest = Math.max(1, length) / gradientNorm;
  return value === 0 ? longest : Math.min(longest, Math.abs(value) / gradientNorm ** 2);
}
