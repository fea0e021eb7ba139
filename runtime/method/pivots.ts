/** What a factorisation's pivots say about the matrix. */
import { type Binding, sizeNumber } from "../bind.ts";
import type { Factorised } from "../engine/engine.ts";
import { machineEpsilon } from "../solve/workspace.ts";
import type { BlockRuntime } from "./block.ts";

/** A pivot lost in rounding: r ε times the largest one. */
export function isSingular(factorised: Factorised, binding: Binding, block: BlockRuntime): boolean {
  const order = sizeNumber(block.plan.facts.form.order, binding.sizes);
  return factorised.smallestPivot <= order * machineEpsilon(binding.engine) * factorised.largestPivot;
}

/** The ratio of the pivots, a lower bound on the condition number. */
export function pivotRatio(factorised: Factorised): number {
  return factorised.largestPivot / factorised.smallestPivot;
}
