/** Putting other nodes in place of some: the one place that takes a node apart and builds it again. */

import type { Graph } from "./graph.ts";
import * as build from "./graph.ts";
import { type Node, operandsOf, reachable } from "./node.ts";
import type { Size } from "./size.ts";

/** The node with other operands, in the order of `operandsOf`; shapes follow the operands. */
export function withOperands(g: Graph, node: Node, operands: readonly Node[]): Node {
  const [a, b] = operands as readonly [Node, Node];
  switch (node.kind) {
    case "input":
    case "constant":
    case "literal":
    case "size":
    case "iota":
    case "delta":
      return node;
    case "einsum":
      return build.einsum(
        g,
        operands,
        node.labels,
        node.output,
        new Map(node.sizes.map((size, label) => [label, size])),
      );
    case "add":
      return build.add(g, node.coefficients, operands);
    case "map":
      return build.map(g, node.fn, ...operands);
    case "reduce":
      return build.reduce(g, node.fn, a, node.axis);
    case "gather":
      return build.gather(g, a, b, node.axis);
    case "scatter":
      return build.scatter(g, a, b, node.axis, node.shape[node.axis] as Size);
    case "reshape":
      return build.reshape(g, a, node.shape);
    case "solve":
      return build.solve(g, a, b);
    case "logdet":
      return build.logdet(g, a);
    case "cholesky":
      return build.cholesky(g, a);
    default:
      return node satisfies never;
  }
}

/** The roots with some nodes replaced, everywhere and at once; a replacement must fit the shape of what it replaces. */
export function substitute(g: Graph, roots: readonly Node[], replacements: ReadonlyMap<Node, Node>): readonly Node[] {
  const done = new Map<Node, Node>(replacements);
  for (const node of reachable(roots)) {
    if (done.has(node)) continue;
    const operands = operandsOf(node);
    const replaced = operands.map((operand) => done.get(operand) as Node);
    done.set(node, replaced.every((operand, k) => operand === operands[k]) ? node : withOperands(g, node, replaced));
  }
  return roots.map((root) => done.get(root) as Node);
}
