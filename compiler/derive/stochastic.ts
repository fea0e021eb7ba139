/**
 * What methods that move all levels at once step along, estimated from drawn rows. With g_j what clause j minimises, R_j = ∂g_j/∂y_j and
 * adjoints v,
 *
 *     D_y = R,   D_v = ∂/∂y (⟨v, R⟩ − f),   D_w = ∂/∂w (f − ⟨v, R⟩).
 *
 * At a fixed w, D_y = 0 is the lower level, D_v = 0 its adjoint system, and D_w is then the hypergradient (Dagréou, Ablin, Vaiter and
 * Moreau 2022). The upper objective and each clause draw rows of their own, and all derivatives of a clause share its rows, so that each
 * direction is an unbiased estimate of the one over all rows.
 */
import { add, input } from "../ir/graph.ts";
import { declaredName, type Input, type Node } from "../ir/node.ts";
import type { SizeBindings } from "../ir/size.ts";
import { substitute } from "../ir/substitute.ts";
import { clausesOf, type Problem } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient } from "./differentiate.ts";
import { pairing } from "./pairing.ts";
import { type RowSample, sampledObjective } from "./sample.ts";

/** All arrays are in the order of their inputs, of their shapes. */
export interface Directions {
  readonly variables: readonly Input[];
  readonly unknowns: readonly Input[];
  readonly adjoints: readonly Input[];
  /** Of the upper objective, and of all clauses. */
  readonly samples: { readonly upper: readonly RowSample[]; readonly lower: readonly RowSample[] };
  /** f, and Σ_j g_j. */
  readonly value: Node;
  readonly minimand: Node;
  /** D_y, and Σ_j ∂g_j/∂w. */
  readonly slope: readonly Node[];
  readonly partial: readonly Node[];
  /** ∂/∂y ⟨v, R⟩, ∂/∂w ⟨v, R⟩ */
  readonly curved: readonly Node[];
  readonly cross: readonly Node[];
  /** ∂f/∂y, ∂f/∂w */
  readonly pull: readonly Node[];
  readonly direct: readonly Node[];
  /** D_v, D_w */
  readonly adjoint: readonly Node[];
  readonly upper: readonly Node[];
  /** Nodes written in y, in v instead. */
  readonly inAdjoints: (nodes: readonly Node[]) => readonly Node[];
}

/** Of smooth minimisations, chained or side by side (plan/stochastic.ts). An infinite batch is all rows. Throws refusals. */
export function deriveDirections(problem: Problem, sizes: SizeBindings, batch: number): Directions {
  const { graph: g, upper } = problem;
  if (upper === undefined) throw new Error("no upper level to step on");
  const draw = (root: Node, name: string, span: (typeof upper)["span"]) =>
    sampledObjective(g, root, name, sizes, batch, span, problem.endless);
  const above = draw(upper.objective, "the upper objective", upper.span);
  const clauses = clausesOf(problem.level).map((clause) => {
    if (clause.kind !== "optimize") throw new Error("equations have no rows to draw");
    const names = [...new Set(clause.unknowns.map(declaredName))].join(", ");
    return { clause, ...draw(clause.minimand, names, clause.span) };
  });
  const { variables } = upper;
  const unknowns = clauses.flatMap(({ clause }) => clause.unknowns);
  const adjoints = unknowns.map((y) => input(g, `adjoint of ${y.name}`, "adjoint", y.shape));
  const slope = simplify(
    g,
    clauses.flatMap(({ clause, objective }) => gradient(g, objective, clause.unknowns)),
  );
  const value = above.objective;
  const sum = (signs: readonly number[], nodes: readonly Node[]): Node => add(g, signs, nodes);
  const pairings = slope.map((condition, k) => pairing(g, adjoints[k] as Input, condition));
  const paired = sum(
    pairings.map(() => 1),
    pairings,
  );
  const lagrangian = sum([1, ...pairings.map(() => -1)], [value, ...pairings]);
  const by = (node: Node, wrt: readonly Input[]): readonly Node[] => simplify(g, gradient(g, node, wrt));
  const pull = by(value, unknowns);
  const curved = by(paired, unknowns);
  const swap = new Map<Node, Node>(unknowns.map((y, k) => [y, adjoints[k] as Input]));
  const minimand = sum(
    clauses.map(() => 1),
    clauses.map(({ objective }) => objective),
  );
  return {
    variables,
    unknowns,
    adjoints,
    samples: { upper: above.samples, lower: clauses.flatMap(({ samples }) => samples) },
    value,
    minimand,
    slope,
    partial: by(minimand, variables),
    curved,
    cross: by(paired, variables),
    pull,
    direct: by(value, variables),
    adjoint: simplify(
      g,
      curved.map((node, k) => sum([1, -1], [node, pull[k] as Node])),
    ),
    upper: by(lagrangian, variables),
    inAdjoints: (nodes) => substitute(g, nodes, swap),
  };
}
