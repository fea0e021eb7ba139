/**
 * Implicit differentiation, once, for every stationarity condition.
 *
 * The lower level is a list of blocks in solving order, block j with unknowns y_j and condition R_j(w, y_1 .. y_j) = 0:
 * the gradient of what is minimised, or left − right of an equation. With the adjoints v_j held constant, let
 *
 *     ℒ(w, y) = f(w, y) − Σ_j ⟨v_j, R_j(w, y)⟩.
 *
 * The adjoints solve ∂ℒ/∂y_j = 0, that is (∂R_j/∂y_j)ᵀ v_j = ∂/∂y_j (f − Σ_{l>j} ⟨v_l, R_l⟩), the last block first, and the
 * hypergradient is ∂ℒ/∂w. No cross derivative is formed: each is the gradient of a scalar.
 */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { notDerivedYet } from "../errors.ts";
import { add, constant, type Graph, input } from "../ir/graph.ts";
import type { Input, Node } from "../ir/node.ts";
import type { LowerClause, Problem } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Condition, conditionsOf, hasFace, inSolvingOrder } from "./conditions.ts";
import type { Constrained } from "./constrained.ts";
import { forward, gradient, jacobian } from "./differentiate.ts";
import type { Nonsmooth } from "./nonsmooth.ts";
import { pairing } from "./pairing.ts";
import { derivePath, type Path } from "./path.ts";

/** One or more clauses that must be solved together, because each mentions the others' unknowns. */
export interface Block {
  readonly clauses: readonly LowerClause[];
  readonly unknowns: readonly Input[];
  /** v, of the unknowns' shapes. */
  readonly adjoints: readonly Input[];
  /** Directions that products are taken with, of the unknowns' shapes. */
  readonly tangents: readonly Input[];
  /** What is minimised, where the block is one minimisation; its condition is then symmetric. */
  readonly minimand?: Node;
  /** R, one an unknown. */
  readonly condition: readonly Node[];
  /** ∂R_a/∂y_b as [...y_a, ...y_b]. */
  readonly curvature: readonly (readonly Node[])[];
  /** (∂R/∂y) t */
  readonly product: readonly Node[];
  /** (∂R/∂y)ᵀ t; the same nodes as `product` where the block is one minimisation. */
  readonly transposedProduct: readonly Node[];
  /** Where the clause has kinks or sets: the condition holds on the face that its masks describe. */
  readonly nonsmooth?: Nonsmooth;
  readonly constrained?: Constrained;
  /** Where the end of a path is meant. Steps of descent have no part in ℒ: their adjoint is carried back through the steps. */
  readonly path?: Path;
  /** ∂/∂y (f − Σ over later blocks ⟨v, R⟩), zero everywhere where the upper level does not read the block. */
  readonly adjointRhs: readonly Node[];
}

export interface Derivation {
  /** An upper variable has a set, which every step has to respect. */
  readonly upperInSet: boolean;
  /** f, with the author's sign; absent in a file that has a `where` level alone. */
  readonly value?: Node;
  readonly blocks: readonly Block[];
  /** ∂f/∂w with y held constant, one an upper variable. */
  readonly direct: readonly Node[];
  /** ∂ℒ/∂w, one an upper variable. */
  readonly hypergradient: readonly Node[];
}

