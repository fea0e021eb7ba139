/** Who moves the upper variables. */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { solverUnavailable } from "../errors.ts";
import { asked } from "./asked.ts";
import type { BlockPlan, Choice, Options } from "./plan.ts";
import { outerRecipe } from "./recipes.ts";
import { type OuterSolver, outerSolvers } from "./solvers.ts";
import { decide, type Row } from "./table.ts";

interface Case {
  readonly inSet: boolean;
  /** The upper problem is subject to something. */
  readonly isConstrained: boolean;
  readonly isStreamed: boolean;
  readonly blocks: readonly BlockPlan[];
}

/** Whether a level is left where a number of steps ends. */
const takesSteps = ({ inner }: BlockPlan): boolean => inner.solver === "adam" || inner.solver === "sgd";

/** Whether the adjoint is left out, taken at the end of steps as if it were the minimiser, cut off, or has no curvature. */
function isEstimate({ facts, inner, adjoint }: BlockPlan): boolean {
  const isUnrolled = adjoint.solver === "reverse" || adjoint.solver === "forward";
  const isCut = adjoint.solver === "reverse" && inner.solver === "descent" && isShorter(adjoint, inner);
  const atEnd = facts.block.path?.selected.kind === "descent" && !isUnrolled;
  return adjoint.solver === "zero" || adjoint.solver === "identity" || atEnd || isCut;
}

/** A path that is not cut has as many steps both ways, or no number of its own. */
function isShorter(adjoint: Choice<string>, inner: Choice<string>): boolean {
  return adjoint.arguments.has("max") && adjoint.arguments.get("max") !== inner.arguments.get("max");
}

const followsSteps = ({ inner }: BlockPlan): boolean => inner.solver === "descent";
const isRough = ({ adjoint }: BlockPlan): boolean => adjoint.solver === "neumann" || adjoint.solver === "shared";

export const outerTable: readonly Row<Case, OuterSolver>[] = [
  {
    when: "upper variables in sets",
    holds: ({ inSet }) => inSet,
    solver: "projected_gd",
    does: "projected gradient steps",
    reason: "every step is projected to the sets of the upper variables",
  },
  {
    when: "rows of a stream",
    holds: ({ isStreamed }) => isStreamed,
    solver: "adam",
    does: "Adam",
    reason: "each step has rows of its own, so that values of two steps are not compared",
  },
  {
    when: "a lower level by a number of steps of `adam` or `sgd`",
    holds: ({ blocks }) => blocks.some(takesSteps),
    solver: "adam",
    does: "Adam",
    reason: "the lower level is left where its steps end, so the hypergradient is an estimate",
  },
  {
    when: "`analytic`; `aid` at the end of steps of descent; `itd(truncate:)`; `adjoint: identity`",
    holds: ({ blocks }) => blocks.some(isEstimate),
    solver: "adam",
    does: "Adam",
    reason: "the hypergradient is an estimate, not the slope of the value, which a line search would rely on",
  },
  {
    when: "steps of descent, differentiated as they are",
    holds: ({ blocks }) => blocks.some(followsSteps),
    solver: "lbfgs",
    does: "L-BFGS",
    reason: "value and hypergradient belong to the same path, so curvature can be learned from their changes",
  },
  {
    when: "`adjoint: neumann` or `shared`",
    holds: ({ blocks }) => blocks.some(isRough),
    solver: "lbfgs",
    does: "L-BFGS",
    reason: "the hypergradient is as exact as its adjoint; a run that this is too rough for stops short and says so",
  },
  {
    when: "otherwise",
    holds: () => true,
    solver: "lbfgs",
    does: "L-BFGS",
    reason: "the hypergradient is exact to the tolerance, so curvature can be learned from its changes",
  },
];

export function chooseOuter(options: Options, of: Case): Choice<OuterSolver> {
  const recipe = outerRecipe(options);
  const ask = asked(options, "outer", outerSolvers);
  const refuse = (why: string, suggestion: string): never => {
    throw new BilevelError([solverUnavailable("outer", ask.solver ?? "auto", why, ask.span, suggestion)]);
  };
  if (recipe?.isFixed === true) {
    const { method, span } = recipe;
    const why = of.isConstrained
      ? "takes no constraints in the upper problem"
      : of.isStreamed
        ? "compares values, and each step has rows of its own from the stream"
        : undefined;
    if (why !== undefined)
      throw new BilevelError([solverUnavailable("method", method, why, span, "leave the method to auto")]);
    if (ask.solver !== undefined) refuse(`is not for method: ${method}, which has a way of its own`, "leave it out");
    return { ...recipe.choice, arguments: new Map([...recipe.choice.arguments, ...ask.arguments]) };
  }
  const chosen = decide(outerTable, of);
  if (of.isStreamed && (ask.solver ?? chosen.solver) !== "adam")
    refuse("compares values of two steps, and each has rows of its own from the stream", "write outer: adam");
  if (ask.arguments.has("batch") && of.isConstrained)
    refuse("estimates from drawn rows, and the constraints of the upper problem need its values", "leave batch out");
  if (ask.solver !== undefined && of.inSet && ask.solver !== "projected_gd")
    refuse("does not keep the upper variables in their sets", "write outer: projected_gd");
  if (ask.solver !== undefined) return { solver: ask.solver, arguments: ask.arguments, reason: ask.reason };
  const given = new Map([...(recipe?.choice.arguments ?? []), ...ask.arguments]);
  if (recipe !== undefined && (!of.inSet || recipe.choice.solver === "hoag"))
    return { ...recipe.choice, arguments: given };
  return { ...chosen, arguments: given };
}
