/**
 * Minimisers in an RKHS. With values v = K α at the centres and ν = ‖h‖² = ⟨α, K α⟩, what is minimised is some G(v, ν), whose gradient
 * in the RKHS is Σ_i k(c_i, ·) (∂G/∂v_i + 2 ∂G/∂ν α_i). It is zero where
 *
 *     R(α) = ∂G/∂v (K α) + 2 ∂G/∂ν α = 0.
 *
 * This is ∂G/∂α without its factor K, so that nothing is ever as badly conditioned as the kernel matrix: ∂R/∂α = D K + ρ I with
 * D = ∂²G/∂v² and ρ = 2 ∂G/∂ν, whose eigenvalues are at least ρ where G is convex in v. The same equation is the condition in the
 * RKHS read off at the centres, which is why the derivative through the coefficients and the derivative in the RKHS agree.
 */
import { add, cholesky, constant, delta, einsum, type Graph, map, multiply, scale, sizeNode } from "../ir/graph.ts";
import { dependsOn, type Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { substitute } from "../ir/substitute.ts";
import type { LowerClause, Representer } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient, jacobian } from "./differentiate.ts";
import { scaleEntries } from "./pieces.ts";
import { type AdjointFunction, adjointFunction } from "./rkhs-adjoint.ts";

type Optimize = Extract<LowerClause, { readonly kind: "optimize" }>;

/** What a clause asks of functions in an RKHS. */
export interface Represented {
  readonly representers: readonly Representer[];
  /** G, in the values at the centres and the squared norms. */
  readonly loss: Node;
  /** 2 ∂G/∂ν, one a function; none of them may be below 0, and where it is 0 nothing determines the function. */
  readonly penalties: readonly Node[];
  /** D = ∂²G/∂v² of a single function, in the values that stand for Kα; absent where G is more than a loss of v plus multiples of ν. */
  readonly curvature?: Node;
  /**
   * ρ I + Lᵀ D L with K + ε I = L Lᵀ, the curvature in coordinates that an orthonormal basis of the span gives: positive definite where
   * the solution is a minimum. For a single function of scalar values.
   */
  readonly certificate?: Node;
  /** The derivative in the RKHS itself, where the functions are all that the clause minimises over; or why there is none. */
  readonly inFunctions: AdjointFunction | string;
}

/** R for the functions, the plain gradient for the clause's other unknowns. */
export function representedCondition(
  g: Graph,
  clause: Optimize,
  representers: readonly Representer[],
): { readonly residual: readonly Node[]; readonly represented: Represented } {
  const stands = representers.flatMap(({ values, norm }) => [values, norm]);
  const [loss] = substitute(g, [clause.minimand], new Map<Node, Node>(stands.map((own) => [own.node, own.input]))) as [
    Node,
  ];
  const back = new Map<Node, Node>(stands.map((own) => [own.input, own.node]));
  const slopes = gradient(
    g,
    loss,
    representers.map(({ values }) => values.input),
  );
  const halves = gradient(
    g,
    loss,
    representers.map(({ norm }) => norm.input),
  );
  const residual = clause.unknowns.map((unknown) => {
    const k = representers.findIndex(({ coefficients }) => coefficients === unknown);
    if (k < 0) return gradient(g, loss, [unknown])[0] as Node;
    return add(g, [1, 2], [slopes[k] as Node, scaleEntries(g, unknown, halves[k] as Node)]);
  });
  const penalties = halves.map((half) => scale(g, 2, half));
  const certificate = certificateOf(g, clause, representers, slopes, penalties);
  const isAdditive = isLossPlusNorms(representers, slopes, penalties);
  const [only] = clause.unknowns.length === 1 ? representers : [];
  return {
    residual: substitute(g, residual, back),
    represented: {
      representers,
      loss: simplify(g, [loss])[0] as Node,
      penalties: simplify(g, penalties),
      inFunctions:
        representers.length !== clause.unknowns.length
          ? "the clause has unknowns that are no functions in an RKHS"
          : isAdditive
            ? adjointFunction(g, representers, slopes, penalties)
            : "the objective is not a loss of the values plus multiples of squared norms",
      ...(only && isAdditive && { curvature: simplify(g, [jacobian(g, slopes[0] as Node, only.values.input)])[0] }),
      ...(certificate && { certificate: simplify(g, substitute(g, [certificate], back))[0] as Node }),
    },
  };
}

/** Whether G(v, ν) is a loss of v plus multiples of ν. */
function isLossPlusNorms(
  representers: readonly Representer[],
  slopes: readonly Node[],
  penalties: readonly Node[],
): boolean {
  const norms = new Set<Node>(representers.map(({ norm }) => norm.input));
  const values = new Set<Node>(representers.map((own) => own.values.input));
  return (
    slopes.every((slope) => !dependsOn(slope, norms)) &&
    penalties.every((penalty) => !dependsOn(penalty, norms) && !dependsOn(penalty, values))
  );
}

/** ε over the kernel's mean diagonal: what keeps the factor of a kernel matrix that is singular to rounding. */
const jitter = 1e-10;

function certificateOf(
  g: Graph,
  { unknowns }: Optimize,
  representers: readonly Representer[],
  slopes: readonly Node[],
  penalties: readonly Node[],
): Node | undefined {
  const [only] = representers;
  if (unknowns.length !== 1 || only === undefined || only.coefficients.shape.length !== 1) return undefined;
  const count = only.coefficients.shape[0] as Size;
  const [unit, perCentre] = [delta(g, count), map(g, "power", sizeNode(g, count), constant(g, -1))];
  const epsilon = scale(g, jitter, multiply(g, perCentre, einsum(g, [only.gram], [[0, 0]], [])));
  const factor = cholesky(g, add(g, [1, 1], [only.gram, scaleEntries(g, unit, epsilon)]));
  const curvature = jacobian(g, slopes[0] as Node, only.values.input);
  const inner = einsum(
    g,
    [factor, curvature, factor],
    [
      [0, 2],
      [0, 1],
      [1, 3],
    ],
    [2, 3],
  );
  return add(g, [1, 1], [inner, scaleEntries(g, unit, penalties[0] as Node)]);
}
