/** The Jacobian-free approximation (Fung et al. 2022): A is taken for the identity, x = b. The residual says what that costs. */
import { linearDefaults } from "../defaults.ts";
import type { LinearOutcome, LinearSolver } from "../types.ts";
import { withWorkspace } from "../workspace.ts";
import { outcome, relativeResidual } from "./residual.ts";

export const identity: LinearSolver = (engine, a, b, x, options = {}) =>
  withWorkspace(engine, a.size, (workspace): LinearOutcome => {
    engine.copy(b, x);
    const residual = relativeResidual(engine, a, b, x, workspace.vector());
    const status = Number.isNaN(residual) ? "breakdown" : "max_iterations";
    return outcome(status, 0, residual, options.tolerance ?? linearDefaults.tolerance);
  });
