/** What was found about each block of the lower level, decided from structure alone; `explain` prints it, the plan follows from it. */
import { gradient, jacobian } from "../derive/differentiate.ts";
import { termsOf } from "../derive/entrywise.ts";
import type { Block } from "../derive/implicit.ts";
import { crossingOf, isNorm, kinksIn } from "../derive/kinks.ts";
import type { Represented } from "../derive/representer.ts";
import { totalSize } from "../derive/stack.ts";
import { add, type Graph } from "../ir/graph.ts";
import { declaredName, dependsOn, type Input, type Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Curvature, convexityOf, type Sign } from "./convexity.ts";
import { linearPredictors } from "./linear-model.ts";
import { strongConvexity } from "./modulus.ts";
import { type PointwiseFacts, pointwiseFacts } from "./pointwise.ts";
import { type CurvatureForm, stackedForm } from "./structure.ts";
import { type SymmetricForm, symmetricForm } from "./symmetric.ts";

export interface BlockFacts {
  readonly block: Block;
  /** How many numbers its unknowns hold. */
  readonly size: Size;
  /** One minimisation; the condition is symmetric. False for equations and equilibria. */
  readonly minimisation: boolean;
  /** Every clause is v = F(v): the condition is v − F(v), and v − R(v) is the next iterate. */
  readonly fixedPoint: boolean;
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
  /** Of a function in L2: the loss of its value, row by row. */
  readonly pointwise?: PointwiseFacts;
  /** Of a function in L2 that the upper level reads: its adjoint function. */
  readonly dual?: BlockFacts;
  /** Of a function in L2 with a last layer in closed form: that layer. */
  readonly head?: BlockFacts;
  /** Of functions in an RKHS. */
  readonly represented?: RepresentedFacts;
  /** How the upper objective varies with the block's unknowns. */
  readonly upper: UpperDependence;
  /** Nodes with a kink in the unknowns. */
  readonly kinks: readonly Node[];
  /** What must not be zero at the solution of equations, entry by entry: their derivative jumps there. */
  readonly crossings: readonly Node[];
}

/** The unknowns' names, for messages. */
export function unknownsOf({ block }: BlockFacts): string {
  return [...new Set(block.unknowns.map(declaredName))].join(", ");
}

/** A convex objective and, as far as composition rules prove it, convex constraints: what meets the conditions is a minimum. */
export function isConvexProblem({ block, convexity }: BlockFacts): boolean {
  const { equalities = [], inequalities = [] } = block.constrained ?? {};
  const shapes = convexityOf([...equalities, ...inequalities], new Set(block.unknowns));
  const isOneOf = (node: Node, ...curvatures: readonly Curvature[]): boolean =>
    curvatures.some((curvature) => shapes.get(node)?.curvature === curvature);
  return (
    (convexity === "convex" || convexity === "affine") &&
    equalities.every((node) => isOneOf(node, "constant", "affine")) &&
    inequalities.every((node) => isOneOf(node, "constant", "affine", "convex"))
  );
}

/** What was found about a loss in the values of functions in an RKHS at their centres. */
export interface RepresentedFacts {
  readonly represented: Represented;
  readonly isConvex: boolean;
  /** Each penalty's sign. */
  readonly penalties: readonly Sign[];
  /** How systems with the curvature are solved, where the loss is convex in each value alone. */
  readonly symmetric?: SymmetricForm;
}

/**
 * - `absent`: nothing above reads the block, so its adjoint is zero.
 * - `equal`, `negated`, `proportional`: it differs from (minus, another multiple of) the lower objective by terms free of the
 *   unknowns, so the adjoint is zero at the solution (Danskin).
 */
export type UpperDependence = "absent" | "equal" | "negated" | "proportional" | "different";

/** `all` are the blocks of the derivation, this one among them. */
export function factsOf(g: Graph, block: Block, all: readonly Block[]): BlockFacts {
  const own = new Set<Node>(block.unknowns);
  const minimand = block.minimand;
  const form = stackedForm(g, block.curvature, block.unknowns);
  const smooth = smoothPart(g, block);
  const shapes = smooth === undefined ? undefined : convexityOf([smooth], own);
  const convexity = smooth === undefined ? "unknown" : (shapes?.get(smooth)?.curvature ?? "unknown");
  const quadratic =
    form.kind !== "operator" && block.curvature.every((row) => row.every((node) => !dependsOn(node, own)));
  const declared = block.clauses.flatMap((clause) => clause.unknowns);
  const only = block.unknowns.length === 1 ? block.unknowns[0] : undefined;
  return {
    block,
    size: totalSize(block.unknowns),
    minimisation: minimand !== undefined,
    fixedPoint: block.clauses.every((clause) => clause.kind === "solves" && clause.fixedPoint),
    quadratic,
    predictors: minimand === undefined || only === undefined ? [] : linearPredictors(g, minimand, only),
    form,
    smooth,
    smoothQuadratic: smooth !== undefined && (minimand === undefined ? isQuadratic(g, smooth, declared) : quadratic),
    convexity: convexity === "constant" ? "affine" : convexity,
    ...(block.functional && { pointwise: pointwiseFacts(g, block.functional) }),
    ...(block.functional?.dual && { dual: factsOf(g, block.functional.dual, [block.functional.dual]) }),
    ...(block.head && { head: factsOf(g, block.head, [block.head]) }),
    ...(block.represented && { represented: representedFacts(g, block.represented, block) }),
    modulus: smooth === undefined || shapes === undefined ? undefined : strongConvexity(g, smooth, declared, shapes),
    upper: upperDependence(g, block, all),
    kinks: kinksOf(g, block, own),
    crossings: crossingsOf(g, block, own),
  };
}

