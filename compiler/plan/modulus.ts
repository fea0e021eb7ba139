/**
 * A modulus of strong convexity where the objective shows one: terms c · Σ weight · (s·y + constant)² that reach every entry of
 * an unknown y. The Hessian is then at least 2 c s² min(weight) on that unknown, whatever the other (convex) terms do.
 */
import { entrywiseAffine, termsOf, weightAlong } from "../derive/entrywise.ts";
import { add, type Graph, scale } from "../ir/graph.ts";
import type { Einsum, Input, Node } from "../ir/node.ts";
import { simplify } from "../simplify/simplify.ts";
import type { Shape } from "./convexity.ts";

/** The weight (of y's shape, or a scalar spread over it) of y² in an einsum Σ weight · x · x with x = s·y + constant. */
function squareWeight(g: Graph, node: Einsum, y: Input, shapes: ReadonlyMap<Node, Shape>): Node | undefined {
  if (node.output.length > 0) return undefined;
  const varying = node.operands
    .map((_, k) => k)
    .filter((k) => shapes.get(node.operands[k] as Node)?.curvature !== "constant");
  const [p, q] = varying;
  if (varying.length !== 2 || p === undefined || q === undefined || node.operands[p] !== node.operands[q])
    return undefined;
  const labels = node.labels[p] as readonly number[];
  if (labels.join() !== node.labels[q]?.join() || new Set(labels).size !== labels.length) return undefined;
  const unknowns = new Set<Node>(
    [...shapes].flatMap(([n, shape]) => (n.kind === "input" && shape.curvature === "affine" ? [n] : [])),
  );
  const affine = entrywiseAffine(g, node.operands[p] as Node, y, unknowns);
  const rest = node.operands.filter((_, k) => !varying.includes(k));
  if (affine === undefined || !rest.every((operand) => isPositive(shapes.get(operand)))) return undefined;
  return scale(g, 2 * affine.slope * affine.slope, weightAlong(g, node, varying));
}

const isPositive = (shape: Shape | undefined): boolean => shape?.sign === "positive";

/**
 * For each unknown a lower bound on the diagonal curvature of its own quadratic terms, of its shape and positive everywhere;
 * `undefined` unless every unknown has one and every other term is convex.
 */
export function strongConvexity(
  g: Graph,
  minimand: Node,
  unknowns: readonly Input[],
  shapes: ReadonlyMap<Node, Shape>,
): readonly Node[] | undefined {
  const bounds = new Map<Input, Node>();
  for (const { coefficient, node: term } of termsOf(minimand)) {
    const shape = shapes.get(term) as Shape;
    for (const y of unknowns) {
      const weight = term.kind === "einsum" && coefficient > 0 ? squareWeight(g, term, y, shapes) : undefined;
      if (weight === undefined) continue;
      const own = scale(g, coefficient, weight);
      const known = bounds.get(y);
      bounds.set(y, known === undefined ? own : add(g, [1, 1], [known, own]));
    }
    const convexTerm =
      shape.curvature === "constant" ||
      shape.curvature === "affine" ||
      shape.curvature === (coefficient >= 0 ? "convex" : "concave");
    if (!convexTerm) return undefined;
  }
  const found = unknowns.map((y) => bounds.get(y));
  return found.every((node) => node !== undefined) ? simplify(g, found) : undefined;
}
