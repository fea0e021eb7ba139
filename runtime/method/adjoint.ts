/** Solving one block's adjoint system (∂R/∂y)ᵀ v = ∂/∂y (f − ...) by the solver the plan names. */
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
import type { Factorised, Vector } from "../engine/engine.ts";
import { damped, degenerateConstraints, illConditioned, singularLowerLevel } from "../errors.ts";
import { linearDefaults } from "../solve/defaults.ts";
import { cg } from "../solve/linear/cg.ts";
import { direct } from "../solve/linear/direct.ts";
import { gmres } from "../solve/linear/gmres.ts";
import { gradientDescent } from "../solve/linear/gradient-descent.ts";
import { identity } from "../solve/linear/identity.ts";
import { lbfgs } from "../solve/linear/lbfgs.ts";
import { minres } from "../solve/linear/minres.ts";
import { neumann } from "../solve/linear/neumann.ts";
import type { LinearOperator, LinearOutcome } from "../solve/types.ts";
import { machineEpsilon, toleranceFor, withWorkspace } from "../solve/workspace.ts";
import { type BlockRuntime, refuseCurvature } from "./block.ts";
import { numberOf } from "./inner.ts";
import { conditionBound, isSingular } from "./pivots.ts";

export interface AdjointReport {
  /** ‖Hv − rhs‖ / ‖rhs‖ computed afresh, with the undamped H; 0 where no adjoint is needed. */
  readonly residual: number;
  readonly tolerance: number;
  readonly iterations: number;
  readonly warnings: readonly Diagnostic[];
}

/** What counts as solved when no tolerance was asked for. */
const defaultTolerance = 1e-9;
/** What rounding may excuse at the most, however large the curvature's norm. */
const loosestTolerance = 1e-6;
/** Worse conditioning than this costs more digits than an answer good to 1e-8 has to spare. */
const worryingCondition = 1e10;

/** Leaves v in the block's slot. `known` is the curvature's factorisation at the solution, where the inner solve has it. */
export function solveAdjoint(binding: Binding, block: BlockRuntime, known: Factorised | undefined): AdjointReport {
  const { engine } = binding;
  const { plan } = block;
  const { solver, arguments: options } = plan.adjoint;
  const asked = numberOf(options, "tol");
  const tolerance = asked ?? toleranceFor(engine, defaultTolerance);
  const nothing = { residual: 0, tolerance, iterations: 0, warnings: [] };
  if (solver === "none" || solver === "reverse") {
    engine.fill(block.v, 0);
    return nothing;
  }
  return withWorkspace(engine, block.size, (workspace) => {
    const [rhs, product] = [workspace.vector(), workspace.vector()];
    block.adjointRhs(rhs);
    if (engine.norm(rhs) === 0) {
      engine.fill(block.v, 0);
      return nothing;
    }
    const warnings: Diagnostic[] = [];
    if (plan.damping > 0) warnings.push(damped(block.names, plan.damping, block.span));
    const exact = block.transposedProduct;
    const operator: LinearOperator =
      plan.damping === 0
        ? exact
        : {
            size: block.size,
            apply: (v, out) => {
              exact.apply(v, out);
              engine.axpy(plan.damping, v, out);
            },
          };
    const linear = {
      tolerance: asked ?? toleranceFor(engine, linearDefaults.tolerance),
      maxIterations: numberOf(options, "max"),
    };
    if (!Number.isFinite(engine.norm(block.v))) engine.fill(block.v, 0);
    const outcome = ((): LinearOutcome => {
      switch (solver) {
        case "cholesky":
        case "lu":
          return byFactor(
            binding,
            block,
            operator,
            rhs,
            plan.damping === 0 && solver === "cholesky" ? known : undefined,
            solver,
            warnings,
          );
        case "cg":
          return cg(engine, operator, rhs, block.v, linear);
        case "minres":
          return minres(engine, operator, rhs, block.v, linear);
        case "gmres":
          return gmres(engine, operator, rhs, block.v, linear);
        case "lbfgs":
          return lbfgs(engine, operator, rhs, block.v, linear);
        case "gd":
          return gradientDescent(engine, operator, rhs, block.v, { ...linear, rate: numberOf(options, "rate") });
        case "neumann":
          return neumann(engine, operator, rhs, block.v, {
            terms: numberOf(options, "terms"),
            rate: numberOf(options, "rate"),
          });
        case "identity":
          return identity(engine, operator, rhs, block.v);
      }
    })();
    if (outcome.status === "indefinite" && plan.damping === 0) return refuseCurvature(binding, block);
    const scale = engine.norm(rhs);
    exact.apply(block.v, product);
    engine.axpy(-1, rhs, product);
    const residual = engine.norm(product) / scale;
    const excused = asked === undefined && residual > tolerance ? rounding(binding, exact, block.v, rhs) : 0;
    return {
      residual,
      tolerance: Math.max(tolerance, Math.min(excused, loosestTolerance)),
      iterations: outcome.iterations,
      warnings,
    };
  });
}

/** Products that find the norm of a matrix to a factor of two or so. */
const powerSteps = 5;

/**
 * The relative residual that rounding alone leaves, √n ε ‖H‖‖v‖ / ‖rhs‖: at a condition number of 1e8 a solve that is as good as the
 * arithmetic can make it shows up to 1e-8. ‖H‖ is estimated by power iterations from the right-hand side.
 */
function rounding(binding: Binding, operator: LinearOperator, v: Vector, rhs: Vector): number {
  const { engine } = binding;
  return withWorkspace(engine, rhs.length, (workspace) => {
    const [direction, image] = [workspace.vector(), workspace.vector()];
    engine.copy(rhs, direction);
    let norm = 0;
    for (let step = 0; step < powerSteps; step++) {
      const length = engine.norm(direction);
      if (!(length > 0)) break;
      engine.scale(1 / length, direction);
      operator.apply(direction, image);
      norm = Math.max(norm, engine.norm(image));
      engine.copy(image, direction);
    }
    return (Math.sqrt(rhs.length) * machineEpsilon(engine) * norm * engine.norm(v)) / engine.norm(rhs);
  });
}

/** By the factorisation at hand, or by factorising the (damped) curvature at the solution. */
function byFactor(
  binding: Binding,
  block: BlockRuntime,
  operator: LinearOperator,
  rhs: Vector,
  known: Factorised | undefined,
  kind: "cholesky" | "lu",
  warnings: Diagnostic[],
): LinearOutcome {
  const made = known ?? block.factorise(kind)(block.plan.damping);
  if (!made.ok || isSingular(made, binding, block)) {
    if (block.plan.facts.minimisation) return refuseCurvature(binding, block);
    if (block.plan.facts.block.constrained !== undefined) {
      throw new BilevelError([degenerateConstraints(block.names, block.span)]);
    }
    throw new BilevelError([singularLowerLevel(block.names, undefined, block.span)]);
  }
  if (conditionBound(made) > worryingCondition)
    warnings.push(illConditioned(block.names, conditionBound(made), block.span));
  const outcome = direct(made.factor, kind === "lu")(binding.engine, operator, rhs, block.v);
  if (made !== known) made.factor.release();
  return outcome;
}
