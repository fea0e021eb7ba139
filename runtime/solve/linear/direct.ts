/**
 * A direct solve with iterative refinement (Wilkinson 1963): x ← M⁻¹ b, then x ← x + M⁻¹ (b − A x) for the factorised M ≈ A. The
 * residual comes from the operator, so a factor that is stale, damped or of lower precision shows.
 */
import type { Factor } from "../../engine/engine.ts";
import { linearDefaults } from "../defaults.ts";
import type { LinearOutcome, LinearSolver } from "../types.ts";
import { withWorkspace } from "../workspace.ts";
import { outcome, relativeResidual } from "./residual.ts";

/**
 * The solver by this factor, of the matrix's transpose if `transposed`. The start is not read; `maxIterations` bounds the
 * refinements. A correction that does not reduce the residual is taken back.
 */
export function direct(factor: Factor, transposed = false): LinearSolver {
  return (engine, a, b, x, options = {}) =>
    withWorkspace(engine, a.size, (workspace): LinearOutcome => {
      const tolerance = options.tolerance ?? linearDefaults.tolerance;
      const maxIterations = options.maxIterations ?? linearDefaults.refinements;
      const [r, correction] = [workspace.vector(), workspace.vector()];
      const solveInPlace = transposed ? factor.solveTransposed : factor.solve;

      engine.copy(b, x);
      solveInPlace.call(factor, x);
      let residual = relativeResidual(engine, a, b, x, r);
      if (!Number.isFinite(residual)) return { status: "breakdown", iterations: 0, residual };
      for (let iterations = 0; iterations < maxIterations; iterations++) {
        if (residual <= tolerance) return { status: "converged", iterations, residual };
        engine.copy(r, correction);
        solveInPlace.call(factor, correction);
        engine.axpy(1, correction, x);
        const refined = relativeResidual(engine, a, b, x, r);
        if (!(refined < residual)) {
          engine.axpy(-1, correction, x);
          return { status: "stagnated", iterations, residual: relativeResidual(engine, a, b, x, r) };
        }
        residual = refined;
      }
      return outcome("max_iterations", maxIterations, residual, tolerance);
    });
}
