/**
 * Contraction paths: an einsum of many operands becomes a sequence of einsums of one or two, so that a product like
 * Xᵀ(D(X v)) never forms a matrix. The cheapest path costs the fewest multiply-adds; at equal cost, parts that depend on
 * bound data alone are contracted first (they are computed once), then the smaller intermediate wins. Sums that another einsum of the
 * graph has already cost nothing.
 * Optimal by dynamic programming over subsets for up to 8 operands, greedy beyond.
 */
import { einsum, type Graph } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { constantSize, type Size } from "../ir/size.ts";

/** An einsum in which every size is a number. */
export interface Product {
  readonly operands: readonly Node[];
  readonly labels: readonly (readonly number[])[];
  readonly output: readonly number[];
  readonly sizes: readonly Size[];
}

/** A partial product: a node with one label an axis, no label twice. */
interface Part {
  readonly node: Node;
  readonly labels: readonly number[];
}

interface Cost {
  readonly work: number;
  /** Multiply-adds that change from call to call. */
  readonly varying: number;
  readonly largest: number;
}

const exhaustiveLimit = 8;

/** The product's value, along the cheapest path. `isConstant` says whether a node depends on bound data alone. */
export function contract(g: Graph, product: Product, isConstant: (node: Node) => boolean): Node {
  const { operands, labels, output } = product;
  const used = new Set(labels.flat());
  const sums = [...used].some((label) => !output.includes(label));
  if (!sums) return einsum(g, operands, labels, output, broadcastSizes(product));

  const reach = output.filter((label) => used.has(label));
  const result =
    operands.length <= exhaustiveLimit ? optimal(g, product, reach, isConstant) : greedy(g, product, reach);
  return einsum(g, [result.node], [result.labels], output, broadcastSizes(product));
}

const broadcastSizes = ({ output, sizes }: Product): ReadonlyMap<number, Size> =>
  new Map(output.map((label) => [label, sizes[label] as Size]));

// ----------------------------------------------------------------------------------------------- dynamic programming

/** A set of operands, as bits, with the cheapest tree that multiplies them. */
interface Plan {
  readonly cost: Cost;
  readonly constant: boolean;
  readonly split: readonly [number, number] | undefined;
}

