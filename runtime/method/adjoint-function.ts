/**
 * The adjoint of functions in an RKHS through their adjoint functions (compiler/derive/rkhs-adjoint.ts): the system is that of Newton's
 * method for the functions themselves, where the way through the coefficients solves with its transpose.
 */
import type { AdjointFunction } from "../../compiler/derive/rkhs-adjoint.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { addSlots, type Binding, flatKernel } from "../bind.ts";
import { singularEquations } from "../errors.ts";
import { linearDefaults } from "../solve/defaults.ts";
import { direct } from "../solve/linear/direct.ts";
import { gmres } from "../solve/linear/gmres.ts";
import { toleranceFor } from "../solve/workspace.ts";
import { type AdjointReport, adjointResiduals, adjointTolerance } from "./adjoint.ts";
import { type BlockRuntime, type FactorKind, factorKind } from "./block.ts";
import { isSingular } from "./pivots.ts";

/** Leaves the adjoint function's values at the centres in the block's v. Throws a refusal where its equation is singular. */
export type SolveInFunctions = () => AdjointReport;

export function createInFunctions(binding: Binding, block: BlockRuntime, fn: AdjointFunction): SolveInFunctions {
  let made: SolveInFunctions | undefined;
  return () => {
    made ??= compiledSolve(binding, block, fn);
    return made();
  };
}

function compiledSolve(binding: Binding, block: BlockRuntime, fn: AdjointFunction): SolveInFunctions {
  const { engine } = binding;
  const [outer, coefficients] = [addSlots(binding, fn.outer), addSlots(binding, fn.coefficients)];
  const [source, values] = [engine.allocate(block.size), engine.allocate(block.size)];
  const evaluateSource = flatKernel(binding, "source of the adjoint function", fn.source, source);
  const evaluateValues = flatKernel(binding, "adjoint function at the centres", fn.values, values);
  const tolerance = toleranceFor(engine, linearDefaults.tolerance);
  engine.fill(coefficients, 0);
  const kind = factorKind(block.plan, block.plan.linear);
  return () => {
    block.adjointRhs(outer);
    evaluateSource();
    const { iterations } =
      kind !== undefined
        ? factorised(binding, block, kind)(source, coefficients)
        : gmres(engine, block.product, source, coefficients, { tolerance });
    evaluateValues();
    engine.copy(values, block.v);
    const residual = Math.max(...adjointResiduals(binding, block));
    return { residual, tolerance: toleranceFor(engine, adjointTolerance), iterations, warnings: [] };
  };
}

type Vector = BlockRuntime["v"];

function factorised(
  binding: Binding,
  block: BlockRuntime,
  kind: FactorKind,
): (rhs: Vector, x: Vector) => { iterations: number } {
  const made = block.factorise(kind)(0);
  if (!made.ok || isSingular(made, binding, block))
    throw new BilevelError([singularEquations(block.names, block.span)]);
  return (rhs, x) => {
    const outcome = direct(made.factor, false)(binding.engine, block.product, rhs, x);
    made.factor.release();
    return outcome;
  };
}
