/** How a path's end is found and differentiated. The path is the problem's own or the method's, so there is little to choose. */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { solverUnavailable } from "../errors.ts";
import { addSizes, evaluateSize, productOfSizes, type SizeBindings, sizeOf } from "../ir/size.ts";
import type { Selected } from "../lower/problem.ts";
import type { BlockFacts } from "./facts.ts";
import type { BlockPlan, Choice, Options } from "./plan.ts";

/** Carrying one tangent on with the steps costs no more than the way back, which takes them again, and keeps none of them. */
const mostTangents = 1;

type PathPlan = Pick<BlockPlan, "inner" | "adjoint">;

export function planPath(facts: BlockFacts, selected: Selected, options: Options, sizes: SizeBindings): PathPlan {
  if (selected.kind === "gradient_flow") {
    const taken = facts.quadratic
      ? "the flow of a quadratic ends at its start less what lies along the curvature's range, in closed form"
      : "the flow is followed to its end";
    const back = "the pseudo-inverse on the curvature's range, and along the flat directions back through the path";
    return { inner: decided("gradient_flow", taken), adjoint: decided("reverse", back) };
  }
  const steps = `${selected.steps} ${selected.steps === 1 ? "step" : "steps"}`;
  const inner = selected.approximates
    ? capped("descent", `${steps} stand for the minimiser, as the method says`, selected.steps)
    : decided("descent", `${steps}, as the clause says`);
  return { inner, adjoint: throughSteps(facts, selected, options, sizes) };
}

function throughSteps(
  facts: BlockFacts,
  selected: Extract<Selected, { kind: "descent" }>,
  options: Options,
  sizes: SizeBindings,
): BlockPlan["adjoint"] {
  const method = options.get("method");
  const given = method?.kind === "word" && method.value === "itd" ? method.arguments : new Map<string, never>();
  const [forward, truncate] = [given.get("forward"), given.get("truncate")];
  const kept = truncate?.kind === "number" && truncate.value < selected.steps ? truncate.value : undefined;
  const read = (facts.block.path?.reads ?? []).reduce(
    (sum, { shape }) => addSizes(sum, productOfSizes(shape)),
    sizeOf(0),
  );
  const few = (evaluateSize(read, sizes) ?? Number.POSITIVE_INFINITY) <= mostTangents;
  if (kept !== undefined) {
    if (forward?.kind === "boolean" && forward.value) {
      const why = "is cut off at the last steps going back, which forward mode does not do";
      throw new BilevelError([solverUnavailable("method", "itd", why, forward.span, "leave out forward or truncate")]);
    }
    return capped(
      "reverse",
      `reverse mode through the last ${kept} steps, as asked; the others count as constant`,
      kept,
    );
  }
  const limit = selected.approximates && selected.steps;
  if (forward?.kind === "boolean" ? forward.value : few) {
    const why = forward === undefined ? "forward mode, since the steps read a single number" : "forward mode, as asked";
    return limit ? capped("forward", why, limit) : decided("forward", why);
  }
  const why = "reverse mode through the steps, some kept and the others taken again";
  return limit ? capped("reverse", why, limit) : decided("reverse", why);
}

function decided<S extends string>(solver: S, reason: string): Choice<S> {
  return { solver, arguments: new Map(), reason };
}

/** Told to stop early: what is left is reported, and does not fail a run. */
function capped<S extends string>(solver: S, reason: string, max: number): Choice<S> {
  return { solver, arguments: new Map([["max", max]]), reason };
}
