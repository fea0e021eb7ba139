/** Who solves the adjoint system of a block. What was asked for and does not fit the block is refused. */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { solverUnavailable } from "../errors.ts";
import type { Asked } from "./asked.ts";
import { type Extent, wordsOf } from "./choose-inner.ts";
import { type BlockFacts, unknownsOf } from "./facts.ts";
import type { BlockPlan } from "./plan.ts";
import type { AdjointSolver, InnerSolver } from "./solvers.ts";
import { type Decision, decide, type Row } from "./table.ts";

interface Case extends Extent {
  readonly facts: BlockFacts;
  readonly linear: BlockPlan["linear"];
}

export const adjointTable: readonly Row<Case, AdjointSolver>[] = [
  {
    when: "not read by anything above",
    holds: ({ facts }) => facts.upper === "absent",
    solver: "none",
    does: "none: $v = 0$",
    reason: "the upper level does not read it",
  },
  {
    when: "minimises the upper objective, up to terms free of its unknowns",
    holds: ({ facts }) => facts.upper === "equal",
    solver: "none",
    does: "none: $v = 0$",
    reason: "upper and lower objective agree up to terms free of it, so its adjoint is zero (Danskin)",
  },
  {
    when: "minimises minus the upper objective, likewise",
    holds: ({ facts }) => facts.upper === "negated",
    solver: "none",
    does: "none: $v = 0$",
    reason: "the upper objective is minus the lower one up to terms free of it, so its adjoint is zero (Danskin)",
  },
  {
    when: "minimises another multiple of it",
    holds: ({ facts }) => facts.upper === "proportional",
    solver: "none",
    does: "none: $v = 0$",
    reason:
      "the upper objective is a multiple of the lower one up to terms free of it, so its adjoint is zero (Danskin)",
  },
  {
    when: "a fixed point that is iterated",
    holds: ({ iterated }) => iterated,
    solver: "gmres",
    does: "GMRES",
    reason: "where the fixed point attracts, few products with its curvature are needed",
  },
  {
    when: "quadratic, factorised",
    holds: ({ facts, linear }) => linear === "cholesky" && facts.quadratic,
    solver: "cholesky",
    does: "the Cholesky factor that solved it",
    reason: "the factorisation that solves the lower level serves the adjoint",
  },
  {
    when: "another minimisation, or functions in an RKHS, factorised",
    holds: ({ linear }) => linear === "cholesky",
    solver: "cholesky",
    does: "Cholesky",
    reason: "the curvature is factorised once at the solution",
  },
  {
    when: "with constraints",
    holds: ({ facts }) => facts.block.constrained !== undefined,
    solver: ({ linear }) => linear,
    does: "LU where factorised, GMRES beyond",
    reason: "on the active constraints",
  },
  {
    when: "with a kink or a set",
    holds: ({ facts }) => facts.block.nonsmooth !== undefined,
    solver: ({ linear }) => linear,
    does: "the same",
    reason: "on the entries that are not at a kink or bound",
  },
  {
    when: "other equations, factorised",
    holds: ({ linear }) => linear === "lu",
    solver: "lu",
    does: "LU",
    reason: "the system is not symmetric, and small enough to factorise",
  },
  {
    when: "functions in an RKHS whose kernel matrix is larger than `memory`",
    holds: ({ facts }) => facts.represented?.symmetric !== undefined,
    solver: "cg",
    does: "preconditioned conjugate gradients, as for the function itself",
    reason: "the system that the function is found by, transposed",
  },
  {
    when: "larger",
    holds: () => true,
    solver: ({ linear }) => linear,
    does: "conjugate gradients for a minimisation, GMRES for equations",
    reason: "only products with the curvature of order {order} are taken",
  },
];

/** `inner` is who solves the block. */
export function chooseAdjoint(
  facts: BlockFacts,
  ask: Asked<AdjointSolver>,
  inner: InnerSolver,
  linear: BlockPlan["linear"],
  extent: Extent,
): Decision<AdjointSolver> {
  if (ask.solver !== undefined) {
    refuseMisfit(facts, ask.solver, inner, ask);
    return { solver: ask.solver, reason: ask.reason };
  }
  return decide(adjointTable, { facts, linear, ...extent }, wordsOf(facts, extent));
}

const symmetricOnly: readonly AdjointSolver[] = ["cholesky", "cg", "minres", "lbfgs", "gd"];

function refuseMisfit(
  facts: BlockFacts,
  solver: AdjointSolver,
  inner: InnerSolver,
  { span, arguments: given }: Asked<AdjointSolver>,
): void {
  const names = unknownsOf(facts);
  const refuse = (why: string, suggestion: string): never => {
    throw new BilevelError([solverUnavailable("adjoint", solver, why, span, suggestion)]);
  };
  const hasForm = facts.represented?.symmetric !== undefined && (solver === "cholesky" || solver === "cg");
  if (!facts.minimisation && symmetricOnly.includes(solver) && !hasForm)
    refuse(`needs a symmetric system, and that of ${names} is not`, "write adjoint: lu or adjoint: gmres");
  if (solver === "fixed_point" && !facts.fixedPoint)
    refuse(`is for fixed points v = F(v), and the condition of ${names} is none`, "leave the choice to auto");
  if (given.has("opa") && inner !== "lbfgs")
    refuse(`learns along the adjoint (opa) beside steps of L-BFGS, and ${inner} solves for ${names}`, "leave out opa");
  if (solver === "shared" && inner !== "lbfgs" && inner !== "anderson")
    refuse(
      `takes the quasi-Newton matrix of the inner solver, and ${inner}, which solves for ${names}, keeps none`,
      facts.minimisation ? "write inner: lbfgs" : "leave the choice to auto",
    );
}
