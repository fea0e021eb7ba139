/**
 * Functions in L2 as the lower level: the adjoint function is minimised in the weights of its family, like the function itself, and
 * what makes either unique is checked where structure does not prove it (compiler/derive/functional.ts).
 */
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { type Binding, kernelOf, lengthOf, sizeNumber } from "../bind.ts";
import { flatLoss, undeterminedFunction } from "../errors.ts";
import { toleranceFor } from "../solve/workspace.ts";
import { type AdjointReport, adjointTolerance } from "./adjoint.ts";
import { type BlockRuntime, createBlock } from "./block.ts";
import { solveBlock } from "./inner.ts";

/** The adjoint function of a block's unknown. */
export interface Dual {
  readonly runtime: BlockRuntime;
  /** Finds the adjoint function at the present point, from where it stands. Throws refusals. */
  readonly solve: () => AdjointReport;
}

/** The duals of the blocks that have one. Later blocks come first: earlier ones read their adjoints. */
export function createDuals(
  binding: Binding,
  g: Graph,
  blocks: readonly BlockRuntime[],
): ReadonlyMap<BlockRuntime, Dual> {
  const duals = new Map<BlockRuntime, Dual>();
  for (const block of [...blocks].reverse()) {
    const { dual, facts } = block.plan;
    const fn = facts.pointwise?.functional.fn;
    if (dual !== undefined && fn !== undefined)
      duals.set(block, createDual(binding, block, createBlock(binding, g, dual, fn.adjointStarts)));
  }
  return duals;
}

/** With more left over, the adjoint loss of a linear family has no minimiser: rounding leaves far less. */
const inconsistent = 1e-6;

function createDual(binding: Binding, block: BlockRuntime, runtime: BlockRuntime): Dual {
  const isCurved = curvatureCheck(binding, block);
  const { inner, facts } = runtime.plan;
  const solve = (): AdjointReport => {
    if (!isCurved()) throw new BilevelError([flatLoss(block.names, block.span)]);
    const report = solvedOr(block, () => solveBlock(binding, runtime, inner.arguments.get("warm") !== false));
    const isExact = facts.form.kind !== "operator" && inner.solver === "newton" && !inner.arguments.has("max");
    if (isExact && report.residual > toleranceFor(binding.engine, inconsistent))
      throw new BilevelError([undeterminedFunction(block.names, block.span)]);
    return { ...report, tolerance: Math.max(report.tolerance, toleranceFor(binding.engine, adjointTolerance)) };
  };
  return { runtime, solve };
}

/** An adjoint loss without a bound has a right-hand side that the rows do not determine. */
function solvedOr<T>(block: BlockRuntime, solve: () => T): T {
  try {
    return solve();
  } catch (error) {
    if (!(error instanceof BilevelError) || error.diagnostics[0]?.code !== "unbounded-lower-level") throw error;
    throw new BilevelError([undeterminedFunction(block.names, block.span)]);
  }
}

/** Whether the loss is curved in the value at every row of D; nothing to do where the structure shows it. */
function curvatureCheck(binding: Binding, block: BlockRuntime): () => boolean {
  const { engine, sizes } = binding;
  const { pointwise } = block.plan.facts;
  if (pointwise === undefined || pointwise.modulus !== undefined) return () => true;
  const { form, functional } = pointwise;
  const order = sizeNumber(form.order, sizes);
  const count = form.shared ? 1 : sizeNumber(form.count, sizes);
  const { input, network } = functional.value;
  const value = engine.allocate(lengthOf(input.shape, sizes));
  binding.slots.set(input, value);
  const matrix = engine.allocate(count * order * order);
  const evaluate = (name: string, node: Node, into: typeof value): (() => void) =>
    kernelOf(binding, name, [node], [into]);
  const evaluateValue = evaluate("values of the function", network, value);
  const evaluateCurvature = evaluate("curvature of the loss", form.matrix, matrix);
  return () => {
    evaluateValue();
    evaluateCurvature();
    const factorised = engine.cholesky(matrix, order, count);
    if (factorised.ok) factorised.factor.release();
    return factorised.ok;
  };
}
