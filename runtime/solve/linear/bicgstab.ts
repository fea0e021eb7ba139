/**
 * BiCGStab for any square matrix (van der Vorst 1992): short recurrences, so a handful of vectors whatever the number of steps. Where a
 * recurrence breaks down it begins again from the true residual; every claim of convergence is checked against that too.
 */
import { linearDefaults } from "../defaults.ts";
import type { LinearOutcome, LinearSolver } from "../types.ts";
import { machineEpsilon, withWorkspace } from "../workspace.ts";
import { outcome, relative, relativeResidual } from "./residual.ts";

/** Beginnings without a residual that is at least halved since the last one: it stalls. */
const idleBeginnings = 3;

export const bicgstab: LinearSolver = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    const tolerance = options.tolerance ?? linearDefaults.tolerance;
    const maxIterations = options.maxIterations ?? linearDefaults.maxIterations(a.size);
    const epsilon = machineEpsilon(engine);
    const scale = engine.norm(b);
    const [r, shadow, p, v, t] = [
      workspace.vector(),
      workspace.vector(),
      workspace.vector(),
      workspace.vector(),
      workspace.vector(),
    ];
    let residual = relativeResidual(engine, a, b, x, r);
    let [iterations, idle, lowest] = [0, 0, residual];
    while (residual > tolerance && iterations < maxIterations && idle < idleBeginnings) {
      engine.copy(r, shadow);
      engine.copy(r, p);
      let rho = engine.dot(shadow, r);
      while (iterations < maxIterations) {
        a.apply(p, v);
        iterations++;
        const sigma = engine.dot(shadow, v);
        if (!Number.isFinite(sigma)) {
          return { status: "breakdown", iterations, residual: relativeResidual(engine, a, b, x, r) };
        }
        if (Math.abs(sigma) <= epsilon * engine.norm(shadow) * engine.norm(v)) break;
        const alpha = rho / sigma;
        engine.axpy(alpha, p, x);
        engine.axpy(-alpha, v, r);
        a.apply(r, t);
        iterations++;
        const length = engine.dot(t, t);
        if (length === 0) break;
        const omega = engine.dot(t, r) / length;
        engine.axpy(omega, r, x);
        engine.axpy(-omega, t, r);
        const next = engine.dot(shadow, r);
        const beta = (next / rho) * (alpha / omega);
        if (relative(engine.norm(r), scale) <= tolerance) break;
        if (!Number.isFinite(beta) || Math.abs(next) <= epsilon * engine.norm(shadow) * engine.norm(r)) break;
        rho = next;
        engine.axpy(-omega, v, p);
        engine.scale(beta, p);
        engine.axpy(1, r, p);
      }
      residual = relativeResidual(engine, a, b, x, r);
      if (Number.isNaN(residual)) return { status: "breakdown", iterations, residual };
      idle = residual <= lowest / 2 ? 0 : idle + 1;
      lowest = Math.min(lowest, residual);
    }
    const short = iterations >= maxIterations ? "max_iterations" : "stagnated";
    return outcome(Number.isNaN(residual) ? "breakdown" : short, iterations, residual, tolerance);
  });
