/** The defaults of every option that a solver takes. */
import type { Stopping } from "./stopping.ts";

export const linearDefaults = {
  /** Relative residual ‖b − A x‖ / ‖b‖. */
  tolerance: 1e-12,
  /** Krylov methods: enough for exact termination several times over, and a bound for large systems. */
  maxIterations: (size: number): number => Math.min(10 * size + 20, 10_000),
  /** Gradient descent on a linear system, which converges linearly. */
  gradientDescentIterations: 10_000,
  neumannTerms: 20,
  /** Krylov vectors that GMRES keeps before it restarts. */
  restart: 50,
  /** Corrections after a direct solve. */
  refinements: 2,
  /** Power iterations behind an automatic rate, and how far above the estimate the largest eigenvalue is assumed. */
  powerIterations: 30,
  eigenvalueSafety: 1.1,
  /** Lanczos vectors at the most, and multiplications that keeping them orthogonal may take. */
  lanczosSteps: 120,
  lanczosWork: 1e9,
  /** Of the smallest eigenvalue: it is found when its vector's residual is below. */
  lanczosTolerance: 0.01,
} as const;

/** A lower level solved by factorised or truncated Newton steps: to the rounding floor. */
export const newtonStopping: Stopping = { tolerance: 1e-12, maxIterations: 200, settles: true };

/** A lower level solved by first-order steps. */
export const innerStopping: Stopping = { tolerance: 1e-10, maxIterations: 10_000, settles: true };

/** The upper level: small relative to the value too; `stopping.ts` says why. */
export const outerStopping: Stopping = { tolerance: 1e-9, maxIterations: 1_000, relativeToValue: true };

/** HOAG's tolerance at the first step, and its factor from step to step. */
export const hoagDefaults = { first: 1e-3, decrease: 0.9 } as const;

/** A square system of equations. */
export const rootStopping: Stopping = { tolerance: 1e-12, maxIterations: 200, settles: true };

/** Iterating a fixed point, accelerated or not: as exact as Newton's method, in cheaper and more steps. */
export const fixedPointStopping: Stopping = { ...rootStopping, maxIterations: 10_000 };

export const fixedPointDefaults = {
  /** Differences that Anderson acceleration keeps. */
  memory: 5,
  rate: 1,
  /** Products behind an estimate of the contraction factor. */
  powerIterations: 60,
} as const;

export const minimiserDefaults = {
  /** Pairs that L-BFGS keeps. */
  memory: 20,
  /** Values a non-monotone search compares with (Grippo, Lampariello, Lucidi 1986). */
  history: 10,
  adam: { rate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  sgd: { rate: 1e-2 },
  /** Factor of a step size that drops every so many steps. */
  drop: 0.1,
  /** Of a method that takes as many steps as it is told, where it is not. */
  steps: 100,
  /** Trials of one line search. */
  trials: 20,
  /** Armijo's and the curvature condition's constants (Hager, Zhang 2005). */
  sufficientDecrease: 0.1,
  curvature: 0.9,
  /** Values closer than this times |f|, or four roundings, count as equal: lower levels are solved to a tolerance. */
  valueNoise: 1e-10,
} as const;
