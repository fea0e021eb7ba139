/**
 * Generalised linear models: objectives that read the unknown through linear predictors η = X θ and are separable over the rows of η.
 * Their Hessian is Xᵀ D X + R with D (block-)diagonal by rows.
 */
import { gradient, jacobian } from "../derive/differentiate.ts";
import { type Graph, input } from "../ir/graph.ts";
import { type Einsum, type Input, type Node, operandsOf, reachable } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import { simplify } from "../simplify/simplify.ts";
import { curvatureForm } from "./structure.ts";

/** An einsum that contracts the unknown with something free of it. */
function isPredictor(node: Node, unknown: Input, dependent: ReadonlySet<Node>): node is Einsum {
  if (node.kind !== "einsum") return false;
  const varying = node.operands.filter((operand) => dependent.has(operand));
  if (varying.length !== 1 || varying[0] !== unknown || node.operands.length < 2) return false;
  const own = node.labels[node.operands.indexOf(unknown)] as readonly number[];
  return own.some((label) => !node.output.includes(label)) && node.output.some((label) => !own.includes(label));
}

/** The linear predictors of a generalised linear model, or none where the objective is not one. */
export function linearPredictors(g: Graph, minimand: Node, unknown: Input): readonly Node[] {
  const dependent = new Set<Node>();
  const predictors: Einsum[] = [];
  for (const node of reachable([minimand])) {
    if (node !== unknown && !operandsOf(node).some((operand) => dependent.has(operand))) continue;
    dependent.add(node);
    if (isPredictor(node, unknown, dependent)) predictors.push(node);
  }
  const separable = predictors.every((predictor) => {
    const score = input(g, `linear predictor ${predictor.id}`, "tangent", predictor.shape);
    const [asScore] = substitute(g, [minimand], new Map([[predictor, score]]));
    const [slope] = gradient(g, asScore as Node, [score]);
    const [curvature] = simplify(g, [jacobian(g, slope as Node, score)]);
    return curvatureForm(g, curvature as Node, score).separate.length > 0;
  });
  return separable ? predictors : [];
}
