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
 *
 * Where the upper problem has constraints c(w, y), f is replaced by its Lagrangian f + ⟨μ, c⟩ (minus where f is maximised) with μ held
 * constant: μ = 0 gives the hypergradient of f, the μ of a penalty that of the penalised objective (runtime/method/aid.ts).
 */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { notDerivedYet } from "../errors.ts";
import { add, constant, type Graph, input } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import type { Constraint, L2Function, LowerClause, Problem } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Condition, conditionsOf, hasFace, inSolvingOrder } from "./conditions.ts";
import type { Constrained } from "./constrained.ts";
import { forward, gradient, jacobian } from "./differentiate.ts";
import { adjointLoss, adjointPairing, type Functional, penalised, throughFamilies } from "./functional.ts";
import type { Nonsmooth } from "./nonsmooth.ts";
import { pairing } from "./pairing.ts";
import { derivePath, type Path } from "./path.ts";
import type { Represented } from "./representer.ts";

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
  /** ∂R_a/∂y_b as [...y_a, ...y_b]; empty where it is not formed: for the weights of networks. */
  readonly curvature: readonly (readonly Node[])[];
  /** (∂R/∂y) t */
  readonly product: readonly Node[];
  /** (∂R/∂y)ᵀ t; the same nodes as `product` where the block is one minimisation. */
  readonly transposedProduct: readonly Node[];
  /** Where the clause has kinks or sets: the condition holds on the face that its masks describe. */
  readonly nonsmooth?: Nonsmooth;
  readonly constrained?: Constrained;
  /** Clauses with a face among several that answer each other: each alone, with the others' unknowns held. */
  readonly responses: readonly Block[];
  /** The minimisations that the block solves as equations. */
  readonly optima: readonly Optimum[];
  /** Where the end of a path is meant. Steps of descent have no part in ℒ where they are differentiated along the path. */
  readonly path?: Path;
  /** Where the unknown is a function in L2: what is differentiated, and the adjoint function as a minimisation of its own. */
  readonly functional?: Functional & { readonly adjointLoss?: Node; readonly dual?: Block };
  /** The last layer of the family that represents it, where that is solved for, given the others. */
  readonly head?: Block;
  /** Where the unknowns are functions in an RKHS. */
  readonly represented?: Represented;
  /** ∂/∂y (f − Σ over later blocks ⟨v, R⟩), zero everywhere where the upper level does not read the block. */
  readonly adjointRhs: readonly Node[];
}

/** A solution of the block's equations has to be a minimum in `own`, with all that answers it following: multipliers, deeper unknowns. */
export interface Optimum {
  readonly clause: LowerClause;
  readonly own: readonly Input[];
  readonly answers: readonly Input[];
}

/** What the upper problem is subject to. */
export interface UpperConstraints {
  /** In the order written. */
  readonly constraints: readonly Constraint[];
  /** μ, one a constraint and of its shape. */
  readonly multipliers: readonly Input[];
}

export interface Derivation {
  /** An upper variable has a set, which every step has to respect. */
  readonly upperInSet: boolean;
  /** Each upper step has rows of its own. */
  readonly isStreamed?: boolean;
  /** f, with the author's sign; absent in a file that has a `where` level alone. */
  readonly value?: Node;
  readonly constraints?: UpperConstraints;
  readonly blocks: readonly Block[];
  /** ∂(f + ⟨μ, c⟩)/∂w with y held constant, one an upper variable. */
  readonly direct: readonly Node[];
  /** ℒ; absent where there is no upper level. */
  readonly lagrangian?: Node;
  /** ∂ℒ/∂w, one an upper variable. */
  readonly hypergradient: readonly Node[];
  /** The same in the values of functions in L2, where there are any: what explanations show. */
  readonly inValues?: { readonly value: Node; readonly hypergradient: readonly Node[] };
}

