/** Who solves a block of the lower level. What was asked for and does not fit the block is refused. */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { solverUnavailable } from "../errors.ts";
import type { Asked } from "./asked.ts";
import { type BlockFacts, unknownsOf } from "./facts.ts";
import type { InnerSolver } from "./solvers.ts";
import { type Decision, decide, type Row } from "./table.ts";

/** How large the curvature is, and what follows from that. */
export interface Extent {
  /** Of one block. */
  readonly order: number;
  readonly factorised: boolean;
  /** A fixed point that is not worth factorising, though it might be possible. */
  readonly iterated: boolean;
}

interface Case extends Extent {
  readonly facts: BlockFacts;
  readonly damping: number;
}

/** With more entries, moving all of them at once takes longer than coordinate descent on those that matter. */
const largestProximalOrder = 50;

/** Whether every kink and bound is one of a single entry. */
function isSeparable({ block }: BlockFacts): boolean {
  return block.nonsmooth?.pieces.every(({ kind }) => kind === "penalty" || kind === "box" || kind === "free") ?? false;
}

/** Whether systems of a function in an RKHS have the symmetric form. */
const isSymmetricForm = ({ represented }: BlockFacts): boolean => represented?.symmetric !== undefined;

export const innerTable: readonly Row<Case, InnerSolver>[] = [
  {
    when: "with constraints",
    holds: ({ facts }) => facts.block.constrained !== undefined,
    solver: "interior_point",
    does: "interior point, then Newton on the active ones",
    reason: "it finds the active constraints, Newton's method solves on them",
  },
  {
    when: "with kinks and bounds of single entries, more than 50, and proved convex",
    holds: ({ facts, order }) => isSeparable(facts) && facts.convexity === "convex" && order > largestProximalOrder,
    solver: "coordinate",
    does: "coordinate descent on a working set",
    reason:
      "kinks and bounds of single entries, and with {entries} of them most stay where they are: only a working set moves",
  },
  {
    when: "with a kink or a set",
    holds: ({ facts }) => facts.block.nonsmooth !== undefined,
    solver: "fista",
    does: "FISTA, then Newton on the face",
    reason: "proximal steps find which entries are at a kink or bound, Newton's method solves for the others",
  },
  {
    when: "a fixed point whose curvature's blocks hold more than 160 000 numbers",
    holds: ({ iterated }) => iterated,
    solver: "anderson",
    does: "Anderson acceleration, then Newton should it stall",
    reason:
      "a fixed point whose curvature costs more to factorise than to iterate; should that stall, Newton's method takes over",
  },
  {
    when: "clauses that answer each other, some with a face",
    holds: ({ facts }) => facts.block.responses.length > 0,
    solver: "newton",
    does: "in turns: each alone for its face, then Newton on all",
    reason:
      "each clause with a kink, a set or constraints is solved alone to find its face, Newton's method solves them all on these",
  },
  {
    when: "a function in an RKHS, a quadratic convex loss of each value",
    holds: ({ facts, factorised }) => isSymmetricForm(facts) && facts.quadratic && factorised,
    solver: "cholesky",
    does: "one Cholesky factorisation of the symmetric form",
    reason: "quadratic, and the symmetric form ρ I + √D K √D of order {order} is factorised exactly",
  },
  {
    when: "the same, with a kernel matrix larger than `memory`",
    holds: ({ facts }) => isSymmetricForm(facts) && facts.quadratic,
    solver: "cg",
    does: "preconditioned conjugate gradients on the symmetric form, rows of the kernel in blocks",
    reason:
      "quadratic, and a kernel matrix of order {order} is more than memory allows: its rows are computed in blocks, preconditioned by some of its columns",
  },
  {
    when: "a function in an RKHS, another convex loss of each value",
    holds: ({ facts, factorised }) => isSymmetricForm(facts) && factorised,
    solver: "newton",
    does: "Newton, each step by Cholesky of the symmetric form",
    reason: "each step factorises the symmetric form ρ I + √D K √D of order {order}",
  },
  {
    when: "the same, with a kernel matrix larger than `memory`",
    holds: ({ facts }) => isSymmetricForm(facts),
    solver: "newton",
    does: "Newton, each step by preconditioned conjugate gradients as above",
    reason:
      "a kernel matrix of order {order} is more than memory allows: steps by conjugate gradients, preconditioned by some of its columns, its rows in blocks",
  },
  {
    when: "another fixed point",
    holds: ({ facts }) => !facts.minimisation && facts.fixedPoint,
    solver: "newton",
    does: "damped Newton; steps by LU where factorised, by GMRES beyond",
    reason: "it converges whether or not the fixed point attracts, and its steps are cheap at this size",
  },
  {
    when: "other equations, an equilibrium, or levels that answer each other",
    holds: ({ facts }) => !facts.minimisation,
    solver: "newton",
    does: "the same",
    reason: "the condition is a system of equations",
  },
  {
    when: "a minimisation, with `damping` asked for",
    holds: ({ damping }) => damping > 0,
    solver: "newton",
    does: "Newton, shifted where the curvature is singular",
    reason: "damping allows a singular curvature, so its steps are shifted where it is",
  },
  {
    when: "quadratic, factorised",
    holds: ({ facts, factorised }) => facts.quadratic && factorised,
    solver: "cholesky",
    does: "one Cholesky factorisation, iterative refinement",
    reason: "quadratic, and a curvature of order {order} is factorised exactly",
  },
  {
    when: "quadratic, larger",
    holds: ({ facts }) => facts.quadratic,
    solver: "cg",
    does: "conjugate gradients",
    reason: "quadratic, and a curvature of order {order} is too large to factorise",
  },
  {
    when: "smooth, factorised",
    holds: ({ factorised }) => factorised,
    solver: "newton",
    does: "Newton with a Cholesky factorisation at each step",
    reason: "smooth, and a curvature of order {order} is factorised at each step",
  },
  {
    when: "smooth, larger",
    holds: () => true,
    solver: "newton",
    does: "truncated Newton: directions by conjugate gradients",
    reason:
      "smooth; directions by conjugate gradients, since a curvature of order {order} costs more to form than to multiply with",
  },
];

