/** What is looked at once a lower level is solved, at an answer that is handed out: does its curvature determine it? */
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
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