export function deriveImplicit(problem: Problem): Derivation {
  const g = problem.graph;
  const drafts = draftBlocks(
    g,
    inSolvingOrder(conditionsOf(g, problem.level, problem.sets)),
    problem.upper?.variables ?? [],
  );
  if (problem.upper === undefined) {
    const blocks = drafts.map((draft) => ({
      ...draft,
      adjointRhs: draft.unknowns.map((y) => constant(g, 0, y.shape)),
    }));
    return { upperInSet: false, blocks: blocks.map((block) => simplifyBlock(g, block)), direct: [], hypergradient: [] };
  }
  const value = problem.upper.objective;
  const variables = problem.upper.variables;
  const blocks: Block[] = [];
  let lagrangian = value;
  for (const draft of [...drafts].reverse()) {
    blocks.unshift(simplifyBlock(g, { ...draft, adjointRhs: gradient(g, lagrangian, draft.unknowns) }));
    if (draft.path?.selected.kind === "descent") continue;
    const pairings = draft.condition.map((condition, k) => pairing(g, draft.adjoints[k] as Input, condition));
    lagrangian = add(g, [1, ...pairings.map(() => -1)], [lagrangian, ...pairings]);
  }
  const direct = simplify(g, gradient(g, value, variables));
  const hypergradient = simplify(g, gradient(g, lagrangian, variables));
  const [simplified] = simplify(g, [value]);
  const upperInSet = variables.some((variable) => problem.sets.has(variable.name));
  return { upperInSet, value: simplified, blocks, direct, hypergradient };
}

type Draft = Omit<Block, "adjointRhs">;

/** `outer` are the upper variables; a block may also read the unknowns of those before it. */
function draftBlocks(g: Graph, groups: readonly (readonly Condition[])[], outer: readonly Input[]): readonly Draft[] {
  const drafts: Draft[] = [];
  for (const conditions of groups) {
    const draft = draftBlock(g, conditions);
    const faceted = conditions.find(hasFace);
    if (conditions.length > 1 && faceted !== undefined) {
      throw new BilevelError([
        notDerivedYet("a set, a kink or a constraint in clauses that answer each other", faceted.clause.span),
      ]);
    }
    const selecting = conditions.find(
      ({ clause }) => clause.kind === "optimize" && clause.selected !== undefined,
    )?.clause;
    if (selecting?.kind !== "optimize" || selecting.selected === undefined) {
      drafts.push(draft);
      continue;
    }
    if (conditions.length > 1)
      throw new BilevelError([notDerivedYet("a selection in clauses that answer each other", selecting.span)]);
    const readable = [...outer, ...drafts.flatMap((before) => before.unknowns)];
    drafts.push({
      ...draft,
      path: derivePath(g, selecting.selected, draft.condition, draft.adjoints, readable),
    });
  }
  return drafts;
}

function draftBlock(g: Graph, conditions: readonly Condition[]): Draft {
  const unknowns = conditions.flatMap((condition) => condition.unknowns);
  const named = (prefix: string, role: "adjoint" | "tangent"): readonly Input[] =>
    unknowns.map((y) => input(g, `${prefix} ${y.name}`, role, y.shape));
  const adjoints = named("adjoint of", "adjoint");
  const tangents = named("direction in", "tangent");
  const minimand = conditions.length === 1 ? conditions[0]?.minimand : undefined;
  const condition = simplify(
    g,
    conditions.flatMap(({ residual }) => residual),
  );
  const along = new Map<Node, Node>(unknowns.map((y, k) => [y, tangents[k] as Input]));
  const product = condition.map((r) => forward(g, r, along));
  const pairings = condition.map((r, k) => pairing(g, tangents[k] as Input, r));
  const sum = add(
    g,
    pairings.map(() => 1),
    pairings,
  );
  const transposedProduct = minimand === undefined ? gradient(g, sum, unknowns) : product;
  const curvature = condition.map((r) => unknowns.map((y) => jacobian(g, r, y)));
  const clauses = conditions.map(({ clause }) => clause);
  const { nonsmooth, constrained } = conditions.find(hasFace) ?? {};
  return {
    clauses,
    unknowns,
    adjoints,
    tangents,
    minimand,
    nonsmooth,
    constrained,
    condition,
    curvature,
    product,
    transposedProduct,
  };
}

function simplifyBlock(g: Graph, block: Block): Block {
  const matrix = (rows: readonly (readonly Node[])[]): readonly (readonly Node[])[] =>
    rows.map((row) => simplify(g, row));
  return {
    ...block,
    minimand: block.minimand && simplify(g, [block.minimand])[0],
    curvature: matrix(block.curvature),
    product: simplify(g, block.product),
    transposedProduct: simplify(g, block.transposedProduct),
    adjointRhs: simplify(g, block.adjointRhs),
  };
}
