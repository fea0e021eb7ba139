/** Terms of an objective that act on each entry, or each group of entries, of an unknown by itself: what they weigh, and what they do. */
import { add, constant, einsum, type Graph } from "../ir/graph.ts";
import { dependsOn, type Einsum, type Input, type Node } from "../ir/node.ts";
import { scaling } from "../simplify/views.ts";

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

/** coefficient · Σ weight · y², summed over some axes of the unknown y or a reshape of it; each entry of it is a group of y's entries. */
export interface SquareSum {
  readonly unknown: Input;
  /** y itself or its reshape, whose axes the sum is over. */
  readonly view: Node;
  readonly coefficient: number;
  readonly sum: Einsum;
  /** Where `sum` has the view. */
  readonly taken: readonly [number, number];
  /** The axes of the view that are not summed, in the order of the sum's own. */
  readonly kept: readonly number[];
}

/** Absent where anything but the groups' own squares is added, or where entries of a group weigh differently. */
export function squareSum(node: Node, unknowns: ReadonlySet<Node>): SquareSum | undefined {
  const { coefficient, node: sum } = scaling(node);
  if (sum.kind !== "einsum" || coefficient <= 0) return undefined;
  const varying = sum.operands.map((_, k) => k).filter((k) => dependsOn(sum.operands[k] as Node, unknowns));
  const [p, q] = varying;
  if (varying.length !== 2 || p === undefined || q === undefined || sum.operands[p] !== sum.operands[q])
    return undefined;
  const view = sum.operands[p] as Node;
  const unknown = view.kind === "reshape" ? view.operand : view;
  const labels = sum.labels[p] as readonly number[];
  if (unknown.kind !== "input" || new Set(labels).size < labels.length || labels.join() !== sum.labels[q]?.join())
    return undefined;
  const common = sum.labels.every((own, k) => varying.includes(k) || own.every((label) => sum.output.includes(label)));
  const kept = sum.output.map((label) => labels.indexOf(label));
  return common && !kept.includes(-1) ? { unknown, view, coefficient, sum, taken: [p, q], kept } : undefined;
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
