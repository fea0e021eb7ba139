/** An einsum taken apart, the form in which its rules work: coefficient · Σ Π factors, with its labels free to change. */
import { constant, einsum, type Graph, scale } from "../ir/graph.ts";
import type { Einsum, Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";

export interface Factor {
  readonly node: Node;
  readonly labels: readonly number[];
}

export interface Product {
  readonly coefficient: number;
  readonly factors: readonly Factor[];
  /** Labels that are not here are summed. */
  readonly output: readonly number[];
  /** Every label in use, also one that no factor has. */
  readonly sizes: ReadonlyMap<number, Size>;
}

export function toProduct(node: Einsum): Product {
  return {
    coefficient: 1,
    factors: node.operands.map((operand, k) => ({ node: operand, labels: node.labels[k] as readonly number[] })),
    output: node.output,
    sizes: new Map(node.sizes.map((size, label) => [label, size])),
  };
}

/** Every summed label must be in some factor. */
export function fromProduct(g: Graph, product: Product): Node {
  const { coefficient, factors, output, sizes } = product;
  const shape = output.map((label) => sizes.get(label) as Size);
  if (coefficient === 0 || factors.length === 0) return constant(g, coefficient, shape);
  const only = factors.length === 1 ? factors[0] : undefined;
  if (only !== undefined && sameLabels(only.labels, output)) return scale(g, coefficient, only.node);
  const node = einsum(
    g,
    factors.map((factor) => factor.node),
    factors.map((factor) => factor.labels),
    output,
    sizes,
  );
  return scale(g, coefficient, node);
}

export function sameLabels(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((label, i) => label === b[i]);
}

export const distinct = (labels: readonly number[]): boolean => new Set(labels).size === labels.length;
