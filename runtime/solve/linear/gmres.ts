/**
 * Restarted GMRES for any square matrix (Saad and Schultz 1986): Arnoldi's process with modified Gram–Schmidt, the Hessenberg
 * least-squares problem solved by Givens rotations as it grows. Every cycle starts from the true residual.
 */
import type { Vector } from "../../engine/engine.ts";
import { linearDefaults } from "../defaults.ts";
import type { LinearOptions, LinearOutcome, LinearSolver } from "../types.ts";
import { machineEpsilon, withWorkspace } from "../workspace.ts";
import { outcome, relative, relativeResidual } from "./residual.ts";

export interface GmresOptions extends LinearOptions {
  /** Krylov vectors before a restart. */
  readonly restart?: number;
}

export const gmres: LinearSolver<GmresOptions> = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    const tolerance = options.tolerance ?? linearDefaults.tolerance;
    const maxIterations = options.maxIterations ?? linearDefaults.maxIterations(a.size);
    const m = Math.max(1, Math.min(options.restart ?? linearDefaults.restart, a.size, maxIterations));
    const epsilon = machineEpsilon(engine);
    const scale = engine.norm(b);
    const r = workspace.vector();
    const basis: Vector[] = [];
    const v = (i: number): Vector => (basis[i] ??= workspace.vector());
    // Column k of the triangular factor is h[k · (m + 1) ...]; (cos, sin) are the rotations, g the rotated right-hand side.
    const h = new Float64Array(m * (m + 1));
    const [cos, sin, g, y] = [new Float64Array(m), new Float64Array(m), new Float64Array(m + 1), new Float64Array(m)];
    const at = (array: Float64Array, i: number): number => array[i] as number;

    let residual = relativeResidual(engine, a, b, x, r);
    let iterations = 0;
    while (residual > tolerance && iterations < maxIterations) {
      const beta = engine.norm(r);
      engine.copy(r, v(0));
      engine.scale(1 / beta, v(0));
      g.fill(0);
      g[0] = beta;
      let k = 0;
      let exhausted = false;
      while (k < m && !exhausted && iterations < maxIterations && relative(Math.abs(at(g, k)), scale) > tolerance) {
        const column = h.subarray(k * (m + 1), (k + 1) * (m + 1));
        a.apply(v(k), v(k + 1));
        iterations++;
        const length = engine.norm(v(k + 1));
        if (!Number.isFinite(length)) {
          return { status: "breakdown", iterations, residual: relativeResidual(engine, a, b, x, r) };
        }
        for (let i = 0; i <= k; i++) {
          column[i] = engine.dot(v(i), v(k + 1));
          engine.axpy(-at(column, i), v(i), v(k + 1));
        }
        const next = engine.norm(v(k + 1));
        exhausted = next <= epsilon * length;
        if (!exhausted) engine.scale(1 / next, v(k + 1));
        for (let i = 0; i < k; i++) {
          const [upper, lower] = [at(column, i), at(column, i + 1)];
          column[i] = at(cos, i) * upper + at(sin, i) * lower;
          column[i + 1] = at(cos, i) * lower - at(sin, i) * upper;
        }
        const diagonal = Math.hypot(at(column, k), next);
        // A zero column: A is singular on this Krylov space, which adds nothing to the solution.
        if (diagonal <= epsilon * length) break;
        cos[k] = at(column, k) / diagonal;
        sin[k] = next / diagonal;
        column[k] = diagonal;
        g[k + 1] = -at(sin, k) * at(g, k);
        g[k] = at(cos, k) * at(g, k);
        k++;
      }
      for (let i = k - 1; i >= 0; i--) {
        let sum = at(g, i);
        for (let j = i + 1; j < k; j++) sum -= at(h, j * (m + 1) + i) * at(y, j);
        y[i] = sum / at(h, i * (m + 1) + i);
      }
      for (let i = 0; i < k; i++) engine.axpy(at(y, i), v(i), x);
      const before = residual;
      residual = relativeResidual(engine, a, b, x, r);
      if (Number.isNaN(residual)) return { status: "breakdown", iterations, residual };
      // A cycle that leaves the residual as it was would be repeated exactly.
      const stuck = residual > tolerance && residual > 0.999 * before && iterations < maxIterations;
      if (stuck) return { status: "stagnated", iterations, residual };
    }
    return outcome(Number.isNaN(residual) ? "breakdown" : "max_iterations", iterations, residual, tolerance);
  });