export function chooseInner(
  facts: BlockFacts,
  ask: Asked<InnerSolver>,
  extent: Extent,
  damping: number,
): Decision<InnerSolver> {
  if (ask.solver !== undefined) {
    refuseMisfit(facts, ask.solver, ask);
    return { solver: ask.solver, reason: ask.reason };
  }
  return decide(innerTable, { facts, damping, ...extent }, wordsOf(facts, extent));
}

/** What reasons say of a curvature's size. */
export function wordsOf({ form }: BlockFacts, { order, factorised }: Extent): Readonly<Record<string, string>> {
  return { order: factorised ? form.order.key : String(order), entries: String(order) };
}

function refuseMisfit(facts: BlockFacts, solver: InnerSolver, { span }: Asked<InnerSolver>): void {
  const names = unknownsOf(facts);
  const refuse = (why: string, suggestion = "leave the choice to auto"): never => {
    throw new BilevelError([solverUnavailable("inner", solver, why, span, suggestion)]);
  };
  if ((solver === "cholesky" || solver === "cg") && !facts.quadratic)
    refuse(`solves quadratics, and what ${names} minimizes is not quadratic in ${names}`, "write inner: newton");
  if (facts.block.constrained !== undefined) refuse(`takes no constraints, and ${names} has some`);
  const proximal = solver === "prox_gd" || solver === "fista" || solver === "coordinate";
  if (proximal && facts.block.responses.length > 0) refuse(`solves one clause, and ${names} answer each other`);
  if (proximal && facts.block.nonsmooth === undefined)
    refuse(`is for kinks and sets, and what ${names} minimizes is smooth`);
  if (!proximal && facts.block.nonsmooth !== undefined)
    refuse(`is for smooth problems, and ${names} has a kink or a set`);
  if (solver === "coordinate" && !isSeparable(facts))
    refuse(`moves one entry at a time, and entries of ${names} are tied to each other`, "write inner: fista");
  const iterates = solver === "anderson" || solver === "fixed_point";
  if (iterates && !facts.fixedPoint && facts.minimisation) refuse(`iterates v = F(v), and ${names} minimizes`);
  if (iterates && !facts.fixedPoint)
    refuse(
      `iterates v = F(v), and the equations for ${names} have another form`,
      "put the unknown alone on one side, or write inner: newton",
    );
  // A clause with a stopped copy has a slope to follow and no objective that falls.
  const [clause] = facts.block.clauses;
  const follows =
    (solver === "adam" || solver === "sgd") && clause?.kind === "optimize" && facts.block.clauses.length === 1;
  const factorises = (solver === "cholesky" || solver === "cg") && isSymmetricForm(facts);
  if (!proximal && !facts.minimisation && !iterates && !follows && !factorises && solver !== "newton")
    refuse(`minimizes, and ${names} solves equations`, "write inner: newton");
}
