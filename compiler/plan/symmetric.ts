/**
 * The system of a function in an RKHS in its symmetric form. Where the loss is convex in each value alone, D = ∂²G/∂v² is diagonal and not
 * negative, and J = D K + ρ I is solved with by way of a positive definite matrix (Rasmussen and Williams 2006, section 3.4):
 *
 *     B = ρ I + √D K √D,    J⁻¹ = (I − √D B⁻¹ √D K)/ρ,
 *
 * whose condition number is at most 1 + max D · ‖K‖/ρ, however nearly singular K is.
 */
import type { Represented } from "../derive/representer.ts";
import { add, constant, delta, einsum, type Graph, map, reshape } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { oneSize, type Size } from "../ir/size.ts";
import { substitute } from "../ir/substitute.ts";
import type { Representer } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { curvatureForm } from "./structure.ts";

export interface SymmetricForm {
  readonly representer: Representer;
  /** √D, one number a point. */
  readonly root: Node;
  /** ρ */
  readonly penalty: Node;
  /** B, [1, n, n] */
  readonly matrix: Node;
}

/** `undefined` where there are several functions, or where D couples values or differs between the components of one. */
export function symmetricForm(g: Graph, represented: Represented): SymmetricForm | undefined {
  const { representers, curvature, penalties } = represented;
  const [representer] = representers;
  if (representer === undefined || curvature === undefined) return undefined;
  const { values, norm, gram } = representer;
  const form = curvatureForm(g, curvature, values.input);
  const rank = values.input.shape.length;
  if (form.separate.length < rank || (!form.shared && rank > 1)) return undefined;
  const points = values.input.shape[0] as Size;
  const weights = form.shared
    ? einsum(g, [reshape(g, form.matrix, [])], [[]], [0], new Map([[0, points]]))
    : reshape(g, form.matrix, [points]);
  // Rounding may leave a curvature of 0 just below it.
  const root = map(g, "sqrt", map(g, "maximum", weights, constant(g, 0, [points])));
  const penalty = penalties[0] as Node;
  const entries: readonly (readonly number[])[] = [[0], [0, 1], [1]];
  const matrix = add(
    g,
    [1, 1],
    [einsum(g, [root, gram, root], entries, [0, 1]), einsum(g, [delta(g, points), penalty], [[0, 1], []], [0, 1])],
  );
  const back = new Map<Node, Node>([values, norm].map((own) => [own.input, own.node]));
  const nodes = substitute(g, [root, penalty, reshape(g, matrix, [oneSize, points, points])], back);
  const [simpleRoot, simplePenalty, simpleMatrix] = simplify(g, nodes) as readonly [Node, Node, Node];
  return { representer, root: simpleRoot, penalty: simplePenalty, matrix: simpleMatrix };
}
