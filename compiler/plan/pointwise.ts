/** What structure says of the loss of a function in L2, in its values at the rows. */
import { termsOf } from "../derive/entrywise.ts";
import type { Functional } from "../derive/functional.ts";
import { add, type Graph } from "../ir/graph.ts";
import { dependsOn, type Node } from "../ir/node.ts";
import { withOperands } from "../ir/substitute.ts";
import { simplify } from "../simplify/simplify.ts";
import { type Curvature, convexityOf } from "./convexity.ts";
import { strongConvexity } from "./modulus.ts";
import { type CurvatureForm, curvatureForm } from "./structure.ts";

export interface PointwiseFacts {
  readonly functional: Functional;
  /** Of ∂²ℓ/∂v²: a block a row. */
  readonly form: CurvatureForm;
  /** No row's loss reads another row's value. */
  readonly isRowwise: boolean;
  /** The curvature does not change with the value. */
  readonly isQuadratic: boolean;
  readonly convexity: Exclude<Curvature, "constant">;
  /** A lower bound on the curvature, of the values' shape, where the loss shows one. */
  readonly modulus?: Node;
}

export function pointwiseFacts(g: Graph, functional: Functional): PointwiseFacts {
  const { fn, value, curvature } = functional;
  const own = new Set<Node>([value.input]);
  const loss = termByTerm(g, functional.loss);
  const shapes = convexityOf([loss], own);
  const { curvature: found = "unknown" } = shapes.get(loss) ?? {};
  const form = curvatureForm(g, curvature, value.input);
  const rowAxes = value.input.shape.length - fn.rank;
  const [modulus] = strongConvexity(g, loss, [value.input], shapes) ?? [];
  return {
    functional,
    form,
    isRowwise: Array.from({ length: rowAxes }, (_, axis) => axis).every((axis) => form.separate.includes(axis)),
    isQuadratic: !dependsOn(curvature, own),
    convexity: found === "constant" ? "affine" : found,
    ...(modulus && { modulus }),
  };
}

/** Σ (a + b) as Σ a + Σ b, so that each term of a loss is seen by itself. */
function termByTerm(g: Graph, loss: Node): Node {
  const terms = termsOf(loss).flatMap(({ coefficient, node }) => {
    const k = node.kind === "einsum" ? node.operands.findIndex(({ kind }) => kind === "add") : -1;
    const inner = node.kind === "einsum" ? node.operands[k] : undefined;
    if (
      node.kind !== "einsum" ||
      inner?.kind !== "add" ||
      node.operands.indexOf(inner) !== node.operands.lastIndexOf(inner)
    )
      return [{ coefficient, node }];
    return inner.operands.map((operand, i) => ({
      coefficient: coefficient * (inner.coefficients[i] as number),
      node: withOperands(g, node, node.operands.with(k, operand)),
    }));
  });
  return simplify(g, [
    add(
      g,
      terms.map(({ coefficient }) => coefficient),
      terms.map(({ node }) => node),
    ),
  ])[0] as Node;
}
