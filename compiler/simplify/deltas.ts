/**
 * Deltas make labels equal. Labels joined by deltas form a class; all factors use its first output label (any label where there is no
 * output). A delta survives only between two output labels, once, and always from the first of its class: equal deltas merge.
 */
import type { Factor, Product } from "./product.ts";

export function substituteDeltas(product: Product): Product {
  const deltas = product.factors.filter((factor) => factor.node.kind === "delta");
  if (deltas.length === 0) return product;

  const parent = new Map<number, number>();
  const find = (label: number): number => {
    const up = parent.get(label);
    return up === undefined ? label : find(up);
  };
  // The earlier output label, then the smaller label, stands for a class.
  const rank = (label: number): number => {
    const position = product.output.indexOf(label);
    return position >= 0 ? position : product.output.length + label;
  };
  for (const { labels } of deltas) {
    const [a, b] = [find(labels[0] as number), find(labels[1] as number)];
    if (a !== b) parent.set(rank(a) < rank(b) ? b : a, rank(a) < rank(b) ? a : b);
  }

  const factors: Factor[] = product.factors
    .filter((factor) => factor.node.kind !== "delta")
    .map((factor) => ({ node: factor.node, labels: factor.labels.map(find) }));
  for (const label of product.output) {
    const representative = find(label);
    if (representative === label) continue;
    const known = deltas.find((factor) => factor.labels.includes(label)) as Factor;
    factors.push({ node: known.node, labels: [representative, label] });
  }
  const merged = (label: number): boolean => parent.has(label) && !product.output.includes(label);
  const sizes = new Map([...product.sizes].filter(([label]) => !merged(label)));
  return { ...product, factors, sizes };
}
