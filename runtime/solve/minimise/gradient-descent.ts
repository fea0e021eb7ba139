/**
 * Gradient descent. With a rate: x ← x − rate ∇f, exactly as asked. Without one: Barzilai and Borwein's rates sᵀs / sᵀy under
 * a non-monotone Armijo search (Raydan 1997), which adapt to the curvature along the way.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { minimiserDefaults } from "../defaults.ts";
import type { Minimisation, Objective } from "../types.ts";
import {
  type Descent,
  descend,
  evaluateTrial,
  firstStep,
  type MinimiserOptions,
  type StepOutcome,
  type StepRule,
} from "./descent.ts";

export interface GradientDescentOptions extends MinimiserOptions {
  readonly rate?: number;
}

export function gradientDescent(
  engine: Engine,
  f: Objective,
  x: Vector,
  options: GradientDescentOptions,
): Minimisation {
  const { rate } = options;
  return descend(engine, f, x, options, rate === undefined ? barzilaiBorwein : (descent) => fixedRate(descent, rate));
}

/** A step of fixed length needs no value, which may cost more than the gradient: every so many steps one is looked at, to see it fall. */
const stepsWithoutValue = 9;

/** Where the objective gives the gradient alone, the values of most iterates are NaN. */
function fixedRate(descent: Descent, rate: number): StepRule {
  const { engine, objective, trial, trialGradient } = descent;
  let steps = 0;
  descent.ledger.keep(
    "fixed rate",
    () => steps,
    (written) => {
      steps = written;
    },
  );
  const next = (): StepOutcome => {
    moveTrial(descent, rate);
    steps++;
    if (objective.slope === undefined || steps % (stepsWithoutValue + 1) === 0) return evaluateTrial(descent);
    descent.evaluations++;
    objective.slope(trial, trialGradient);
    if (Number.isFinite(engine.norm(trialGradient))) return { ok: true, value: Number.NaN };
    return { ok: false, status: "diverged", reason: "the gradient is not finite" };
  };
  return { next };
}

/** trial ← x − rate ∇f */
function moveTrial({ engine, x, gradient, trial }: Descent, rate: number): void {
  engine.copy(x, trial);
  engine.axpy(-rate, gradient, trial);
}

function barzilaiBorwein(descent: Descent): StepRule {
  const { engine, workspace, ledger, x, gradient } = descent;
  const xOld = ledger.vector("last x", workspace.vector());
  const gradientOld = ledger.vector("last gradient", workspace.vector());
  let values: number[] = [];
  let rate: number | undefined;
  ledger.keep(
    "spectral rate",
    () => ({ values, rate }),
    (written) => {
      ({ values, rate } = written);
    },
  );

  const next = (): StepOutcome => {
    const { value, gradientNorm } = descent.at;
    rate = rate === undefined ? firstStep(descent) : (spectralRate(engine, x, gradient, xOld, gradientOld) ?? 2 * rate);
    engine.copy(x, xOld);
    engine.copy(gradient, gradientOld);
    values.push(value);
    if (values.length > minimiserDefaults.history) values.shift();
    const highest = Math.max(...values) + descent.valueNoise * Math.abs(value);
    let reason: string | undefined;
    for (let trials = 0; trials < minimiserDefaults.trials; trials++) {
      moveTrial(descent, rate);
      const outcome = evaluateTrial(descent);
      if (outcome.ok && outcome.value <= highest - 1e-4 * rate * gradientNorm ** 2) return outcome;
      reason = outcome.ok ? undefined : outcome.reason;
      rate *= outcome.ok ? 0.5 : 0.1;
    }
    return { ok: false, status: "stalled", reason };
  };
  return { next };
}

/** sᵀs / sᵀy, overwriting the old point by s and the old gradient by y; undefined without positive curvature. */
function spectralRate(engine: Engine, x: Vector, g: Vector, xOld: Vector, gOld: Vector): number | undefined {
  for (const [now, old] of [
    [x, xOld],
    [g, gOld],
  ] as const) {
    engine.scale(-1, old);
    engine.axpy(1, now, old);
  }
  const rate = engine.dot(xOld, xOld) / engine.dot(xOld, gOld);
  return rate > 0 && Number.isFinite(rate) ? rate : undefined;
}
