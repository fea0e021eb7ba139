/** Solving one block's adjoint system (∂R/∂y)ᵀ v = ∂/∂y (f − ...) by the solver the plan names. */
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
import type { Factorised, Vector } from "../engine/engine.ts";
import { damped, degenerateConstraints, illConditioned, singularEquations, singularLowerLevel } from "../errors.ts";
import { linearDefaults } from "../solve/defaults.ts";
import { bicgstab } from "../solve/linear/bicgstab.ts";
import { cg } from "../solve/linear/cg.ts";
import { direct } from "../solve/linear/direct.ts";
import { gmres } from "../solve/linear/gmres.ts";
import { gradientDescent } from "../solve/linear/gradient-descent.ts";
import { identity } from "../solve/linear/identity.ts";
import { lbfgs } from "../solve/linear/lbfgs.ts";
import { minres } from "../solve/linear/minres.ts";
import { neumann } from "../solve/linear/neumann.ts";
import { relative } from "../solve/linear/residual.ts";
import type { LinearOperator, LinearOutcome } from "../solve/types.ts";
import { machineEpsilon, toleranceFor, withWorkspace } from "../solve/workspace.ts";
import { type BlockRuntime, type FactorKind, factorKind, refusalOf, refuseCurvature } from "./block.ts";
import { numberOf } from "./inner.ts";
import { conditionBound, isSingular } from "./pivots.ts";
import { shine } from "./shine.ts";

export interface AdjointReport {
  /** ‖Hv − rhs‖ / ‖rhs‖ computed afresh, with the undamped H; 0 where no adjoint is needed. */
  readonly residual: number;
  readonly tolerance: number;
  readonly iterations: number;
  readonly warnings: readonly Diagnostic[];
}

/** With it, Richardson's iteration on I − Jᵀ is u ← Jᵀ u + ∂f/∂v, and Neumann's series is Σ (Jᵀ)ᵏ ∂f/∂v. */
const fixedPointRate = 1;
/** What counts as solved when no tolerance was asked for. */
export const adjointTolerance = 1e-9;
/** What rounding may excuse at the most, however large the curvature's norm. */
const loosestTolerance = 1e-6;
/** Worse conditioning than this costs more digits than an answer good to 1e-8 has to spare. */
export const worryingCondition = 1e10;

/** The same of a fixed point's adjoint: near a double solution, a residual at the tolerance leaves an error of its root. */
const worryingGrowth = 1e5;

/**
 * Leaves v in the block's slot. `known` is the curvature's factorisation at the solution, where the inner solve has it; `within`
 * replaces the tolerance.
 */