function optimal(g: Graph, product: Product, output: readonly number[], isConstant: (node: Node) => boolean): Part {
  const { operands, labels, sizes } = product;
  const all = 2 ** operands.length - 1;
  const labelsOf = (subset: number): number[] => unique(labels.filter((_, i) => (subset & (1 << i)) !== 0).flat());
  const volume = (list: readonly number[]): number =>
    list.reduce((total, label) => total * Math.max(1, constantSize(sizes[label] as Size) ?? 1), 1);
  /** What must survive once the subset is multiplied: labels that the output or another operand still needs. */
  const kept: number[][] = [];
  for (let subset = 0; subset <= all; subset += 1) {
    const outside = new Set([...output, ...labelsOf(all & ~subset)]);
    kept.push(labelsOf(subset).filter((label) => outside.has(label)));
  }
  const keptBy = (subset: number): readonly number[] => (subset === all ? output : (kept[subset] as number[]));
  const known = sumsOf(g);
  const indicesOf = (subset: number): number[] => operands.map((_, i) => i).filter((i) => (subset & (1 << i)) !== 0);
  const reused = (subset: number): Part | undefined =>
    known.size === 0 ? undefined : lookUp(known, product, indicesOf(subset), keptBy(subset));

  const plans = new Map<number, Plan>();
  operands.forEach((operand, i) => {
    const own = labels[i] ?? [];
    const work = keptBy(1 << i).length === own.length ? 0 : volume(unique(own));
    const constant = isConstant(operand);
    plans.set(1 << i, { cost: { work, varying: constant ? 0 : work, largest: 0 }, constant, split: undefined });
  });
  for (let subset = 1; subset <= all; subset += 1) {
    if (plans.has(subset)) continue;
    let best: Plan | undefined;
    // Each split once: the left part holds the lowest bit.
    for (let left = (subset - 1) & subset; left > 0; left = (left - 1) & subset) {
      if ((left & subset & -subset) === 0) continue;
      const right = subset & ~left;
      const [a, b] = [plans.get(left) as Plan, plans.get(right) as Plan];
      const bare = subset !== all && isBareSquare(product, left, right, keptBy(subset));
      const work = bare ? Number.POSITIVE_INFINITY : volume(unique([...keptBy(left), ...keptBy(right)]));
      const constant = a.constant && b.constant;
      const cost = {
        work: a.cost.work + b.cost.work + work,
        varying: a.cost.varying + b.cost.varying + (constant ? 0 : work),
        largest: Math.max(a.cost.largest, b.cost.largest, volume(keptBy(subset))),
      };
      if (best === undefined || cheaper(cost, best.cost)) best = { cost, constant, split: [left, right] };
    }
    if (reused(subset) !== undefined) best = { ...(best as Plan), cost: { work: 0, varying: 0, largest: 0 } };
    plans.set(subset, best as Plan);
  }

  const build = (subset: number): Part => {
    const split = plans.get(subset)?.split;
    const target = keptBy(subset);
    if (split !== undefined) {
      const part = reused(subset) ?? multiplyParts(g, split.map(build), target);
      keep(known, product, indicesOf(subset), part);
      return part;
    }
    const i = Math.log2(subset);
    const own = labels[i] ?? [];
    return multiplyParts(g, [{ node: operands[i] as Node, labels: own }], target);
  };
  return build(all);
}

/** What products of operands summed to, by how they are written. Sums are stored, so that to read one again costs nothing. */
const memos = new WeakMap<Graph, Map<string, Part>>();

function sumsOf(g: Graph): Map<string, Part> {
  const sums = memos.get(g) ?? new Map<string, Part>();
  memos.set(g, sums);
  return sums;
}

/** The operands in an order, and the labels in that of their first use, which does not depend on where the product stands. */
function written({ operands, labels }: Product, indices: readonly number[]) {
  const sorted = [...indices].sort((i, j) => (operands[i] as Node).id - (operands[j] as Node).id);
  const order = unique(sorted.flatMap((i) => labels[i] ?? []));
  const key = sorted.map((i) => `${operands[i]?.id}:${labels[i]?.map((label) => order.indexOf(label))}`).join(" ");
  return { order, key };
}

const keyOf = (key: string, order: readonly number[], kept: readonly number[]): string =>
  `${key} to ${kept.map((label) => order.indexOf(label)).sort((a, b) => a - b)}`;

function lookUp(
  known: ReadonlyMap<string, Part>,
  product: Product,
  indices: readonly number[],
  kept: readonly number[],
): Part | undefined {
  const { order, key } = written(product, indices);
  const part = known.get(keyOf(key, order, kept));
  return part && { node: part.node, labels: part.labels.map((place) => order[place] as number) };
}

function keep(known: Map<string, Part>, product: Product, indices: readonly number[], part: Part): void {
  const { order, key } = written(product, indices);
  if (part.labels.length === order.length) return;
  known.set(keyOf(key, order, part.labels), {
    node: part.node,
    labels: part.labels.map((label) => order.indexOf(label)),
  });
}

/**
 * X_ni X_nj while n is still needed, as weights will be multiplied in: n times as large as the result, where w_n X_ni need not be
 * formed at all (wasm/matrix-product.ts).
 */
function isBareSquare({ operands, labels }: Product, left: number, right: number, kept: readonly number[]): boolean {
  const [i, j] = [Math.log2(left), Math.log2(right)];
  if (!Number.isInteger(i) || !Number.isInteger(j) || operands[i] !== operands[j]) return false;
  const [a, b] = [labels[i] ?? [], labels[j] ?? []];
  const differing = a.filter((label, axis) => label !== b[axis]).length;
  return differing === 1 && a.length > 1 && kept.length === unique([...a, ...b]).length;
}

