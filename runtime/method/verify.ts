/** What is looked at once a lower level is solved, at an answer that is handed out: does its curvature determine it? */
import { notConvexInRkhs, rkhsPenaltyNotPositive } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { substitute } from "../../compiler/ir/substitute.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { type Binding, evaluateNode, evaluateNodes } from "../bind.ts";
import { degenerateMinimum, illConditioned, singularEquations } from "../errors.ts";
import { curvatureName, worryingCondition } from "./adjoint.ts";
import { type BlockRuntime, curvatureRefusal, refusalOf } from "./block.ts";
import { flatnessByProducts, isCurvedByProof, isVanishing } from "./flat.ts";
import { isSingular } from "./pivots.ts";

/**
 * Of a minimisation without kinks, sets or constraints that the upper level reads; steps of descent may end anywhere. Where the adjoint
 * is solved by factorising, that has told; elsewhere, unless it was proved, the curvature is looked at for this alone. Throws refusals;
 * for a solve that was told to stop early, and so may not stand at the solution, they are warnings.
 */
export function curvatureFindings(binding: Binding, block: BlockRuntime): readonly Diagnostic[] {
  const { facts, inner, adjoint, damping, linear } = block.plan;
  if (facts.block.nonsmooth !== undefined) return faceFindings(binding, block);
  if (!facts.minimisation && block.face === undefined && block.responses.length === 0)
    return equationFindings(binding, block);
  if (!facts.minimisation || facts.upper === "absent" || damping > 0) return [];
  const capped = [inner, adjoint].some((choice) => choice.arguments.has("max")) || block.steps !== undefined;
  const refused = (diagnostic: Diagnostic): readonly Diagnostic[] => {
    if (!capped) throw new BilevelError([diagnostic]);
    return [{ ...diagnostic, severity: "warning" }];
  };
  const path = facts.block.path?.selected.kind;
  if (path === "descent") return [];
  // A function is unique where its loss is curved in its values, whatever its weights (functional.ts).
  const isFunction = facts.pointwise !== undefined;
  if (isFunction && facts.form.kind === "operator") return [];
  const early = capped || [inner, adjoint].some((choice) => choice.arguments.has("tol"));
  if (adjoint.solver !== "cholesky" && path === undefined && !isFunction && !isCurvedByProof(binding, block)) {
    if (linear === "cholesky") {
      const made = block.factorise("cholesky")(0);
      if (!made.ok || isSingular(made, binding, block)) return refused(refusalOf(binding, block));
      made.factor.release();
    } else {
      const found = flatnessByProducts(binding, block);
      if (found.flat > 0 || found.negative || Number.isNaN(found.smallest))
        return refused(curvatureRefusal(block, found));
      const condition = found.largest / found.smallest;
      if (condition > worryingCondition) return [illConditioned(curvatureName(block), condition, block.span)];
    }
  }
  return !early && isVanishing(binding, block) ? refused(degenerateMinimum(block.names, block.span)) : [];
}

/** Of equations: their derivative must not be singular, nor become so towards the root. Where it is not formed, the latter alone is seen. */
function equationFindings(binding: Binding, block: BlockRuntime): readonly Diagnostic[] {
  const { facts, inner, adjoint, damping, linear } = block.plan;
  const asked = [inner, adjoint].some((choice) => choice.arguments.has("max") || choice.arguments.has("tol"));
  if (facts.upper === "absent" || damping > 0 || asked) return [];
  const made = linear === "lu" ? block.factorise("lu")(0) : undefined;
  const isRegular = made === undefined || (made.ok && !isSingular(made, binding, block));
  if (made?.ok) made.factor.release();
  if (!isRegular || isVanishing(binding, block)) throw new BilevelError([singularEquations(block.names, block.span)]);
  return [];
}

/** Of a face whose adjoint structure makes zero: is the solution on it unique? Systems too large to factorise are trusted. */
function faceFindings(binding: Binding, block: BlockRuntime): readonly Diagnostic[] {
  const { facts, adjoint, linear } = block.plan;
  if (adjoint.solver !== "none" || facts.upper === "absent" || (linear !== "cholesky" && linear !== "lu")) return [];
  const made = block.factorise(linear)(0);
  if (!made.ok || isSingular(made, binding, block)) throw new BilevelError([refusalOf(binding, block)]);
  made.factor.release();
  return [];
}

/** Refuses a function in an RKHS that is no minimiser, where that was not proved beforehand. */
export function verifyExpansion(binding: Binding, g: Graph, block: BlockRuntime): void {
  const { represented: facts } = block.plan.facts;
  if (facts === undefined || (facts.isConvex && facts.penalties.every((sign) => sign === "positive"))) return;
  const { certificate, representers, penalties } = facts.represented;
  const back = representers.flatMap(({ values, norm }) => [values, norm].map((own) => [own.input, own.node] as const));
  evaluateNodes(binding, substitute(g, penalties, new Map<Node, Node>(back))).forEach(([factor = 0], k) => {
    const name = representers[k]?.coefficients.name ?? block.names;
    if (!(factor > 0)) throw new BilevelError([rkhsPenaltyNotPositive(name, factor, block.span)]);
  });
  if (facts.isConvex || certificate === undefined) return;
  const { engine } = binding;
  const matrix = engine.allocate(block.size ** 2);
  engine.write(matrix, evaluateNode(binding, certificate));
  const made = engine.cholesky(matrix, block.size, 1);
  engine.release(matrix);
  if (!made.ok || made.smallestPivot <= 0) throw new BilevelError([notConvexInRkhs(block.names, block.span)]);
  made.factor.release();
}
