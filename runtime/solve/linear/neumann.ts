/**
 * The truncated Neumann series (Lorraine, Vicol and Duvenaud 2020), for A positive definite and rate < 2 / λ_max:
 *
 *     x = rate Σ_{k = 0..K} (I − rate A)ᵏ b,   b − A x = (I − rate A)^{K+1} b,
 *
 * so that the error along an eigenvector of eigenvalue μ is (1 − rate μ)^{K+1} of the solution. K is `terms`: K + 1 summands.
 */
import { linearDefaults } from "../defaults.ts";
import type { LinearOptions, LinearOutcome, LinearSolver } from "../types.ts";
import { withWorkspace } from "../workspace.ts";
import { relativeResidual } from "./residual.ts";
import { automaticRate } from "./spectrum.ts";

export interface NeumannOptions extends LinearOptions {
  /** K above. */
  readonly terms?: number;
  /** 1 / L from the power method if absent. */
  readonly rate?: number;
}

/** The start is not read. The number of terms is the contract, so the tolerance only names the status. */
export const neumann: LinearSolver<NeumannOptions> = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    const tolerance = options.tolerance ?? linearDefaults.tolerance;
    const terms = options.terms ?? linearDefaults.neumannTerms;
    const rate = options.rate ?? automaticRate(engine, a);
    const [power, product] = [workspace.vector(), workspace.vector()];
    engine.copy(b, power);
    engine.copy(b, x);
    for (let k = 1; k <= terms; k++) {
      a.apply(power, product);
      engine.axpy(-rate, product, power);
      engine.axpy(1, power, x);
    }
    engine.scale(rate, x);
    const residual = relativeResidual(engine, a, b, x, product);
    if (Number.isNaN(residual)) return { status: "breakdown", iterations: terms, residual };
    const status = residual <= tolerance ? "converged" : residual > 1 ? "diverged" : "max_iterations";
    return { status, iterations: terms, residual };
  });