function cheaper(a: Cost, b: Cost): boolean {
  if (a.work !== b.work) return a.work < b.work;
  return a.varying !== b.varying ? a.varying < b.varying : a.largest < b.largest;
}

// ------------------------------------------------------------------------------------------------------------ greedy

/** Always the pair whose product costs least, then the one that shrinks the operands most. */
function greedy(g: Graph, product: Product, output: readonly number[]): Part {
  const { sizes } = product;
  const volume = (list: readonly number[]): number =>
    list.reduce((total, label) => total * Math.max(1, constantSize(sizes[label] as Size) ?? 1), 1);
  let parts: Part[] = product.operands.map((node, i) => ({ node, labels: product.labels[i] ?? [] }));
  while (parts.length > 1) {
    let best: { pair: readonly [Part, Part]; target: readonly number[]; work: number; growth: number } | undefined;
    for (const [i, a] of parts.entries()) {
      for (const b of parts.slice(i + 1)) {
        const outside = new Set([...output, ...parts.filter((p) => p !== a && p !== b).flatMap((p) => p.labels)]);
        const union = unique([...a.labels, ...b.labels]);
        const target = union.filter((label) => outside.has(label));
        const work = volume(union);
        const growth = volume(target) - volume(unique(a.labels)) - volume(unique(b.labels));
        if (best === undefined || work < best.work || (work === best.work && growth < best.growth)) {
          best = { pair: [a, b], target, work, growth };
        }
      }
    }
    const { pair, target } = best as NonNullable<typeof best>;
    parts = [...parts.filter((part) => !pair.includes(part)), multiplyParts(g, pair, target)];
  }
  return multiplyParts(g, parts, output);
}

/** The product of one or two parts with the labels of `target`, in the order that suits it. */
function multiplyParts(g: Graph, parts: readonly Part[], wanted: readonly number[]): Part {
  const target = inMatrixOrder(parts, wanted);
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only !== undefined && only.labels.length === target.length && unique(only.labels).length === target.length)
    return only;
  return {
    node: einsum(
      g,
      parts.map((p) => p.node),
      parts.map((p) => p.labels),
      target,
    ),
    labels: target,
  };
}

/** So many times longer, a side of a result lies along memory: libraries multiply by a narrow matrix faster so. */
const slender = 8;

/**
 * Labels of both parts, then those of one alone, then those of the other, the columns of a matrix product: the fewer; as they are wanted
 * where they are as many, unless the result is slender.
 */
function inMatrixOrder([a, b]: readonly Part[], target: readonly number[]): readonly number[] {
  if (a === undefined || b === undefined) return target;
  const both = target.filter((label) => a.labels.includes(label) && b.labels.includes(label));
  const alone = [a, b].map((part) => target.filter((label) => part.labels.includes(label) && !both.includes(label)));
  const [first = [], second = []] = alone;
  const [ofFirst, ofSecond] = [extent(a, first), extent(b, second)];
  const isFirstLast = ((): boolean => {
    if (first.length !== second.length) return first.length < second.length;
    if (Math.max(ofFirst, ofSecond) > slender * Math.min(ofFirst, ofSecond)) return ofFirst > ofSecond;
    return target.indexOf(second[0] as number) < target.indexOf(first[0] as number);
  })();
  return isFirstLast ? [...both, ...second, ...first] : [...both, ...first, ...second];
}

/** Entries along the labels. */
function extent({ node, labels }: Part, along: readonly number[]): number {
  return along.reduce(
    (product, label) => product * (constantSize(node.shape[labels.indexOf(label)] as Size) as number),
    1,
  );
}

const unique = (list: readonly number[]): number[] => [...new Set(list)];
