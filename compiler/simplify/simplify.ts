/**
 * Simplification: every node bottom-up, its kind's rules applied until none changes it. Rules look at a node and below, never at its
 * readers, so the result does not depend on what else is simplified and simplifying twice changes nothing.
 */
import type { Graph } from "../ir/graph.ts";
import { type Node, type NodeKind, operandsOf, reachable } from "../ir/node.ts";
import { withOperands } from "../ir/substitute.ts";
import { simplifyEinsum } from "./einsum.ts";
import { simplifyMap } from "./elementwise.ts";
import {
  simplifyGather,
  simplifyLogdet,
  simplifyReduce,
  simplifyReshape,
  simplifyScatter,
  simplifySolve,
} from "./structured.ts";
import { simplifyAdd } from "./terms.ts";

/** An equal node, or `undefined` where no rule applies. The operands are simplified already. */
export type Rule<K extends NodeKind> = (g: Graph, node: Extract<Node, { kind: K }>) => Node | undefined;

const keep = (): undefined => undefined;

const rules: { readonly [K in NodeKind]: Rule<K> } = {
  input: keep,
  constant: keep,
  literal: keep,
  size: keep,
  iota: keep,
  delta: keep,
  einsum: simplifyEinsum,
  add: simplifyAdd,
  map: simplifyMap,
  reduce: simplifyReduce,
  gather: simplifyGather,
  scatter: simplifyScatter,
  reshape: simplifyReshape,
  solve: simplifySolve,
  logdet: simplifyLogdet,
  cholesky: keep,
};

/** What is simplified already, a graph: rules are functions of the node alone, so an answer stays right. */
const memos = new WeakMap<Graph, Map<Node, Node>>();

/** Equal roots on the originals' domain, smaller and numerically stable; shapes and order are kept. */
export function simplify(g: Graph, roots: readonly Node[]): readonly Node[] {
  const done = memos.get(g) ?? new Map<Node, Node>();
  memos.set(g, done);
  const visit = (node: Node): Node => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const operands = operandsOf(node);
    const simplified = operands.map(visit);
    const rebuilt = simplified.every((operand, k) => operand === operands[k])
      ? node
      : withOperands(g, node, simplified);
    const next = (rules[rebuilt.kind] as Rule<NodeKind>)(g, rebuilt) ?? rebuilt;
    const result = next === node ? node : visit(next);
    done.set(node, result);
    return result;
  };
  // Operands first, so that recursion is only as deep as one node's rewriting.
  for (const node of reachable(roots)) visit(node);
  return roots.map(visit);
}
