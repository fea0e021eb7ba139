/** A symmetric positive definite system by L-BFGS on ½ xᵀA x − bᵀx, whose gradient is A x − b. */
import { innerStopping, linearDefaults } from "../defaults.ts";
import { lbfgs as minimise } from "../minimise/lbfgs.ts";
import { type LinearOptions, type LinearOutcome, type LinearSolver, type Objective, runToEnd } from "../types.ts";
import { withWorkspace } from "../workspace.ts";
import { relativeResidual } from "./residual.ts";

export interface LbfgsOptions extends LinearOptions {
  /** Pairs kept. */
  readonly memory?: number;
}

export const lbfgs: LinearSolver<LbfgsOptions> = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    const tolerance = options.tolerance ?? linearDefaults.tolerance;
    const maxIterations = options.maxIterations ?? innerStopping.maxIterations;
    const r = workspace.vector();
    const quadratic: Objective = {
      size: a.size,
      evaluate(at, gradient) {
        a.apply(at, gradient);
        const value = engine.dot(at, gradient) / 2 - engine.dot(b, at);
        engine.axpy(-1, b, gradient);
        return { ok: true, value };
      },
    };
    const stopping = { tolerance, maxIterations, gradientScale: engine.norm(b), memory: options.memory };
    const { status, iterations } = runToEnd(minimise(engine, quadratic, x, stopping));
    const residual = relativeResidual(engine, a, b, x, r);
    if (residual <= tolerance) return { status: "converged", iterations, residual };
    switch (status) {
      case "converged":
      case "stagnated":
        return { status: "stagnated", iterations, residual };
      case "unbounded":
        return { status: "indefinite", iterations, residual };
      case "infeasible":
      case "not_evaluable":
        return { status: "breakdown", iterations, residual };
      case "diverged":
      case "max_iterations":
        return { status, iterations, residual };
      default:
        return status satisfies never;
    }
  });
