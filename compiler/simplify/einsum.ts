/**
 * Products: constants pulled out, nested products flattened, deltas substituted, powers and exponentials collected, a summed label
 * that no factor has replaced by its size, factors in a canonical order.
 */
import { add, einsum, type Graph, sizeNode } from "../ir/graph.ts";
import type { Einsum, Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { substituteDeltas } from "./deltas.ts";
import { collectPowers } from "./elementwise.ts";
import { distinct, type Factor, fromProduct, type Product, toProduct } from "./product.ts";
import { collectExponentials } from "./stability.ts";

/** Flattening stops here, so that a long chain of shared products stays linear in size. */
const MAX_FACTORS = 16;

export function simplifyEinsum(g: Graph, node: Einsum): Node | undefined {
  if (isPlain(node)) return undefined;
  const pushed = distributePermutation(g, node);
  if (pushed !== undefined) return pushed;
  const flat = flatten(toProduct(node));
  const collected = collectExponentials(g, collectPowers(g, substituteDeltas(flat)));
  const complete = replaceLonelyLabels(g, collected);
  return distributeDelta(g, complete) ?? fromProduct(g, inCanonicalOrder(complete));
}

/** Sums of more terms than this are not multiplied out. */
const MAX_DISTRIBUTED = 4;

const hasDelta = (node: Node): boolean =>
  node.kind === "delta" || (node.kind === "einsum" && node.operands.some((operand) => operand.kind === "delta"));

/**
 * Σⱼ (δ + B)ᵢⱼ xⱼ = xᵢ + Σⱼ Bᵢⱼ xⱼ: a sum under a sum is multiplied out where one of its terms has a delta, which then acts, or comes out
 * of the sum and is not multiplied out into a dense tensor.
 */
function distributeDelta(g: Graph, product: Product): Node | undefined {
  for (const factor of product.factors) {
    const { node, labels } = factor;
    if (node.kind !== "add" || node.operands.length < 2 || node.operands.length > MAX_DISTRIBUTED) continue;
    if (labels.every((label) => product.output.includes(label)) || !node.operands.some(hasDelta)) continue;
    const rest = product.factors.filter((other) => other !== factor);
    return add(
      g,
      node.coefficients,
      node.operands.map((term) => fromProduct(g, { ...product, factors: [...rest, { node: term, labels }] })),
    );
  }
  return undefined;
}

/** Two or more factors in order that no rule here takes apart: the common case, and quick to see. */
function isPlain(node: Einsum): boolean {
  return (
    node.operands.length > 1 &&
    node.operands.every((factor, k) => {
      const before = node.operands[k - 1];
      if (before !== undefined && before.id >= factor.id) return false;
      if (factor.kind === "map") return factor.fn !== "exp" && factor.fn !== "power" && factor.fn !== "sqrt";
      if (factor.kind === "add") return factor.operands.length > 1 && !factor.operands.some(hasDelta);
      return factor.kind !== "constant" && factor.kind !== "einsum" && factor.kind !== "delta";
    })
  );
}

/** (A + B)ᵀ = Aᵀ + Bᵀ, so that a symmetric sum is recognised as its own transpose. */
function distributePermutation(g: Graph, node: Einsum): Node | undefined {
  const only = node.operands[0] as Node;
  if (node.operands.length !== 1 || only.kind !== "add" || only.operands.length < 2) return undefined;
  const labels = node.labels[0] as readonly number[];
  if (
    labels.length !== node.output.length ||
    !distinct(labels) ||
    !labels.every((label) => node.output.includes(label))
  )
    return undefined;
  return add(
    g,
    only.coefficients,
    only.operands.map((term) => einsum(g, [term], [labels], node.output)),
  );
}

/** Constants and coefficients to the front, inner products into the outer one. */
function flatten(product: Product): Product {
  let coefficient = product.coefficient;
  let count = product.factors.length;
  const sizes = new Map(product.sizes);
  const factors: Factor[] = [];
  let fresh = Math.max(-1, ...sizes.keys()) + 1;
  const take = ({ node, labels }: Factor): void => {
    if (node.kind === "constant") {
      coefficient *= node.value;
      count -= 1;
    } else if (node.kind === "add" && node.operands.length === 1) {
      coefficient *= node.coefficients[0] as number;
      take({ node: node.operands[0] as Node, labels });
    } else if (node.kind === "einsum" && count - 1 + node.operands.length <= Math.max(MAX_FACTORS, count)) {
      count += node.operands.length - 1;
      const outer = new Map(node.output.map((label, axis) => [label, labels[axis] as number]));
      const rename = (label: number): number => {
        const known = outer.get(label);
        if (known !== undefined) return known;
        outer.set(label, fresh);
        sizes.set(fresh, node.sizes[label] as Size);
        return fresh++;
      };
      node.operands.forEach((operand, k) =>
        factors.push({ node: operand, labels: (node.labels[k] ?? []).map(rename) }),
      );
    } else {
      factors.push({ node, labels });
    }
  };
  product.factors.forEach(take);
  return { ...product, coefficient, factors, sizes };
}

/** Σᵢ 1 = n */
function replaceLonelyLabels(g: Graph, product: Product): Product {
  const used = new Set([...product.output, ...product.factors.flatMap((factor) => factor.labels)]);
  const lonely = [...product.sizes].filter(([label]) => !used.has(label));
  if (lonely.length === 0) return product;
  const factors = [...product.factors, ...lonely.map(([, size]) => ({ node: sizeNode(g, size), labels: [] }))];
  return { ...product, factors, sizes: new Map([...product.sizes].filter(([label]) => used.has(label))) };
}

/**
 * Sorted by operand; equal operands by where their labels lead. A label's colour is its output position and then, refined in rounds, the
 * factors and axes it occurs in, so that XᵀX is one node whichever way it was written.
 */
function inCanonicalOrder(product: Product): Product {
  const { factors, output } = product;
  const byNode = (a: Factor, b: Factor): number => a.node.id - b.node.id;
  if (new Set(factors.map((factor) => factor.node)).size === factors.length)
    return { ...product, factors: factors.toSorted(byNode) };
  let colours = new Map([...product.sizes.keys()].map((label) => [label, output.indexOf(label)]));
  // Output labels first, in their order.
  const position = (label: number): string =>
    String(output.includes(label) ? output.indexOf(label) : output.length).padStart(3, "0");
  const signature = (factor: Factor): string =>
    `${factor.node.id}(${factor.labels.map((label) => colours.get(label)).join(" ")})`;
  for (let round = 0; round < factors.length; round++) {
    const seen = new Map([...colours.keys()].map((label) => [label, [] as string[]]));
    for (const factor of factors) {
      const own = signature(factor);
      factor.labels.forEach((label, axis) => seen.get(label)?.push(`${axis}@${own}`));
    }
    const keys = new Map([...seen].map(([label, places]) => [label, `${position(label)} ${places.sort().join(";")}`]));
    const order = [...new Set(keys.values())].sort();
    const place = new Map(order.map((key, i) => [key, i]));
    const before = new Set(colours.values()).size;
    colours = new Map([...keys].map(([label, key]) => [label, place.get(key) as number]));
    if (round > 0 && place.size === before) break;
  }
  const compare = (a: Factor, b: Factor): number => {
    if (a.node !== b.node) return byNode(a, b);
    for (const [axis, label] of a.labels.entries()) {
      const difference = (colours.get(label) as number) - (colours.get(b.labels[axis] as number) as number);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  return { ...product, factors: factors.toSorted(compare) };
}
