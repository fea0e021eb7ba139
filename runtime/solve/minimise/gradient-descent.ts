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
  return descend(
    engine,
    f,
    x,
    options,
    rate === undefined ? barzilaiBorwein : (descent) => ({ next: () => fixedStep(descent, rate) }),
  );
}

function fixedStep(descent: Descent, rate: number): StepOutcome {
  moveTrial(descent, rate);
  return evaluateTrial(descent);
}

/** trial ← x − rate ∇f */
function moveTrial({ engine, x, gradient, trial }: Descent, rate: number): void {
  engine.copy(x, trial);
  engine.axpy(-rate, gradient, trial);
}

function barzilaiBorwein(descent: Descent): StepRule {
  const { engine, workspace, x, gradient } = descent;
  const [xOld, gradientOld] = [workspace.vector(), workspace.vector()];
  const values: number[] = [];
  let rate: number | undefined;

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