export function solveAdjoint(
  binding: Binding,
  block: BlockRuntime,
  known: Factorised | undefined,
  within?: number,
): AdjointReport {
  const { engine } = binding;
  const { plan } = block;
  const { solver, arguments: options } = plan.adjoint;
  const asked = within ?? numberOf(options, "tol");
  const tolerance = asked ?? toleranceFor(engine, adjointTolerance);
  const nothing = { residual: 0, tolerance, iterations: 0, warnings: [] };
  if (solver === "none" || solver === "reverse" || solver === "forward" || solver === "function" || solver === "rkhs") {
    engine.fill(block.v, 0);
    return nothing;
  }
  return withWorkspace(engine, block.size, (workspace) => {
    const rhs = workspace.vector();
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
    const kind = factorKind(plan, solver);
    const outcome = ((): LinearOutcome => {
      if (kind !== undefined) {
        const kept = plan.damping === 0 && kind !== "lu" ? known : undefined;
        return byFactor(binding, block, operator, rhs, kept, kind, warnings);
      }
      switch (solver) {
        case "cholesky":
        case "lu":
          throw new Error("a solver by factorisation that has none");
        case "cg":
          return cg(engine, operator, rhs, block.v, linear);
        case "minres":
          return minres(engine, operator, rhs, block.v, linear);
        case "gmres":
          return gmres(engine, operator, rhs, block.v, { ...linear, restart: numberOf(options, "restart") });
        case "bicgstab":
          return bicgstab(engine, operator, rhs, block.v, linear);
        case "fixed_point":
          return gradientDescent(engine, operator, rhs, block.v, { ...linear, rate: fixedPointRate });
        case "lbfgs":
          return lbfgs(engine, operator, rhs, block.v, linear);
        case "gd":
          return gradientDescent(engine, operator, rhs, block.v, { ...linear, rate: numberOf(options, "rate") });
        case "neumann":
          return neumann(engine, operator, rhs, block.v, {
            terms: numberOf(options, "terms"),
            rate: numberOf(options, "rate") ?? (plan.facts.fixedPoint ? fixedPointRate : undefined),
          });
        case "zero":
          engine.fill(block.v, 0);
          return { status: "max_iterations", iterations: 0, residual: 1 };
        case "identity":
          return identity(engine, operator, rhs, block.v);
        case "shared":
          if (block.learnt === undefined) throw new Error("no inverse was planned to be shared");
          return shine(engine, block.learnt, operator, rhs, block.v, {
            ...linear,
            refine: numberOf(options, "refine"),
            fallback: numberOf(options, "fallback"),
          });
      }
    })();
    if (outcome.status === "indefinite" && plan.damping === 0) {
      // A solve that was told to stop early need not stand at a minimum.
      if (!plan.inner.arguments.has("max") && block.steps === undefined) return refuseCurvature(binding, block);
      warnings.push({ ...refusalOf(binding, block), severity: "warning" });
    }
    // I − ∂F/∂v has a scale of its own: a large answer to a small right-hand side says that ∂F/∂v nearly has an eigenvalue 1.
    const growth = engine.norm(block.v) / engine.norm(rhs);
    if (plan.facts.fixedPoint && growth > worryingGrowth)
      warnings.push(illConditioned(curvatureName(block), growth, block.span));
    const residual = Math.max(...adjointResiduals(binding, block));
    const excused = asked === undefined && residual > tolerance ? rounding(binding, exact, block.v, rhs) : 0;
    return {
      residual,
      tolerance: Math.max(tolerance, Math.min(excused, loosestTolerance)),
      iterations: outcome.iterations,
      warnings,
    };
  });
}

/** ‖Hv − rhs‖ / ‖rhs‖ at each point, with the undamped H; 0/0 is 0, as where structure makes the adjoint zero. */
export function adjointResiduals({ engine }: Binding, block: BlockRuntime): readonly number[] {
  return withWorkspace(engine, block.size, (workspace) => {
    const [rhs, product] = [workspace.vector(), workspace.vector()];
    if (block.plan.adjoint.solver === "none") return block.norms(product);
    block.adjointRhs(rhs);
    block.transposedProduct.apply(block.v, product);
    engine.axpy(-1, rhs, product);
    const scales = block.norms(rhs);
    return block.norms(product).map((norm, point) => relative(norm, scales[point] as number));
  });
}

export function curvatureName({ names, plan: { facts } }: BlockRuntime): string {
  return facts.minimisation
    ? `the curvature of what ${names} minimizes`
    : `the derivative of the equations for ${names}`;
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
  kind: FactorKind,
  warnings: Diagnostic[],
): LinearOutcome {
  const made = known ?? block.factorise(kind)(block.plan.damping);
  if (!made.ok || isSingular(made, binding, block)) {
    if (block.plan.facts.minimisation) return refuseCurvature(binding, block);
    if (block.plan.facts.block.constrained !== undefined) {
      throw new BilevelError([degenerateConstraints(block.names, block.span)]);
    }
    const isSystem = block.plan.facts.block.nonsmooth === undefined;
    throw new BilevelError([
      isSystem ? singularEquations(block.names, block.span) : singularLowerLevel(block.names, undefined, block.span),
    ]);
  }
  if (conditionBound(made) > worryingCondition)
    warnings.push(illConditioned(curvatureName(block), conditionBound(made), block.span));
  const outcome = direct(made.factor, !block.plan.facts.minimisation)(binding.engine, operator, rhs, block.v);
  if (made !== known) made.factor.release();
  return outcome;
}
