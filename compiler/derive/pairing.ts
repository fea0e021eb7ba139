/** ⟨a, b⟩: how a condition and what multiplies it become a scalar. */
import { type Graph, multiply, sumAll } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";

export function pairing(g: Graph, a: Node, b: Node): Node {
  return sumAll(g, multiply(g, a, b));
}
