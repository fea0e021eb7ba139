/**
 * MINRES for symmetric matrices, indefinite or singular (Paige and Saunders 1975): the Lanczos process
 * γ₊ v₊ = A v − δ v − γ v₋, whose tridiagonal matrix is reduced by Givens rotations (c, s) as it grows; every step minimises
 * ‖b − A x‖ over the Krylov space. Notation as in Elman, Silvester and Wathen (2014), algorithm 2.4.
 */
import { linearDefaults } from "../defaults.ts";
import type { LinearOutcome, LinearSolver } from "../types.ts";
import { machineEpsilon, withWorkspace } from "../workspace.ts";
import { outcome, relative, relativeResidual } from "./residual.ts";

/** ‖A r‖ / (‖A‖ ‖r‖) below which r counts as orthogonal to the range: a least-squares solution of a singular system. */
const leastSquares = 1e-10;

/** A singular system without a solution gives `stagnated` at a least-squares solution. */
export const minres: LinearSolver = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    const tolerance = options.tolerance ?? linearDefaults.tolerance;
    const maxIterations = options.maxIterations ?? linearDefaults.maxIterations(a.size);
    const epsilon = machineEpsilon(engine);
    const scale = engine.norm(b);
    const r = workspace.vector();
    let [v, vOld, vNext] = [workspace.vector(), workspace.vector(), workspace.vector()];
    let [w, wOld, wNext] = [workspace.vector(), workspace.vector(), workspace.vector()];

    let residual = relativeResidual(engine, a, b, x, r);
    let iterations = 0;
    while (residual > tolerance && iterations < maxIterations) {
      // One Lanczos process; rounding is met by restarting from the true residual.
      engine.copy(r, v);
      for (const vector of [vOld, w, wOld]) engine.fill(vector, 0);
      let gamma = engine.norm(v);
      let eta = gamma;
      let [c, cOld, s, sOld] = [1, 1, 0, 0];
      let norm = 0;
      let orthogonal = false;
      engine.scale(1 / gamma, v);

      while (relative(Math.abs(eta), scale) > tolerance && iterations < maxIterations) {
        a.apply(v, vNext);
        iterations++;
        const delta = engine.dot(v, vNext);
        engine.axpy(-delta, v, vNext);
        engine.axpy(-gamma, vOld, vNext);
        const gammaNext = engine.norm(vNext);
        if (!Number.isFinite(gammaNext) || !Number.isFinite(delta)) {
          return { status: "breakdown", iterations, residual: relativeResidual(engine, a, b, x, r) };
        }
        norm = Math.max(norm, Math.hypot(delta, gammaNext));

        const alpha0 = c * delta - cOld * s * gamma;
        const alpha1 = Math.hypot(alpha0, gammaNext);
        const alpha2 = s * delta + cOld * c * gamma;
        const alpha3 = sOld * gamma;
        // ‖A r‖ = |η| hypot(α₀, c γ₊) (Paige and Saunders 1975, section 6).
        orthogonal = Math.hypot(alpha0, c * gammaNext) <= leastSquares * norm;
        if (orthogonal || alpha1 === 0) break;

        [cOld, c, sOld, s] = [c, alpha0 / alpha1, s, gammaNext / alpha1];
        engine.copy(v, wNext);
        engine.axpy(-alpha3, wOld, wNext);
        engine.axpy(-alpha2, w, wNext);
        engine.scale(1 / alpha1, wNext);
        [wOld, w, wNext] = [w, wNext, wOld];
        engine.axpy(c * eta, w, x);
        eta *= -s;
        if (gammaNext <= epsilon * norm) break;
        engine.scale(1 / gammaNext, vNext);
        [vOld, v, vNext] = [v, vNext, vOld];
        gamma = gammaNext;
      }
      const before = residual;
      residual = relativeResidual(engine, a, b, x, r);
      if (Number.isNaN(residual)) return { status: "breakdown", iterations, residual };
      const stuck = orthogonal || (residual > before / 2 && iterations < maxIterations);
      if (stuck) return outcome("stagnated", iterations, residual, tolerance);
    }
    return outcome(Number.isNaN(residual) ? "breakdown" : "max_iterations", iterations, residual, tolerance);
  });