/** `descents`: steps of descent are differentiated along their path, or at their end as if it were the minimiser. */
export function deriveImplicit(problem: Problem, descents: "path" | "end" = "path"): Derivation {
  const g = problem.graph;
  const through = throughFamilies(g, problem.functions);
  const stated = conditionsOf(g, problem.level, problem);
  const conditions = stated.map((condition) =>
    condition.functional === undefined ? written(condition, through) : condition,
  );
  const deep = new Set([...problem.deep, ...problem.functions.flatMap(deepAdjoint)]);
  const drafts = draftBlocks(g, inSolvingOrder(conditions), problem.upper?.variables ?? [], deep);
  if (problem.upper === undefined) {
    const blocks = drafts.map((draft) => ({
      ...draft,
      adjointRhs: draft.unknowns.map((y) => constant(g, 0, y.shape)),
    }));
    return { upperInSet: false, blocks: blocks.map((block) => simplifyBlock(g, block)), direct: [], hypergradient: [] };
  }
  const value = problem.upper.objective;
  const variables = problem.upper.variables;
  const constraints = upperConstraints(g, problem.upper.subject);
  const weighed = withConstraints(g, problem.upper, constraints);
  const blocks: Block[] = [];
  let lagrangian = weighed;
  for (const draft of [...drafts].reverse()) {
    const adjointRhs = gradient(g, through([lagrangian])[0] as Node, draft.unknowns);
    if (draft.functional !== undefined) {
      const loss = adjointLoss(g, draft.functional, lagrangian);
      const dual = loss && dualBlock(g, draft, draft.functional, through([loss])[0] as Node, deep);
      blocks.unshift(
        simplifyBlock(g, { ...draft, adjointRhs, functional: { ...draft.functional, adjointLoss: loss, dual } }),
      );
      if (dual !== undefined) lagrangian = add(g, [1, -1], [lagrangian, adjointPairing(g, draft.functional)]);
      continue;
    }
    blocks.unshift(simplifyBlock(g, { ...draft, adjointRhs }));
    if (descents === "path" && draft.path?.selected.kind === "descent") continue;
    const own = stated.filter(({ clause }) => draft.clauses.includes(clause)).flatMap(({ residual }) => residual);
    const residuals = problem.functions.length === 0 ? draft.condition : simplify(g, own);
    const pairings = residuals.map((condition, k) => pairing(g, draft.adjoints[k] as Input, condition));
    lagrangian = add(g, [1, ...pairings.map(() => -1)], [lagrangian, ...pairings]);
  }
  const direct = simplify(g, through(gradient(g, weighed, variables)));
  const total = gradient(g, lagrangian, variables);
  const hypergradient = simplify(g, through(total));
  const [simplified] = simplify(g, through([value]));
  const upperInSet = variables.some((variable) => problem.sets.has(variable.name));
  const inValues = problem.functions.length > 0 && {
    value: simplify(g, [value])[0] as Node,
    hypergradient: simplify(g, total),
  };
  return {
    upperInSet,
    isStreamed: problem.isStreamed,
    value: simplified,
    ...(constraints && { constraints }),
    blocks,
    direct,
    lagrangian: through([lagrangian])[0] as Node,
    hypergradient,
    ...(inValues && { inValues }),
  };
}

function upperConstraints(g: Graph, subject: readonly Constraint[]): UpperConstraints | undefined {
  if (subject.length === 0) return undefined;
  const values = simplify(
    g,
    subject.map(({ value }) => value),
  );
  return {
    constraints: subject.map((constraint, k) => ({ ...constraint, value: values[k] as Node })),
    multipliers: values.map((value, k) => input(g, `multiplier of upper constraint ${k + 1}`, "step", value.shape)),
  };
}

/** f + ⟨μ, c⟩, or f − ⟨μ, c⟩ where f is maximised. */
function withConstraints(g: Graph, upper: Upper, bounds: UpperConstraints | undefined): Node {
  if (bounds === undefined) return upper.objective;
  const pairings = bounds.constraints.map(({ value }, k) => pairing(g, bounds.multipliers[k] as Input, value));
  const sign = upper.direction === "minimize" ? 1 : -1;
  return add(g, [1, ...pairings.map(() => sign)], [upper.objective, ...pairings]);
}

type Upper = NonNullable<Problem["upper"]>;

type Draft = Omit<Block, "adjointRhs">;
type Through = ReturnType<typeof throughFamilies>;

function optimumOf({ clause, unknowns, represented, answers = [] }: Condition): readonly Optimum[] {
  if (clause.kind === "solves" || clause.selected !== undefined || represented !== undefined) return [];
  const own = clause.unknowns;
  return [{ clause, own, answers: [...new Set([...unknowns, ...answers])].filter((y) => !own.includes(y)) }];
}

/** The condition with the values of functions written through their families. */
function written(condition: Condition, through: Through): Condition {
  const { residual, minimand } = condition;
  return { ...condition, residual: through(residual), minimand: minimand && through([minimand])[0] };
}

const deepAdjoint = ({ isAdjointLinear, adjointWeights }: L2Function): readonly Input[] =>
  isAdjointLinear ? [] : adjointWeights;

