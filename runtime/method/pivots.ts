/** What a factorisation's pivots say about the matrix. */
import { type Binding, sizeNumber } from "../bind.ts";
import type { Factorised } from "../engine/engine.ts";
import { machineEpsilon } from "../solve/workspace.ts";
import type { BlockRuntime } from "./block.ts";

/** A pivot lost in rounding: what is left of it is r ε at the most. */
export function isSingular(factorised: Factorised, binding: Binding, block: BlockRuntime): boolean {
  const order = sizeNumber(block.plan.facts.form.order, binding.sizes);
  return factorised.smallestPivot <= order * machineEpsilon(binding.engine);
}

/** A lower bound on the condition number of the matrix scaled to a unit diagonal. */
export function conditionBound(factorised: Factorised): number {
  return 1 / factorised.smallestPivot;
}
