/** Gradient descent on ½ xᵀA x − bᵀx, also known as Richardson's iteration: x ← x + rate (b − A x), A positive definite. */
import { linearDefaults } from "../defaults.ts";
import type { LinearOptions, LinearOutcome, LinearSolver } from "../types.ts";
import { withWorkspace } from "../workspace.ts";
import { outcome, relativeResidual } from "./residual.ts";
import { automaticRate } from "./spectrum.ts";

export interface GradientDescentOptions extends LinearOptions {
  /** 1 / L from the power method if absent. */
  readonly rate?: number;
}

/** The residual that says the iteration diverges, relative to the first one. */
const growth = 1e6;

export const gradientDescent: LinearSolver<GradientDescentOptions> = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    const tolerance = options.tolerance ?? linearDefaults.tolerance;
    const maxIterations = options.maxIterations ?? linearDefaults.gradientDescentIterations;
    const rate = options.rate ?? automaticRate(engine, a);
    const r = workspace.vector();
    const start = relativeResidual(engine, a, b, x, r);
    let residual = start;
    let iterations = 0;
    if (Number.isNaN(rate) || Number.isNaN(start)) return { status: "breakdown", iterations, residual };
    while (residual > tolerance && iterations < maxIterations) {
      engine.axpy(rate, r, x);
      residual = relativeResidual(engine, a, b, x, r);
      iterations++;
      if (!(residual <= growth * Math.max(1, start))) return { status: "diverged", iterations, residual };
    }
    return outcome("max_iterations", iterations, residual, tolerance);
  });
