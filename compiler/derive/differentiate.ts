/**
 * Derivatives of tensor expressions, built from the two directions: `reverse` sends cotangents back, `forward` sends tangents on. Both
 * are exact and symbolic, results are not simplified unless it says so.
 */
import { constant, type Graph, permute } from "../ir/graph.ts";
import { type Node, reachable } from "../ir/node.ts";
import { simplify } from "../simplify/simplify.ts";
import { forward, forwardAll } from "./forward.ts";
import { identity, range } from "./pieces.ts";
import { reverse } from "./reverse.ts";

export { forward, forwardAll, reverse };

/** ∂f/∂x for a scalar f, each in x's shape. */
export function gradient(g: Graph, f: Node, wrt: readonly Node[]): readonly Node[] {
  if (f.shape.length !== 0) throw new Error("gradient of a node that is not a scalar");
  return reverse(g, f, constant(g, 1), wrt);
}

/**
 * ∂y/∂x, [...y.shape, ...x.shape], simplified. Both directions give the same tensor; the one of fewer nodes is kept, the reverse one
 * where they tie.
 */
export function jacobian(g: Graph, y: Node, x: Node): Node {
  const rank = x.shape.length;
  const back = reverse(g, y, identity(g, y.shape), [x])[0] as Node;
  const on = forward(g, y, new Map([[x, identity(g, x.shape)]]));
  const order = [...range(rank, y.shape.length), ...range(0, rank)];
  const [backward, onward] = simplify(g, [back, permute(g, on, order)]) as [Node, Node];
  return reachable([onward]).length < reachable([backward]).length ? onward : backward;
}

/**
 * Σ_l ∂²f/∂y_k∂y_l v_l for every k, [...e, ...y_k.shape]; each v_l is [...e, ...y_l.shape]. Forward over reverse: no Hessian is formed.
 */
export function hessianVectorProduct(g: Graph, f: Node, y: readonly Node[], v: readonly Node[]): readonly Node[] {
  return forwardAll(g, gradient(g, f, y), new Map(y.map((x, k) => [x, v[k] as Node])));
}
