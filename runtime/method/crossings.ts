/**
 * Equations with max or abs in them are smooth where none of these is at its kink. Newton's method and iterations find solutions all the
 * same; whether one sits at a kink, where the hypergradient holds on one side only, is seen afterwards.
 */
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { type Binding, evaluateNode } from "../bind.ts";
import { atAKink } from "../errors.ts";
import { largestMagnitude } from "../solve/arrays.ts";
import { toleranceFor } from "../solve/workspace.ts";
import type { BlockRuntime } from "./block.ts";

/** How near to zero a crossing is called at its kink, relative to the largest number about. */
const nearness = 1e-7;

/** At the present solutions. */
export function crossingWarnings(binding: Binding, blocks: readonly BlockRuntime[]): readonly Diagnostic[] {
  const { engine } = binding;
  return blocks.flatMap((block) => {
    const { crossings } = block.plan.facts;
    if (crossings.length === 0) return [];
    const values = crossings.map((node) => evaluateNode(binding, node));
    const scale = Math.max(largestMagnitude(engine.read(block.y)), ...values.map(largestMagnitude));
    const bound = toleranceFor(engine, nearness) * scale;
    const count = values.reduce((sum, each) => sum + each.filter((value) => Math.abs(value) <= bound).length, 0);
    return count === 0 ? [] : [atAKink(block.names, count, block.span)];
  });
}
