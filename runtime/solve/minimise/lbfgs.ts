/**
 * Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989): the direction −B⁻¹ ∇f of the last secant pairs (secant-pairs.ts), under a
 * line search.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { minimiserDefaults } from "../defaults.ts";
import type { Minimisation, Objective } from "../types.ts";
import { machineEpsilon } from "../workspace.ts";
import {
  type Descent,
  descend,
  firstStep,
  type MinimiserOptions,
  type StepOutcome,
  type StepRule,
  searchAlong,
} from "./descent.ts";
import { createSecantPairs, type SecantPairs } from "./secant-pairs.ts";

export interface LbfgsOptions extends MinimiserOptions {
  /** Pairs kept. */
  readonly memory?: number;
  /** The length factor of the first step along −∇f; found from f and ∇f if absent. */
  readonly rate?: number;
  /** Pairs of the caller, to begin with and to be read afterwards; `memory` is then theirs. */
  readonly pairs?: SecantPairs;
  /** Directions that the pairs are to learn beside those of the steps. */
  readonly awareness?: Awareness;
}

/**
 * Outer-problem awareness (Ramzi, Mannel, Bai, Starck, Ciuciu and Moreau 2022): after every `every` steps, the pair of e = t B⁻¹ b and
 * ∇f(x + e) − ∇f(x), so that B⁻¹ comes to agree with the inverse where it is read.
 */
export interface Awareness {
  readonly every: number;
  /** out ← b at x */
  readonly towards: (x: Vector, out: Vector) => void;
}

export function lbfgs(engine: Engine, objective: Objective, x: Vector, options: LbfgsOptions): Minimisation {
  return descend(engine, objective, x, options, (descent) => prepare(descent, options));
}

function prepare(descent: Descent, options: LbfgsOptions): StepRule {
  const { engine, workspace, x, gradient, trial, trialGradient } = descent;
  const pairs = options.pairs ?? createSecantPairs(engine, workspace, options.memory ?? minimiserDefaults.memory);
  pairs.keep(descent.ledger);
  const direction = workspace.vector();
  const learn = options.awareness && learnAlong(descent, pairs, options.awareness);

  const search = (first: number) => {
    const found = searchAlong(descent, direction, first);
    if (!found.ok) return found;
    pairs.remember({ x, gradient }, { x: trial, gradient: trialGradient });
    learn?.();
    return found;
  };

  const next = (): StepOutcome => {
    pairs.apply(gradient, direction);
    engine.scale(-1, direction);
    if (pairs.count() > 0 && engine.dot(gradient, direction) < 0) {
      const found = search(1);
      if (found.ok) return found;
    }
    pairs.forget();
    engine.copy(gradient, direction);
    engine.scale(-1, direction);
    const found = search(options.rate ?? firstStep(descent));
    return found.ok ? found : { ok: false, status: "stalled", reason: found.reason };
  };
  return { next };
}

/** Called where `trial` is the next point: its direction is as long as the step there, but never lost in the rounding of ∇f. */
function learnAlong(
  { engine, objective, workspace, x, trial, trialGradient }: Descent,
  pairs: SecantPairs,
  { every, towards }: Awareness,
): () => void {
  const [b, point, gradient] = [workspace.vector(), workspace.vector(), workspace.vector()];
  const shortest = Math.sqrt(machineEpsilon(engine));
  let steps = 0;
  return () => {
    steps += 1;
    if (steps % every !== 0) return;
    towards(trial, b);
    pairs.apply(b, point);
    const length = engine.norm(point);
    if (!(length > 0)) return;
    engine.copy(trial, b);
    engine.axpy(-1, x, b);
    engine.scale(Math.max(engine.norm(b), shortest * Math.max(1, engine.norm(trial))) / length, point);
    engine.axpy(1, trial, point);
    if (objective.slope !== undefined) objective.slope(point, gradient);
    else if (!objective.evaluate(point, gradient).ok) return;
    pairs.remember({ x: trial, gradient: trialGradient }, { x: point, gradient });
  };
}
