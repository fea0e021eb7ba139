/** What was found about each block of the lower level, decided from structure alone; `explain` prints it, the plan follows from it. */
import { gradient, jacobian } from "../derive/differentiate.ts";
import type { Block } from "../derive/implicit.ts";
import { isNorm, kinksIn } from "../derive/kinks.ts";
import { totalSize } from "../derive/stack.ts";
import { add, type Graph } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Curvature, convexityOf } from "./convexity.ts";
import { linearPredictors } from "./linear-model.ts";
import { strongConvexity } from "./modulus.ts";
import { type CurvatureForm, stackedForm } from "./structure.ts";

export interface BlockFacts {
  readonly block: Block;
  /** How many numbers its unknowns hold. */
  readonly size: Size;
  /** One minimisation; the condition is symmetric. False for equations and equilibria. */
  readonly minimisation: boolean;
  /** The condition is affine in the block's own unknowns. */
  readonly quadratic: boolean;
  /** Linear predictors X θ, where the objective is a generalised linear model in them. */
  readonly predictors: readonly Node[];
  readonly form: CurvatureForm;
  /** What one clause minimises, less its kinks; absent for equations and equilibria. The next three facts are about it. */
  readonly smooth?: Node;
  /** Its Hessian does not mention the unknowns. */
  readonly smoothQuadratic: boolean;
  /** In the block's unknowns; `unknown` means not proved. */
  readonly convexity: Exclude<Curvature, "constant">;
  /** A lower bound on the curvature in each unknown, where the objective shows one: it is then strongly convex. */
  readonly modulus?: readonly Node[];
  /** How the upper objective varies with the block's unknowns. */
  readonly upper: UpperDependence;
  /** Nodes with a kink in the unknowns. */
  readonly kinks: readonly Node[];
}

/**
 * - `absent`: nothing above reads the block, so its adjoint is zero.
 * - `equal`, `negated`: it differs from (minus) the lower objective by terms free of the unknowns, so the adjoint is zero at the
 *   solution (Danskin).
 */
export type UpperDependence = "absent" | "equal" | "negated" | "different";

/** `all` are the blocks of the derivation, this one among them. */
export function factsOf(g: Graph, block: Block, all: readonly Block[]): BlockFacts {
  const own = new Set<Node>(block.unknowns);
  const minimand = block.minimand;
  const form = stackedForm(g, block.curvature, block.unknowns);
  const smooth = smoothPart(g, block);
  const shapes = smooth === undefined ? undefined : convexityOf([smooth], own);
  const convexity = smooth === undefined ? "unknown" : (shapes?.get(smooth)?.curvature ?? "unknown");
  const quadratic = block.curvature.every((row) => row.every((node) => !dependsOn(node, own)));
  const declared = block.clauses.flatMap((clause) => clause.unknowns);
  const only = block.unknowns.length === 1 ? block.unknowns[0] : undefined;
  return {
    block,
    size: totalSize(block.unknowns),
    minimisation: minimand !== undefined,
    quadratic,
    predictors: minimand === undefined || only === undefined ? [] : linearPredictors(g, minimand, only),
    form,
    smooth,
    smoothQuadratic: smooth !== undefined && (minimand === undefined ? isQuadratic(g, smooth, declared) : quadratic),
    convexity: convexity === "constant" ? "affine" : convexity,
    modulus: smooth === undefined || shapes === undefined ? undefined : strongConvexity(g, smooth, declared, shapes),
    upper: upperDependence(g, block, all),
    kinks: kinksOf(g, block, own),
  };
}

function smoothPart(g: Graph, block: Block): Node | undefined {
  const only = block.clauses.length === 1 ? block.clauses[0] : undefined;
  if (block.nonsmooth !== undefined) return block.nonsmooth.smooth;
  if (block.constrained === undefined || only?.kind !== "optimize") return block.minimand;
  return simplify(g, [only.minimand])[0];
}

/**
 * Kinks of what the clauses state, whose derivatives in the condition would show them as jumps. Equations with norms are smooth at
 * solutions that are not 0, which nothing draws them to.
 */
function kinksOf(g: Graph, block: Block, own: ReadonlySet<Node>): readonly Node[] {
  if (block.minimand !== undefined) return kinksIn([block.minimand], own);
  const { equalities = [], inequalities = [] } = block.constrained ?? {};
  const minimands = block.clauses.flatMap((clause) => (clause.kind === "optimize" ? [clause.minimand] : []));
  const equations = block.clauses.flatMap((clause) => (clause.kind === "solves" ? [clause.residual] : []));
  return [
    ...kinksIn(simplify(g, minimands), own),
    ...kinksIn([...equalities, ...inequalities], own),
    ...kinksIn(simplify(g, equations), own).filter((node) => !isNorm(node, own)),
  ];
}

function isQuadratic(g: Graph, node: Node, unknowns: readonly Input[]): boolean {
  const all = new Set<Node>(unknowns);
  const hessian = simplify(g, gradient(g, node, unknowns)).flatMap((slope) =>
    simplify(
      g,
      unknowns.map((y) => jacobian(g, slope, y)),
    ),
  );
  return hessian.every((entry) => !dependsOn(entry, all));
}

const isZero = (node: Node): boolean => node.kind === "constant" && node.value === 0;

function upperDependence(g: Graph, block: Block, all: readonly Block[]): UpperDependence {
  // A path hands on to what it reads besides ℒ.
  if (all.some(({ path }) => path?.reads.some((input) => block.unknowns.includes(input)))) return "different";
  if (block.adjointRhs.every(isZero)) return "absent";
  if (block.minimand === undefined) return "different";
  const differsBy = (sign: 1 | -1): boolean =>
    simplify(
      g,
      block.adjointRhs.map((rhs, k) => add(g, [1, -sign], [rhs, block.condition[k] as Node])),
    ).every(isZero);
  return differsBy(1) ? "equal" : differsBy(-1) ? "negated" : "different";
}
