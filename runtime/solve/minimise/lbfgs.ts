/**
 * Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989): the direction −H ∇f by the two-loop recursion over the last pairs
 * s = x₊ − x, y = ∇f₊ − ∇f, from H₀ = (sᵀy / yᵀy) I.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { minimiserDefaults } from "../defaults.ts";
import type { Minimisation, Objective } from "../types.ts";
import { machineEpsilon } from "../workspace.ts";
import { type Descent, descend, firstStep, type MinimiserOptions, type StepOutcome, type StepRule } from "./descent.ts";
import { lineSearch } from "./line-search.ts";

export interface LbfgsOptions extends MinimiserOptions {
  /** Pairs kept. */
  readonly memory?: number;
  /** The length factor of the first step along −∇f; found from f and ∇f if absent. */
  readonly rate?: number;
}

interface Pair {
  readonly s: Vector;
  readonly y: Vector;
  /** sᵀy */
  sy: number;
  alpha: number;
}

export function lbfgs(engine: Engine, objective: Objective, x: Vector, options: LbfgsOptions): Minimisation {
  return descend(engine, objective, x, options, (descent) => prepare(descent, options));
}

function prepare(descent: Descent, options: LbfgsOptions): StepRule {
  const { engine, workspace, gradient, trial, trialGradient } = descent;
  const memory = Math.max(1, options.memory ?? minimiserDefaults.memory);
  const epsilon = machineEpsilon(engine);
  const direction = workspace.vector();
  /** Oldest first. Pairs are allocated as they are needed and reused from then on. */
  const pairs: Pair[] = [];
  const free: Pair[] = [];

  const search = (first: number) => {
    const slope = engine.dot(gradient, direction);
    const { objective, x, valueNoise, at } = descent;
    const found = lineSearch(engine, {
      objective,
      x,
      value: at.value,
      direction,
      slope,
      firstStep: first,
      valueNoise,
      trial,
      trialGradient,
    });
    descent.evaluations += found.evaluations;
    return found;
  };
  const forget = (): void => {
    free.push(...pairs.splice(0));
  };
  const remember = (): void => {
    const oldest = pairs.length >= memory ? pairs.shift() : free.pop();
    const pair = oldest ?? { s: workspace.vector(), y: workspace.vector(), sy: 0, alpha: 0 };
    subtract(engine, trial, descent.x, pair.s);
    subtract(engine, trialGradient, gradient, pair.y);
    pair.sy = engine.dot(pair.s, pair.y);
    // Without positive curvature along s the update would lose positive definiteness.
    const curved = pair.sy > epsilon * engine.norm(pair.s) * engine.norm(pair.y);
    (curved ? pairs : free).push(pair);
  };

  const next = (): StepOutcome => {
    twoLoop(engine, pairs, gradient, direction);
    if (pairs.length > 0 && engine.dot(gradient, direction) < 0) {
      const found = search(1);
      if (found.ok) {
        remember();
        return found;
      }
    }
    forget();
    engine.copy(gradient, direction);
    engine.scale(-1, direction);
    const found = search(options.rate ?? firstStep(descent));
    if (!found.ok) return { ok: false, status: "stalled", reason: found.reason };
    remember();
    return found;
  };
  return { next };
}

/** direction ← −H gradient (Nocedal and Wright 2006, algorithm 7.4). */
function twoLoop(engine: Engine, pairs: readonly Pair[], gradient: Vector, direction: Vector): void {
  engine.copy(gradient, direction);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const pair = pairs[i] as Pair;
    pair.alpha = engine.dot(pair.s, direction) / pair.sy;
    engine.axpy(-pair.alpha, pair.y, direction);
  }
  const newest = pairs.at(-1);
  if (newest !== undefined) engine.scale(newest.sy / engine.dot(newest.y, newest.y), direction);
  for (const pair of pairs) {
    const beta = engine.dot(pair.y, direction) / pair.sy;
    engine.axpy(pair.alpha - beta, pair.s, direction);
  }
  engine.scale(-1, direction);
}

/** out ← a − b */
function subtract(engine: Engine, a: Vector, b: Vector, out: Vector): void {
  engine.copy(a, out);
  engine.axpy(-1, b, out);
}
