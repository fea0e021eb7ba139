/**
 * Both levels as one problem: each follower is replaced by its optimality conditions (Fortuny-Amat and McCarl 1981),
 *
 *     minimise f(w, y)   subject to   ∇_y (g + ⟨ν, h⟩ + ⟨μ, c⟩) = 0,   h = 0,   c ≤ 0 ≤ μ,   μ ∘ c = 0
 *
 * and the upper problem's own constraints. Where the followers are convex the conditions are also sufficient, and the
 * minimiser over y as well is the optimistic solution: among several answers of the follower, the one that suits f.
 */
import { constant, type Graph, scale } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import type { Constraint, LowerClause, Problem } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { constraintsOf, deriveConstrained } from "./constrained.ts";
import { gradient, jacobian } from "./differentiate.ts";
import { kinksIn } from "./kinks.ts";

export interface SingleLevel {
  /** The upper variables, then the unknowns of each follower with its multipliers ν and μ. */
  readonly variables: readonly Input[];
  /** What is minimised: f or −f. */
  readonly objective: Affine;
  /** = 0: what the upper problem is subject to, then its sets. */
  readonly upperEquations: readonly Affine[];
  /** <= 0, the same. */
  readonly inequalities: readonly Affine[];
  /** = 0: the followers' stationarity and equalities. */
  readonly equations: readonly Affine[];
  /** c <= 0 <= μ, one of them 0. */
  readonly pairs: readonly { readonly constraint: Affine; readonly multiplier: Input }[];
  /** The curvature of what each follower minimises, [...y_a, ...y_b]. */
  readonly followers: readonly { readonly clause: LowerClause; readonly curvature: readonly (readonly Node[])[] }[];
  /** ∂²f as [...x_a, ...x_b]; constant. */
  readonly curvature: readonly (readonly Node[])[];
}

/** Value and slopes where every variable is 0; the slopes do not vary (but for the objective's, where `curvature` says how). */
export interface Affine {
  readonly at: Node;
  /** One a variable, as [...shape of the value, ...shape of the variable]. */
  readonly slopes: readonly Node[];
}

/** A reason where the problem is not of this kind: a clause of a sentence. */
export type SingleLevelOutcome =
  | { readonly ok: true; readonly level: SingleLevel }
  | { readonly ok: false; readonly reason: string };

export function deriveSingleLevel(problem: Problem): SingleLevelOutcome {
  const g = problem.graph;
  const { upper, level, sets } = problem;
  const no = (reason: string): SingleLevelOutcome => ({ ok: false, reason });
  if (upper === undefined || level === undefined) return no("there are no two levels");
  if (level.deeper !== undefined) return no("there are more than two levels");
  const followers = level.clauses.map((clause) => follower(g, clause, problem));
  const failed = followers.find((own) => typeof own === "string");
  if (failed !== undefined) return no(failed);
  const solved = followers.filter((own) => typeof own !== "string");
  const variables = [...upper.variables, ...solved.flatMap((own) => own.unknowns)];
  if (variables.some((variable) => sets.get(variable.name)?.kind === "psd")) return no("psd is no linear constraint");
  const own = upper.variables.flatMap((variable) => constraintsOf(g, variable, sets.get(variable.name)));
  const bounds = [...upper.subject, ...own];
  const related = (relation: Constraint["relation"]): readonly Node[] =>
    bounds.flatMap((bound) => (bound.relation === relation ? [bound.value] : []));
  const minimand = upper.direction === "minimize" ? upper.objective : scale(g, -1, upper.objective);
  const affine = affineIn(g, variables);
  const slopes = simplify(g, gradient(g, minimand, variables));
  const curvature = slopes.map((slope) =>
    simplify(
      g,
      variables.map((x) => jacobian(g, slope, x)),
    ),
  );
  const all = new Set<Node>(variables);
  if (curvature.flat().some((node) => dependsOn(node, all))) return no("the upper objective is not quadratic");
  const upperEquations = related("==").map(affine);
  const equations = solved.flatMap((each) => each.equations.map(affine));
  const inequalities = related("<=").map(affine);
  const pairs = solved.flatMap((each) =>
    each.inequalities.map((c, k) => ({ constraint: affine(c), multiplier: each.multipliers[k] as Input })),
  );
  const bent = [...upperEquations, ...equations, ...inequalities, ...pairs.map(({ constraint }) => constraint)].some(
    ({ slopes: own }) => own.some((node) => dependsOn(node, all)),
  );
  if (bent) return no("a constraint or the condition of a follower is not linear");
  return {
    ok: true,
    level: {
      variables,
      objective: { at: atZero(g, minimand, variables), slopes: slopes.map((slope) => atZero(g, slope, variables)) },
      upperEquations,
      inequalities,
      equations,
      pairs,
      followers: solved.map(({ clause, curvature: own }) => ({ clause, curvature: own })),
      curvature,
    },
  };
}

interface Follower {
  readonly clause: LowerClause;
  readonly unknowns: readonly Input[];
  readonly equations: readonly Node[];
  readonly inequalities: readonly Node[];
  readonly multipliers: readonly Input[];
  readonly curvature: readonly (readonly Node[])[];
}

function follower(g: Graph, clause: LowerClause, { sets }: Problem): Follower | string {
  const { unknowns } = clause;
  const name = unknowns.map((y) => y.name).join(", ");
  if (clause.kind === "solves") {
    if (unknowns.some((y) => sets.has(y.name))) return `${name} solves an equation in a set`;
    return { clause, unknowns, equations: [clause.residual], inequalities: [], multipliers: [], curvature: [] };
  }
  if (clause.selected !== undefined) return `${name} is selected by a path`;
  if (kinksIn(simplify(g, [clause.minimand]), new Set<Node>(unknowns)).length > 0)
    return `what ${name} minimizes has a kink`;
  if (unknowns.some((y) => sets.get(y.name)?.kind === "psd")) return "psd is no linear constraint";
  const {
    unknowns: all,
    residual,
    constrained,
  } = deriveConstrained(g, clause.minimand, unknowns, clause.subject, sets);
  const count = constrained.inequalities.length;
  const multipliers = all.slice(all.length - count);
  const slopes = gradient(g, clause.minimand, unknowns);
  return {
    clause,
    unknowns: all,
    equations: residual.slice(0, residual.length - count),
    inequalities: constrained.inequalities,
    multipliers,
    curvature: slopes.map((slope) =>
      simplify(
        g,
        unknowns.map((y) => jacobian(g, slope, y)),
      ),
    ),
  };
}

const affineIn =
  (g: Graph, variables: readonly Input[]) =>
  (node: Node): Affine => ({
    at: atZero(g, node, variables),
    slopes: simplify(
      g,
      variables.map((x) => jacobian(g, node, x)),
    ),
  });

/** The node where every variable is 0. */
function atZero(g: Graph, node: Node, variables: readonly Input[]): Node {
  const zeros = new Map<Node, Node>(variables.map((x) => [x, constant(g, 0, x.shape)]));
  return simplify(g, substitute(g, [node], zeros))[0] as Node;
}