/** The adjoint function: a minimisation in the weights of its family. */
function dualBlock(g: Graph, draft: Draft, { fn }: Functional, loss: Node, deep: ReadonlySet<Node>): Block {
  const clause = draft.clauses[0] as LowerClause;
  const { adjointWeights: unknowns, adjointHead: head } = fn;
  const [minimand] = simplify(g, [penalised(g, loss, head)]) as [Node];
  const residual = gradient(g, minimand, unknowns);
  const dual = draftBlock(g, [{ clause, unknowns, residual, minimand, ...(head && { head }) }], deep);
  return simplifyBlock(g, { ...dual, adjointRhs: unknowns.map((y) => constant(g, 0, y.shape)) });
}

/** `outer` are the upper variables; a block may also read the unknowns of those before it. */
function draftBlocks(
  g: Graph,
  groups: readonly (readonly Condition[])[],
  outer: readonly Input[],
  deep: ReadonlySet<Node>,
): readonly Draft[] {
  const drafts: Draft[] = [];
  for (const conditions of groups) {
    const draft = draftBlock(g, conditions, deep);
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
      path: derivePath(g, selecting.selected, draft.condition, draft.unknowns, draft.adjoints, readable),
    });
  }
  return drafts;
}

/** `deep` are the weights of networks, whose curvature is never formed, and for a function in L2 not even multiplied with. */
function draftBlock(g: Graph, conditions: readonly Condition[], deep: ReadonlySet<Node>): Draft {
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
  const isDeep = unknowns.some((y) => deep.has(y));
  const functional = conditions.find((own) => own.functional !== undefined)?.functional;
  const isMultiplied = !isDeep || (functional === undefined && unknowns.every((y) => y.role !== "adjoint"));
  const along = new Map<Node, Node>(unknowns.map((y, k) => [y, tangents[k] as Input]));
  // A function's adjoint has a curvature of its own, so Newton's method may see where stopped copies go.
  const solved = functional === undefined || minimand !== undefined ? condition : withoutStops(g, condition);
  const product = isMultiplied ? solved.map((r) => forward(g, r, along)) : [];
  const pairings = condition.map((r, k) => pairing(g, tangents[k] as Input, r));
  const sum = add(
    g,
    pairings.map(() => 1),
    pairings,
  );
  const transposedProduct = minimand === undefined && isMultiplied ? gradient(g, sum, unknowns) : product;
  const curvature = isDeep ? [] : solved.map((r) => unknowns.map((y) => jacobian(g, r, y)));
  const clauses = conditions.map(({ clause }) => clause);
  const isSmooth = !isDeep && functional === undefined;
  const optima = minimand !== undefined || !isSmooth ? [] : conditions.flatMap(optimumOf);
  const alone = conditions.length === 1 ? conditions[0] : undefined;
  const head = alone?.head && minimand && headBlock(g, alone.clause, alone.head.weights, minimand);
  const responses = conditions
    .filter((own) => alone === undefined && hasFace(own))
    .map((own): Block => {
      const response = draftBlock(g, [own], deep);
      return { ...response, adjointRhs: own.unknowns.map((y) => constant(g, 0, y.shape)) };
    });
  return {
    clauses,
    unknowns,
    adjoints,
    tangents,
    minimand,
    optima,
    nonsmooth: alone?.nonsmooth,
    constrained: alone?.constrained,
    responses,
    condition,
    curvature,
    product,
    transposedProduct,
    ...(functional && { functional }),
    ...(head && { head }),
    ...(alone?.represented && { represented: alone.represented }),
  };
}

/** The last layer alone, given the others. */
function headBlock(g: Graph, clause: LowerClause, unknowns: readonly Input[], minimand: Node): Block {
  const head = draftBlock(g, [{ clause, unknowns, residual: gradient(g, minimand, unknowns), minimand }], new Set());
  return simplifyBlock(g, { ...head, adjointRhs: unknowns.map((y) => constant(g, 0, y.shape)) });
}

/** The nodes with copies that move with what they are copies of. */
function withoutStops(g: Graph, nodes: readonly Node[]): readonly Node[] {
  const copies = reachable(nodes).flatMap((node) => (node.kind === "map" && node.fn === "stop" ? [node] : []));
  return substitute(g, nodes, new Map<Node, Node>(copies.map((copy) => [copy, copy.operands[0] as Node])));
}

function simplifyBlock(g: Graph, block: Block): Block {
  const matrix = (rows: readonly (readonly Node[])[]): readonly (readonly Node[])[] =>
    rows.map((row) => simplify(g, row));
  return {
    ...block,
    minimand: block.minimand && simplify(g, [block.minimand])[0],
    responses: block.responses.map((response) => simplifyBlock(g, response)),
    curvature: matrix(block.curvature),
    product: simplify(g, block.product),
    transposedProduct: simplify(g, block.transposedProduct),
    adjointRhs: simplify(g, block.adjointRhs),
  };
}