function representedFacts(g: Graph, represented: Represented, { unknowns }: Block): RepresentedFacts {
  const { representers, loss, penalties } = represented;
  const own = new Set<Node>([...unknowns, ...representers.map(({ values }) => values.input)]);
  const { curvature = "unknown" } = convexityOf([loss], own).get(loss) ?? {};
  const shapes = convexityOf(penalties, own);
  const isConvex = curvature !== "unknown" && curvature !== "concave";
  const symmetric = isConvex ? symmetricForm(g, represented) : undefined;
  return {
    represented,
    isConvex,
    ...(symmetric && { symmetric }),
    penalties: penalties.map((penalty) => shapes.get(penalty)?.sign ?? "unknown"),
  };
}

function smoothPart(g: Graph, block: Block): Node | undefined {
  if (block.nonsmooth !== undefined) return block.nonsmooth.smooth;
  return block.constrained === undefined ? block.minimand : simplify(g, [block.constrained.minimand])[0];
}

/**
 * Kinks of what the clauses state, whose derivatives in the condition would show them as jumps. Equations with norms are smooth at
 * solutions that are not 0, which nothing draws them to.
 */
function kinksOf(g: Graph, block: Block, own: ReadonlySet<Node>): readonly Node[] {
  if (block.minimand !== undefined) return kinksIn([block.minimand], own);
  const { equalities = [], inequalities = [] } = block.constrained ?? {};
  const faced = new Set(block.responses.flatMap(({ clauses }) => clauses));
  const minimands =
    block.constrained === undefined
      ? block.clauses.flatMap((clause) => (clause.kind === "optimize" && !faced.has(clause) ? [clause.minimand] : []))
      : [block.constrained.minimand];
  const equations = block.clauses.flatMap((clause) => (clause.kind === "solves" ? [clause.residual] : []));
  return [
    ...kinksIn(simplify(g, minimands), own),
    ...kinksIn([...equalities, ...inequalities], own),
    ...kinksIn(simplify(g, equations), own).filter(
      (node) => !isNorm(node, own) && !(isSystem(block) && crossingOf(g, node) !== undefined),
    ),
  ];
}

const isSystem = ({ clauses }: Block): boolean => clauses.every(({ kind }) => kind === "solves");

/** Of equations with max or abs in them, which are smooth wherever none of these is zero: a solution has to be off them. */
function crossingsOf(g: Graph, block: Block, own: ReadonlySet<Node>): readonly Node[] {
  if (!isSystem(block)) return [];
  const found = kinksIn(block.condition, own).flatMap((node) => crossingOf(g, node) ?? []);
  return simplify(g, found);
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
  const slope = block.minimand === undefined ? penalisedSlope(g, block) : block.condition;
  if (slope === undefined) return "different";
  const isMultiple = (factor: number): boolean =>
    simplify(
      g,
      block.adjointRhs.map((rhs, k) => add(g, [1, -factor], [rhs, slope[k] as Node])),
    ).every(isZero);
  if (isMultiple(1)) return "equal";
  if (isMultiple(-1)) return "negated";
  const ratio = ratioOf(block.adjointRhs, slope);
  return ratio !== undefined && isMultiple(ratio) ? "proportional" : "different";
}

/**
 * The gradient of all that one clause minimises, where the kinks of penalties stay where they are: the envelope theorem then holds on the
 * face as it does without kinks. A set that moves would add its multipliers.
 */
function penalisedSlope(g: Graph, { clauses, nonsmooth, unknowns }: Block): readonly Node[] | undefined {
  const [clause] = clauses;
  if (clauses.length !== 1 || clause?.kind !== "optimize" || nonsmooth === undefined || nonsmooth.answered)
    return undefined;
  const stay = nonsmooth.pieces.every(
    (piece) =>
      piece.kind === "free" ||
      piece.kind === "group" ||
      (piece.kind === "penalty" && piece.within === undefined && piece.centre.kind === "constant"),
  );
  return stay && unknowns.length === clause.unknowns.length
    ? simplify(g, gradient(g, clause.minimand, unknowns))
    : undefined;
}

/** The ratio of the first coefficients that two lists of nodes have on the same operand: the only factor there can be between them. */
function ratioOf(of: readonly Node[], to: readonly Node[]): number | undefined {
  for (const [k, node] of of.entries()) {
    for (const { coefficient, node: operand } of termsOf(to[k] as Node)) {
      const own = termsOf(node).find((term) => term.node === operand);
      if (own !== undefined) return own.coefficient / coefficient;
    }
  }
  return undefined;
}
