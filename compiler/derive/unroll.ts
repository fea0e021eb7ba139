/**
 * What iterative differentiation differentiates in place of a minimisation: a number of steps of descent from its start, which
 * approach the minimiser (Franceschi, Donini, Frasconi and Pontil 2017; Grazzi, Franceschi, Pontil and Salzo 2020).
 */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import { solverUnavailable } from "../errors.ts";
import { constant } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { clausesOf, type LowerClause, type Problem, type Selected, selectionOf } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { kinksIn } from "./kinks.ts";

export interface Unrolling {
  /** Absent: 100. */
  readonly steps?: number;
  /** Absent: the reciprocal of the largest curvature at the start. */
  readonly rate?: number;
  readonly momentum?: number;
}

const defaultSteps = 100;

/** The problem itself where every clause already says its path. Throws a BilevelError where a clause has no such steps. */
export function unrolled(problem: Problem, unrolling: Unrolling, asked: Span): Problem {
  const { level } = problem;
  for (const clause of clausesOf(level)) {
    const why = unfit(problem, clause, unrolling);
    if (why === undefined) continue;
    const names = clause.unknowns.map((y) => y.name).join(", ");
    const what = `unrolls smooth minimisations of one level, and ${names} ${why}`;
    throw new BilevelError([solverUnavailable("method", "itd", what, asked, "write method: aid")]);
  }
  if (level === undefined || clausesOf(level).every((clause) => selectionOf(clause) !== undefined)) return problem;
  return { ...problem, level: { clauses: level.clauses.map((clause) => withSteps(problem, clause, unrolling)) } };
}

/** What keeps a clause from being unrolled so. */
function unfit({ graph: g, level, sets }: Problem, clause: LowerClause, unrolling: Unrolling): string | undefined {
  const path = selectionOf(clause);
  const isTold = Object.values(unrolling).some((value) => value !== undefined);
  if (path?.kind === "descent" && !path.approximates && isTold) return "says its own steps";
  if (path !== undefined) return undefined;
  if (clause.kind === "solves") return "solves an equation";
  if (level?.deeper !== undefined) return "is on one of several levels";
  if (clause.subject.length > 0) return "has constraints";
  if (clause.unknowns.some((y) => sets.has(y.name))) return "has a set";
  return kinksIn(simplify(g, [clause.minimand]), new Set<Node>(clause.unknowns)).length > 0 ? "has a kink" : undefined;
}

function withSteps({ graph: g, starts }: Problem, clause: LowerClause, unrolling: Unrolling): LowerClause {
  if (clause.kind === "solves" || clause.selected !== undefined) return clause;
  const { steps = defaultSteps, rate, momentum } = unrolling;
  const selected: Selected = {
    kind: "descent",
    steps,
    start: clause.unknowns.map((y) => starts.get(y.name) ?? constant(g, 0, y.shape)),
    ...(rate !== undefined && { rate: constant(g, rate) }),
    ...(momentum !== undefined && { momentum: constant(g, momentum) }),
    approximates: true,
  };
  return { ...clause, selected };
}
