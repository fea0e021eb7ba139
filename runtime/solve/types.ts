/**
 * What solvers take and what they say. Three rules hold for all of them: they work on engine vectors and allocate
 * nothing inside their loops; a numerical failure is an outcome, never an exception; and an outcome's residual or
 * gradient norm belongs to the point that is handed back, whatever happened on the way.
 */
import type { Engine, Vector } from "../engine/engine.ts";
import type { Residuals } from "../types.ts";

// ---------------------------------------------------------------------------------------------------- linear systems

/** A square matrix known by its products. `apply` must not read `out`, which never aliases `v`. */
export interface LinearOperator {
  readonly size: number;
  apply(v: Vector, out: Vector): void;
}

/**
 * - `converged`: the residual, computed afresh, is within the tolerance.
 * - `max_iterations`: stopped where it was asked to stop, short of the tolerance.
 * - `stagnated`: no further progress: rounding, or a singular system that has no solution.
 * - `breakdown`: the operator gave a value that is not finite, or a division by zero came up.
 * - `indefinite`: a direction without positive curvature came up in a method for positive definite matrices.
 * - `diverged`: the residual grows.
 */
export type LinearStatus = "converged" | "max_iterations" | "stagnated" | "breakdown" | "indefinite" | "diverged";

export interface LinearOutcome {
  readonly status: LinearStatus;
  /** Products with the operator that made progress; checks of the residual are not counted. */
  readonly iterations: number;
  /** ‖b − A x‖ / ‖b‖ of the x handed back, computed afresh; 0 / 0 is 0. */
  readonly residual: number;
  /** dᵀA d / dᵀd of the direction that made the status `indefinite`. */
  readonly curvature?: number;
}

export interface LinearOptions {
  /** Of the relative residual. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

/** Solves A x = b. x holds the start and is overwritten by the answer, b is kept; neither aliases the other. */
export type LinearSolver<Options extends LinearOptions = LinearOptions> = (
  engine: Engine,
  a: LinearOperator,
  b: Vector,
  x: Vector,
  options?: Options,
) => LinearOutcome;

// ------------------------------------------------------------------------------------------------------ minimisation

/** A failure is an answer: line searches back off from it. A value or gradient that is not finite counts as one. */
export type Evaluation =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly reason: string };

/** A differentiable function to be minimised. */
export interface Objective {
  readonly size: number;
  /** The value at x; the gradient is written to `gradient`, whose content does not matter after a failure. */
  evaluate(x: Vector, gradient: Vector): Evaluation;
  /** Writes the gradient alone, where that is cheaper. */
  slope?(x: Vector, gradient: Vector): void;
}

/**
 * Where a minimiser stands. The vectors are the minimiser's own: read them before it goes on. When an iterate is yielded, it is
 * the point that the objective evaluated last, so what the objective keeps of that evaluation belongs to it.
 */
export interface Iterate {
  /** 0 at the start. */
  readonly step: number;
  readonly value: number;
  readonly gradientNorm: number;
  readonly x: Vector;
  readonly gradient: Vector;
  /** Of the lower level's solvers, where the objective was not asked through `evaluate`. */
  readonly residuals?: Residuals;
}

/**
 * - `converged`: the gradient is zero as `stopping.ts` understands it.
 * - `max_iterations`: stopped where it was asked to stop.
 * - `stagnated`: no step makes progress and the gradient is not small.
 * - `diverged`: a step of prescribed length led to values that are huge or not finite; x is the last finite point.
 * - `unbounded`: the value falls below every bound.
 * - `infeasible`: no point was found where the constraints hold.
 * - `not_evaluable`: the objective has no finite value at the start.
 */
export type MinimiserStatus =
  | "converged"
  | "max_iterations"
  | "stagnated"
  | "diverged"
  | "unbounded"
  | "infeasible"
  | "not_evaluable";

export interface MinimiserOutcome {
  readonly status: MinimiserStatus;
  readonly iterations: number;
  readonly evaluations: number;
  readonly value: number;
  readonly gradientNorm: number;
  /** The gradient norm over its scale, the number that is compared with the tolerance. */
  readonly stationarity: number;
  /** What the objective said where it could not be evaluated. */
  readonly reason?: string;
}

/**
 * A minimiser as a step machine: it overwrites x, yields the start and every accepted iterate, and returns what
 * happened. Whoever drives it may observe, and stop by `return()`, which frees its vectors and leaves x as it is.
 */
export type Minimisation = Generator<Iterate, MinimiserOutcome, void>;

/** Drives a step machine to its end. */
export function runToEnd<Step, Outcome>(machine: Generator<Step, Outcome, void>): Outcome {
  let next = machine.next();
  while (next.done !== true) next = machine.next();
  return next.value;
}
