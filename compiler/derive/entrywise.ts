/** Terms of an objective that act on each entry of an unknown by itself: what they weigh, and what they do to the entry. */
import { add, constant, einsum, type Graph } from "../ir/graph.ts";
import { dependsOn, type Einsum, type Input, type Node } from "../ir/node.ts";

export interface Term {
  readonly coefficient: number;
  readonly node: Node;
}

/** The terms a sum is made of; a node that is no sum is its only term. */
export function termsOf(node: Node): readonly Term[] {
  if (node.kind !== "add") return [{ coefficient: 1, node }];
  return node.operands.map((operand, k) => ({ coefficient: node.coefficients[k] as number, node: operand }));
}

/** A node as an einsum over its own axes, whatever it is. */
export function asEinsum(node: Node): Pick<Einsum, "operands" | "labels" | "output" | "sizes"> {
  if (node.kind === "einsum") return node;
  const axes = node.shape.map((_, i) => i);
  return { operands: [node], labels: [axes], output: axes, sizes: node.shape };
}

/** slope · y + offset, entry by entry, with an offset that is free of all unknowns. */
export interface Affine {
  readonly slope: number;
  readonly offset: Node;
}

export function entrywiseAffine(g: Graph, node: Node, y: Input, unknowns: ReadonlySet<Node>): Affine | undefined {
  let slope = 0;
  const rest: Term[] = [];
  for (const term of termsOf(node)) {
    if (term.node === y) slope += term.coefficient;
    else if (dependsOn(term.node, unknowns)) return undefined;
    else rest.push(term);
  }
  if (slope === 0) return undefined;
  const offset =
    rest.length === 0
      ? constant(g, 0, y.shape)
      : add(
          g,
          rest.map((term) => term.coefficient),
          rest.map((term) => term.node),
        );
  return { slope, offset };
}

/**
 * The product of an einsum's other operands, spread over the labels of the operands `taken`: the weight that each entry of those has
 * in the sum. The einsum sums everything out.
 */
export function weightAlong(
  g: Graph,
  term: Pick<Einsum, "operands" | "labels" | "sizes">,
  taken: readonly number[],
): Node {
  const first = taken[0] as number;
  const labels = term.labels[first] as readonly number[];
  const rest = term.operands.map((_, k) => k).filter((k) => !taken.includes(k));
  if (rest.length === 0) return constant(g, 1, (term.operands[first] as Node).shape);
  return einsum(
    g,
    rest.map((k) => term.operands[k] as Node),
    rest.map((k) => term.labels[k] as readonly number[]),
    labels,
    new Map(term.sizes.map((size, label) => [label, size])),
  );
}
