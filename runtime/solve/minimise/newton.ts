/**
 * Newton's method with a line search. The direction comes from a factorised Hessian, shifted by μ I until it is positive definite
 * (Nocedal and Wright 2006, algorithm 3.3), or from conjugate gradients stopped early (truncated Newton, Dembo and Steihaug 1983):
 * at a relative residual that shrinks with the gradient, or at the first direction without positive curvature.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { cg } from "../linear/cg.ts";
import type { LinearOperator, Minimisation, Objective } from "../types.ts";
import { machineEpsilon } from "../workspace.ts";
import {
  type Descent,
  descend,
  firstStep,
  type MinimiserOptions,
  type StepOutcome,
  type StepRule,
  searchAlong,
} from "./descent.ts";
import { createShiftedSolve, type Factorise } from "./shift.ts";

/** The Hessian at x, as the caller has it. */
export type Curvature =
  | { readonly kind: "factorised"; readonly factorise: Factorise }
  /** out ← ∇²f(x) v */
  | { readonly kind: "products"; readonly apply: (x: Vector, v: Vector, out: Vector) => void };

export interface NewtonOptions extends MinimiserOptions {
  readonly curvature: Curvature;
  /** Of one system by conjugate gradients. */
  readonly cgIterations?: number;
}

/** A full step this many roundings of x long cannot move x any more: the minimiser is reached to rounding. */
const negligible = 16;

export function newton(engine: Engine, objective: Objective, x: Vector, options: NewtonOptions): Minimisation {
  return descend(engine, objective, x, options, (descent) => prepare(descent, options));
}

function prepare(descent: Descent, options: NewtonOptions): StepRule {
  const { engine, workspace, gradient } = descent;
  const direction = workspace.vector();
  const negative = workspace.vector();
  const solve = createDirection(descent, options, negative, direction);
  return {
    next(): StepOutcome {
      engine.copy(gradient, negative);
      engine.scale(-1, negative);
      const exact = solve();
      if (engine.dot(gradient, direction) < 0) {
        const found = searchAlong(descent, direction, 1);
        if (found.ok) return found;
        const length = engine.norm(direction);
        if (exact && length <= negligible * machineEpsilon(engine) * descent.at.length)
          return { ok: false, status: "converged" };
      }
      engine.copy(negative, direction);
      const found = searchAlong(descent, direction, firstStep(descent));
      return found.ok ? found : { ok: false, status: "stalled", reason: found.reason };
    },
  };
}

/** direction ← −H⁻¹ ∇f, or near it, from negative = −∇f; returns whether H was used as it is, to full accuracy. */
function createDirection(descent: Descent, options: NewtonOptions, negative: Vector, direction: Vector): () => boolean {
  const { engine, x } = descent;
  const { curvature } = options;
  if (curvature.kind === "factorised") {
    const shiftedSolve = createShiftedSolve(engine, curvature.factorise);
    return () => {
      engine.copy(negative, direction);
      return shiftedSolve(x, descent.at.gradientNorm / Math.max(1, descent.at.length), direction) === 0;
    };
  }
  const hessian: LinearOperator = { size: descent.objective.size, apply: (v, out) => curvature.apply(x, v, out) };
  return () => {
    // min(½, √s) gives convergence of order 3/2 (Dembo and Steihaug); s is the gradient norm over its scale.
    const forcing = Math.min(0.5, Math.sqrt(descent.monitor.stationarity(descent.at)));
    engine.fill(direction, 0);
    const outcome = cg(engine, hessian, negative, direction, {
      tolerance: forcing,
      maxIterations: options.cgIterations,
    });
    if (engine.norm(direction) === 0) engine.copy(negative, direction);
    return outcome.status === "converged";
  };
}
