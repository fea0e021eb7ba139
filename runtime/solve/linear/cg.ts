/**
 * Conjugate gradients for symmetric positive definite matrices (Hestenes and Stiefel 1952):
 *
 *     α = rᵀr / dᵀA d;  x ← x + α d;  r₊ = r − α A d;  β = r₊ᵀr₊ / rᵀr;  d ← r₊ + β d.
 *
 * The recursive residual drifts away from b − A x by rounding, so when it meets the tolerance the true one is computed; if that
 * is too large, the method restarts from it as long as this at least halves it.
 * With a preconditioner the products of r with itself are rᵀz.
 */
import type { Vector } from "../../engine/engine.ts";
import { linearDefaults } from "../defaults.ts";
import type { LinearOptions, LinearOutcome, LinearSolver } from "../types.ts";
import { machineEpsilon, withWorkspace } from "../workspace.ts";
import { outcome, relative, relativeResidual } from "./residual.ts";

export interface CgOptions extends LinearOptions {
  /** Receives the direction without positive curvature when the status is `indefinite`. */
  readonly direction?: Vector;
  /** out ← M⁻¹ r for a symmetric positive definite M near A; r itself without it. */
  readonly preconditioner?: (r: Vector, out: Vector) => void;
}

/** On `indefinite` and `breakdown`, x is the last iterate before it; x is finite unless it was not at the start. */
export const cg: LinearSolver<CgOptions> = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    const tolerance = options.tolerance ?? linearDefaults.tolerance;
    const maxIterations = options.maxIterations ?? linearDefaults.maxIterations(a.size);
    const flat = 4 * machineEpsilon(engine);
    const [r, d, q] = [workspace.vector(), workspace.vector(), workspace.vector()];
    const { preconditioner } = options;
    const z = preconditioner === undefined ? r : workspace.vector();
    const scale = engine.norm(b);
    const isSolved = (rho: number): boolean =>
      relative(preconditioner === undefined ? Math.sqrt(rho) : engine.norm(r), scale) <= tolerance;

    let residual = relativeResidual(engine, a, b, x, r);
    let iterations = 0;
    let steepest = 0;
    while (residual > tolerance && iterations < maxIterations) {
      preconditioner?.(r, z);
      engine.copy(z, d);
      let rho = engine.dot(r, z);
      while (!isSolved(rho) && iterations < maxIterations) {
        a.apply(d, q);
        iterations++;
        const dd = engine.dot(d, d);
        const dq = engine.dot(d, q);
        const curvature = dq / dd;
        if (!Number.isFinite(curvature)) {
          return { status: "breakdown", iterations, residual: relativeResidual(engine, a, b, x, r) };
        }
        steepest = Math.max(steepest, Math.abs(curvature));
        if (curvature <= flat * steepest) {
          if (options.direction !== undefined) engine.copy(d, options.direction);
          return { status: "indefinite", iterations, residual: relativeResidual(engine, a, b, x, r), curvature };
        }
        const alpha = rho / dq;
        engine.axpy(alpha, d, x);
        engine.axpy(-alpha, q, r);
        preconditioner?.(r, z);
        const rhoNext = engine.dot(r, z);
        engine.scale(rhoNext / rho, d);
        engine.axpy(1, z, d);
        rho = rhoNext;
      }
      const before = residual;
      residual = relativeResidual(engine, a, b, x, r);
      if (Number.isNaN(residual)) return { status: "breakdown", iterations, residual };
      if (residual > tolerance && residual > before / 2 && iterations < maxIterations) {
        return { status: "stagnated", iterations, residual };
      }
    }
    return outcome(Number.isNaN(residual) ? "breakdown" : "max_iterations", iterations, residual, tolerance);
  });
