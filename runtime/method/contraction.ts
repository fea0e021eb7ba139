/**
 * How fast iterating a fixed point v = F(v) approaches it: the spectral radius of ∂F/∂v there, estimated. Below 1 it attracts, and is
 * reached whatever the norm in which steps are measured; from 1 on, Newton's method may find it and iterations leave it.
 */
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
import { notAttracting } from "../errors.ts";
import { fixedPointDefaults } from "../solve/defaults.ts";
import { spectralRadius } from "../solve/linear/spectrum.ts";
import type { BlockRuntime } from "./block.ts";

export interface Contraction {
  /** The largest of the fixed points' factors. */
  readonly factor: number;
  readonly warnings: readonly Diagnostic[];
}

/** At the present solutions; absent where no block is a fixed point. */
export function contractionOf(binding: Binding, blocks: readonly BlockRuntime[]): Contraction | undefined {
  const factors = blocks
    .filter((block) => block.plan.facts.fixedPoint)
    .map((block) => ({ block, factor: factorOf(binding, block) }));
  if (factors.length === 0) return undefined;
  return {
    factor: Math.max(...factors.map(({ factor }) => factor)),
    warnings: factors.flatMap(({ block, factor }) =>
      factor < 1 ? [] : [notAttracting(block.names, factor, block.span)],
    ),
  };
}

/** R = v − F(v), so that (∂F/∂v) t = t − (∂R/∂v) t. */
function factorOf({ engine }: Binding, block: BlockRuntime): number {
  const operator = {
    size: block.size,
    apply: (t: BlockRuntime["y"], out: BlockRuntime["y"]): void => {
      block.product.apply(t, out);
      engine.scale(-1, out);
      engine.axpy(1, t, out);
    },
  };
  return spectralRadius(engine, operator, fixedPointDefaults.powerIterations);
}
