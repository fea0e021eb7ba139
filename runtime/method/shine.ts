/**
 * SHINE (Ramzi, Mannel, Bai, Starck, Ciuciu and Moreau 2022): the adjoint system (∂R/∂y)ᵀ v = b solved by what the inner solver has
 * learnt of the inverse on its way, v = B⁻ᵀ b, at no product with the curvature. `refine` more steps of a Krylov method start there.
 * For fixed points, v is given up for b, the Jacobian-free adjoint, where ‖v‖ > fallback ‖b‖: the inverse is then one of a direction
 * that was never tried.
 */
import { optionTable } from "../../compiler/plan/options.ts";
import type { BlockPlan } from "../../compiler/plan/plan.ts";
import type { Engine, Vector } from "../engine/engine.ts";
import type { Ledger } from "../ledger.ts";
import { fixedPointDefaults, minimiserDefaults } from "../solve/defaults.ts";
import { applyTransposedInverse, createDifferences, type Differences } from "../solve/differences.ts";
import { cg } from "../solve/linear/cg.ts";
import { gmres } from "../solve/linear/gmres.ts";
import { relativeResidual } from "../solve/linear/residual.ts";
import { createSecantPairs, type SecantPairs } from "../solve/minimise/secant-pairs.ts";
import type { LinearOperator, LinearOptions, LinearOutcome } from "../solve/types.ts";
import { createWorkspace, withWorkspace } from "../solve/workspace.ts";
import { numberOf } from "./inner.ts";

/** What an inner solver keeps for the adjoint, from one solve to the next. */
export type Learnt =
  | { readonly kind: "pairs"; readonly pairs: SecantPairs }
  | { readonly kind: "differences"; readonly differences: Differences; readonly rate: number };

/** `undefined` where the plan does not share it. The vectors live as long as the block. */
export function createLearnt(engine: Engine, { inner, adjoint }: BlockPlan, size: number): Learnt | undefined {
  if (adjoint.solver !== "shared") return undefined;
  const workspace = createWorkspace(engine, size);
  const memory = numberOf(inner.arguments, "memory");
  if (inner.solver === "lbfgs")
    return { kind: "pairs", pairs: createSecantPairs(engine, workspace, memory ?? minimiserDefaults.memory) };
  return {
    kind: "differences",
    differences: createDifferences(engine, workspace, memory ?? fixedPointDefaults.memory),
    rate: numberOf(inner.arguments, "rate") ?? fixedPointDefaults.rate,
  };
}

export function keepLearnt(learnt: Learnt, ledger: Ledger): void {
  (learnt.kind === "pairs" ? learnt.pairs : learnt.differences).keep(ledger);
}

export function forget(learnt: Learnt): void {
  (learnt.kind === "pairs" ? learnt.pairs : learnt.differences).forget();
}

/** Leaves v; `operator` is (∂R/∂y)ᵀ. */
export function shine(
  engine: Engine,
  learnt: Learnt,
  operator: LinearOperator,
  b: Vector,
  v: Vector,
  { refine, fallback, tolerance }: LinearOptions & { readonly refine?: number; readonly fallback?: number },
): LinearOutcome {
  if (learnt.kind === "pairs") learnt.pairs.apply(b, v);
  else applyTransposedInverse(engine, learnt.differences, learnt.rate, b, v);
  const longest = (fallback ?? defaultFallback) * engine.norm(b);
  if (learnt.kind === "differences" && !(engine.norm(v) <= longest)) engine.copy(b, v);
  if (refine !== undefined) {
    const krylov = learnt.kind === "pairs" ? cg : gmres;
    return krylov(engine, operator, b, v, { tolerance, maxIterations: refine });
  }
  return withWorkspace(engine, operator.size, (workspace): LinearOutcome => {
    const residual = relativeResidual(engine, operator, b, v, workspace.vector());
    return { status: Number.isNaN(residual) ? "breakdown" : "max_iterations", iterations: 0, residual };
  });
}

const defaultFallback = optionTable.adjoint.words.shared.arguments?.fallback?.default as number;
