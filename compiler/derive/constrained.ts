/**
 * Constrained lower levels through their optimality conditions. With ℒ = g + ⟨ν, h⟩ + ⟨μ, c⟩ for h(w, y) = 0 and c(w, y) ≤ 0, and the mask
 * a that is 1 on the active inequalities and held constant in every derivative (Amos and Kolter 2017),
 *
 *     ∇_y ℒ = 0,   h = 0,   a ∘ c − (1 − a) ∘ μ = 0.
 *
 * The active set is found by an interior-point method on the same conditions with slacks s and a barrier τ:
 *
 *     ∇_y ℒ = 0,   h = 0,   c + s = 0,   μ ∘ s = τ,   μ, s > 0.
 */
import { add, broadcastLeading, constant, einsum, type Graph, input, multiply, scale } from "../ir/graph.ts";
import type { Input, Node } from "../ir/node.ts";
import type { Constraint, LowerSet } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient, jacobian } from "./differentiate.ts";
import type { Epigraph } from "./epigraph.ts";
import { pairing } from "./pairing.ts";

export interface Constrained {
  /** What is minimised: smooth. */
  readonly minimand: Node;
  /** Unknowns that stand for kinks. */
  readonly epigraphs: readonly Epigraph[];
  /** h, each with its multiplier. */
  readonly equalities: readonly Node[];
  /** c, each with its multiplier, mask and slack of its shape. */
  readonly inequalities: readonly Node[];
  readonly active: readonly Input[];
  readonly slacks: readonly Input[];
  /** τ */
  readonly barrier: Input;
  /** The interior conditions in (y, ν, μ, s). */
  readonly interior: readonly Node[];
  /** Of ∇ℒ, h and c, each by each unknown that is no multiplier. */
  readonly derivatives: Readonly<Record<"stationarity" | "equalities" | "inequalities", readonly (readonly Node[])[]>>;
}

export interface Bound {
  /** The declared unknowns, then those that stand for kinks, then ν, then μ. */
  readonly unknowns: readonly Input[];
  readonly residual: readonly Node[];
  readonly constrained: Constrained;
}

export function deriveConstrained(
  g: Graph,
  minimand: Node,
  unknowns: readonly Input[],
  subject: readonly Constraint[],
  sets: ReadonlyMap<string, LowerSet>,
  epigraphs: readonly Epigraph[] = [],
): Bound {
  const all = [...subject, ...unknowns.flatMap((y) => constraintsOf(g, y, sets.get(y.name)))];
  const name = unknowns.map((y) => y.name).join(", ");
  const equalities = simplify(
    g,
    all.flatMap(({ relation, value }) => (relation === "==" ? [value] : [])),
  );
  const inequalities = simplify(
    g,
    all.flatMap(({ relation, value }) => (relation === "<=" ? [value] : [])),
  );
  const inputs = (what: string, role: "multiplier" | "step", of: readonly Node[]): readonly Input[] =>
    of.map((node, k) => input(g, `${what} ${k + 1} of ${name}`, role, node.shape));
  const equalityMultipliers = inputs("multiplier of equality", "multiplier", equalities);
  const multipliers = inputs("multiplier of inequality", "multiplier", inequalities);
  const active = inputs("active inequality", "step", inequalities);
  const slacks = inputs("slack of inequality", "step", inequalities);
  const barrier = input(g, `barrier of ${name}`, "step", []);

  const pairings = [
    ...equalities.map((h, k) => pairing(g, equalityMultipliers[k] as Input, h)),
    ...inequalities.map((c, k) => pairing(g, multipliers[k] as Input, c)),
  ];
  const lagrangian = add(g, [1, ...pairings.map(() => 1)], [minimand, ...pairings]);
  const primal = [...unknowns, ...epigraphs.map(({ bound }) => bound)];
  const stationarity = gradient(g, lagrangian, primal);
  const onFace = inequalities.map((c, k) => {
    const [a, mu] = [active[k] as Input, multipliers[k] as Input];
    const inactive = add(g, [1, -1], [constant(g, 1, c.shape), a]);
    return add(g, [1, -1], [multiply(g, a, c), multiply(g, inactive, mu)]);
  });
  const slackened = inequalities.map((c, k) => add(g, [1, 1], [c, slacks[k] as Input]));
  const complementarity = inequalities.map((c, k) =>
    add(g, [1, -1], [multiply(g, multipliers[k] as Input, slacks[k] as Input), broadcastLeading(g, barrier, c.shape)]),
  );
  const interior = simplify(g, [...stationarity, ...equalities, ...slackened, ...complementarity]);
  const own = [...primal, ...equalityMultipliers, ...multipliers];
  const derivatives = (of: readonly Node[]): readonly (readonly Node[])[] =>
    of.map((node) =>
      simplify(
        g,
        primal.map((x) => jacobian(g, node, x)),
      ),
    );
  return {
    unknowns: own,
    residual: [...stationarity, ...equalities, ...onFace],
    constrained: {
      minimand,
      epigraphs,
      equalities,
      inequalities,
      active,
      slacks,
      barrier,
      interior,
      derivatives: {
        stationarity: derivatives(stationarity),
        equalities: derivatives(equalities),
        inequalities: derivatives(inequalities),
      },
    },
  };
}

/** A set as constraints, for where it stands beside others. */
export function constraintsOf(g: Graph, y: Input, set: LowerSet | undefined): readonly Constraint[] {
  if (set === undefined) return [];
  const axes = y.shape.map((_, i) => i);
  const summed = (node: Node): Node => einsum(g, [node], [axes], axes.slice(0, -1));
  switch (set.kind) {
    case "box":
      return [
        ...(set.low === undefined ? [] : [{ relation: "<=" as const, value: add(g, [1, -1], [set.low, y]) }]),
        ...(set.high === undefined ? [] : [{ relation: "<=" as const, value: add(g, [1, -1], [y, set.high]) }]),
      ];
    case "simplex":
      return [
        { relation: "<=", value: scale(g, -1, y) },
        { relation: "==", value: add(g, [1, -1], [summed(y), constant(g, 1, y.shape.slice(0, -1))]) },
      ];
    case "ball": {
      const excess = add(g, [1, -1], [summed(multiply(g, y, y)), multiply(g, set.radius, set.radius)]);
      return [{ relation: "<=", value: excess }];
    }
    case "psd":
      throw new Error("psd beside constraints is refused before");
  }
}
