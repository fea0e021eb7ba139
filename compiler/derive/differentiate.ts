/**
 * Derivatives of tensor expressions, built from the two directions: `reverse` sends cotangents back, `forward` sends tangents on. Both
 * are exact, symbolic and take the expression as it is. What stands here differentiates the simplified expression: rewriting
 * log(1 + eˣ) as softplus makes its derivatives stable too, while the derivative of what overflows overflows.
 */
import { constant, type Graph, permute } from "../ir/graph.ts";
import { type Node, reachable } from "../ir/node.ts";
import { simplify } from "../simplify/simplify.ts";
import { forward, forwardAll } from "./forward.ts";
import { identity, range } from "./pieces.ts";
import { reverse } from "./reverse.ts";

export { forward, forwardAll, reverse };

const simplified = (g: Graph, node: Node): Node => simplify(g, [node])[0] as Node;

/** ∂f/∂x for a scalar f and inputs x, each in x's shape; not simplified itself. */
export function gradient(g: Graph, f: Node, wrt: readonly Node[]): readonly Node[] {
  if (f.shape.length !== 0) throw new Error("gradient of a node that is not a scalar");
  return reverse(g, simplified(g, f), constant(g, 1), wrt);
}

/**
 * ∂y/∂x for an input x, [...y.shape, ...x.shape], simplified. Both directions give the same tensor; the one of fewer nodes is kept, the
 * reverse one where they tie.
 */
export function jacobian(g: Graph, y: Node, x: Node): Node {
  const stable = simplified(g, y);
  const rank = x.shape.length;
  const back = reverse(g, stable, identity(g, y.shape), [x])[0] as Node;
  const on = forward(g, stable, new Map([[x, identity(g, x.shape)]]));
  const order = [...range(rank, y.shape.length), ...range(0, rank)];
  const [backward, onward] = simplify(g, [back, permute(g, on, order)]) as [Node, Node];
  return reachable([onward]).length < reachable([backward]).length ? onward : backward;
}

/**
 * Σ_l ∂²f/∂y_k∂y_l v_l for every k, [...e, ...y_k.shape]; the y are inputs, each v_l is [...e, ...y_l.shape]. Forward over reverse: no
 * Hessian is formed.
 */
export function hessianVectorProduct(g: Graph, f: Node, y: readonly Node[], v: readonly Node[]): readonly Node[] {
  return forwardAll(g, simplify(g, gradient(g, f, y)), new Map(y.map((x, k) => [x, v[k] as Node])));
}
