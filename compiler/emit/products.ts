/**
 * An einsum in matrix notation. Its labels are the points of a network, matrices are the edges between them, vectors sit on points. A
 * summed point with one edge is a matrix times a vector, with two edges a product of matrices, with none a scalar product:
 * Σᵢₖ X[i,j] d[i] X[i,k] v[k] = Xᵀ (d ⊙ (X v)). Where the network does not come apart so, the sum is written over indices.
 */
import type { Einsum, Node } from "../ir/node.ts";
import { constantSize, type Size } from "../ir/size.ts";
import { oneHot } from "./idioms.ts";
import {
  call,
  type Formula,
  hadamard,
  identity,
  keyOf,
  number,
  ones,
  product,
  subscripted,
  transpose,
} from "./math.ts";
import { entry, type Notation, type Place, rankOf, whole } from "./notation.ts";
import { asNumber, assemble, collectFactors, inFrontOf, one, type Scaled, splitByIndex, times } from "./scaled.ts";
import { indexFor } from "./symbols.ts";

/** An operand as it stands, or what some operands have been contracted to; labels are in the order of the formula's axes. */
interface Item {
  readonly node?: Node;
  /** The node's axes that the labels are for; all others have size 1. */
  readonly axes: readonly number[];
  readonly formula?: Formula;
  readonly labels: readonly number[];
  readonly lateness: number;
}

/** Matrices between two labels, entry by entry multiplied, each oriented as its own labels say. */
interface Edge {
  readonly ends: readonly [number, number];
  readonly items: readonly Item[];
}

interface Network {
  readonly vectors: Map<number, Item[]>;
  edges: Edge[];
  /** What stands in front so far. */
  prefix: Scaled;
}

class NoMatrixNotation extends Error {}

/** `undefined` where no matrix notation fits; a scalar always has a formula. */
export function wholeProduct(n: Notation, node: Einsum): Scaled | undefined {
  try {
    const output = node.output.filter((label) => constantSize(node.sizes[label] as Size) !== 1);
    const network = contract(n, node, output);
    const body = combine(n, network, output);
    return output.length === 0 ? withScalarBody(network.prefix) : inFrontOf(network.prefix, body);
  } catch (error) {
    if (!(error instanceof NoMatrixNotation)) throw error;
    if (rankOf(node) > 0) return undefined;
    return indexed(n, node, { at: node.output.map(() => number(0)), used: n.symbols.taken });
  }
}

/** The entry: matrix notation within, entries of what is left: Σᵢ yᵢ (X θ)ᵢ. */
export function entryOfProduct(n: Notation, node: Einsum, place: Place): Scaled {
  const letters = new Map(node.output.map((label, axis) => [label, place.at[axis] as Formula]));
  const sizeOf = (label: number): Size => node.sizes[label] as Size;
  try {
    const chosen = node.operands.flatMap((operand, k) =>
      oneHot(operand) === undefined ? [] : [node.labels[k]?.[1] as number],
    );
    const network = contract(n, node, [...new Set([...node.output, ...chosen])]);
    const left = [...[...network.vectors.values()].flat(), ...network.edges.flatMap((edge) => edge.items)];
    const entries = sumOver(n, left, letters, sizeOf, place.used);
    return times(entries, network.prefix);
  } catch (error) {
    if (!(error instanceof NoMatrixNotation)) throw error;
    return indexed(n, node, place);
  }
}

// ---------------------------------------------------------------------------------------------- by indices

function indexed(n: Notation, node: Einsum, place: Place): Scaled {
  const letters = new Map(node.output.map((label, axis) => [label, place.at[axis] as Formula]));
  const factors = node.operands.map(
    (operand, k): Item => ({
      node: operand,
      axes: operand.shape.map((_, axis) => axis),
      labels: node.labels[k] ?? [],
      lateness: n.lateness(operand),
    }),
  );
  return sumOver(n, factors, letters, (label) => node.sizes[label] as Size, place.used);
}

/** Σ over the labels without a letter of the product of the items' entries. */
function sumOver(
  n: Notation,
  items: readonly Item[],
  letters: ReadonlyMap<number, Formula>,
  sizeOf: (label: number) => Size,
  used: ReadonlySet<string>,
): Scaled {
  const at = new Map(letters);
  const taken = new Set(used);
  const choices = items.filter(
    (item) => item.node !== undefined && oneHot(item.node) !== undefined && !at.has(item.labels[1] as number),
  );
  const chosen = new Set(choices.map((item) => item.labels[1] as number));
  const indices = [...new Set(items.flatMap((item) => item.labels))].flatMap((label) => {
    if (at.has(label) || chosen.has(label)) return [];
    if (constantSize(sizeOf(label)) === 1) {
      at.set(label, number(0));
      return [];
    }
    const index = indexFor(sizeOf(label), taken);
    taken.add(index.base);
    at.set(label, index);
    return [index];
  });
  // Σ_l [labelᵢ = l] x[i, l] = x[i, labelᵢ]
  for (const item of choices) {
    const label = item.labels[1] as number;
    if (at.has(label)) continue;
    at.set(
      label,
      assemble(
        entry(n, oneHot(item.node as Node) as Node, { at: [at.get(item.labels[0] as number) as Formula], used: taken }),
      ),
    );
  }
  let prefix: Scaled = one;
  const factors: Formula[] = [];
  const remaining = items.filter((item) => !choices.includes(item));
  for (const item of remaining.toSorted((a, b) => a.lateness - b.lateness)) {
    const own = item.labels.map((label) => at.get(label) as Formula);
    const scaled =
      item.node === undefined
        ? inFrontOf(one, subscripted(item.formula as Formula, own))
        : entry(n, item.node, { at: onAllAxes(item, own), used: taken });
    prefix = times(prefix, scaled);
    if (scaled.body !== undefined) factors.push(scaled.body);
  }
  const bound = new Set(indices.map((index) => index.base));
  const { inside, outside } = splitByIndex(prefix, bound);
  const body = factors.length === 0 ? undefined : product(...collectFactors(factors));
  if (indices.length === 0) return inFrontOf(prefix, body);
  return inFrontOf(outside, { kind: "indexSum", indices, body: assemble(inFrontOf(inside, body)) });
}

/** An index for every axis of the item's node, 0 on those of size 1. */
function onAllAxes(item: Item, own: readonly Formula[]): readonly Formula[] {
  return (item.node as Node).shape.map((_, axis) => own[item.axes.indexOf(axis)] ?? number(0));
}

// ------------------------------------------------------------------------------------------- matrix notation

/** The network with all labels but the kept ones summed out. */
function contract(n: Notation, node: Einsum, kept: readonly number[]): Network {
  const shown = (labels: readonly number[]): number[] =>
    labels.map((_, axis) => axis).filter((axis) => constantSize(node.sizes[labels[axis] as number] as Size) !== 1);
  const network: Network = { vectors: new Map(), edges: [], prefix: one };
  const items = node.operands.map((operand, k): Item => {
    const labels = node.labels[k] ?? [];
    const axes = shown(labels);
    return { node: operand, axes, labels: axes.map((axis) => labels[axis] as number), lateness: n.lateness(operand) };
  });
  for (const item of items) place(n, network, item);
  const sizeOf = (label: number): Size => node.sizes[label] as Size;
  for (;;) {
    const open = new Set([...network.vectors.keys(), ...network.edges.flatMap((edge) => edge.ends)]);
    const summed = [...open].filter((label) => !kept.includes(label));
    if (summed.length === 0) break;
    eliminate(n, network, summed, kept, sizeOf);
  }
  return network;
}

/** Of a number, letters stay in front and what is made of arrays comes after them: (λ/n) ‖θ‖². */
function withScalarBody(prefix: Scaled): Scaled {
  const isLetter = (factor: Formula): boolean => factor.kind === "symbol" || factor.kind === "number";
  const body = prefix.numerator.filter((factor) => !isLetter(factor));
  if (body.length === 0) return prefix;
  return { ...prefix, numerator: prefix.numerator.filter(isLetter), body: product(...collectFactors(body)) };
}

function place(n: Notation, network: Network, item: Item): void {
  const [first, second] = item.labels;
  if (item.labels.length > 2) throw new NoMatrixNotation();
  if (first === undefined) {
    const scalar = item.node === undefined ? inFrontOf(one, item.formula) : known(n, item.node);
    network.prefix = times(network.prefix, asNumber(scalar));
  } else if (second === undefined) {
    network.vectors.set(first, [...(network.vectors.get(first) ?? []), item]);
  } else if (first === second) {
    const diagonal = call("diag", resolve(n, network, item));
    place(n, network, { axes: [0], formula: diagonal, labels: [first], lateness: item.lateness });
  } else {
    const same = network.edges.find((edge) => edge.ends.includes(first) && edge.ends.includes(second));
    const rest = network.edges.filter((edge) => edge !== same);
    network.edges = [...rest, { ends: same?.ends ?? [first, second], items: [...(same?.items ?? []), item] }];
  }
}

function known(n: Notation, node: Node): Scaled {
  const scaled = whole(n, node);
  if (scaled === undefined) throw new NoMatrixNotation();
  return scaled;
}

/** The item's formula; the numbers in front of it join the network's. */
function resolve(n: Notation, network: Network, item: Item): Formula {
  if (item.node === undefined) return item.formula as Formula;
  const scaled = known(n, item.node);
  network.prefix = times(network.prefix, scaled);
  return scaled.body ?? (item.labels.length === 2 ? product(ones, transpose(ones)) : ones);
}

const latest = (items: readonly Item[]): number => Math.max(0, ...items.map((item) => item.lateness));

const byLateness = (items: readonly Item[]): readonly Item[] => items.toSorted((a, b) => a.lateness - b.lateness);

/** All vectors on a label as one. */
function vectorAt(n: Notation, network: Network, label: number): Formula | undefined {
  const items = network.vectors.get(label) ?? [];
  return items.length === 0
    ? undefined
    : hadamard(...collectFactors(byLateness(items).map((item) => resolve(n, network, item))));
}

/** The edge as a matrix whose rows run over `row`. */
function matrixFrom(n: Notation, network: Network, edge: Edge, row: number): Formula {
  const items = byLateness(edge.items);
  if (items.every((item) => item.labels[0] !== row))
    return transpose(hadamard(...items.map((item) => resolve(n, network, item))));
  return hadamard(...items.map((item) => orient(resolve(n, network, item), item.labels[0] === row)));
}

const orient = (formula: Formula, asItIs: boolean): Formula => (asItIs ? formula : transpose(formula));

const otherEnd = (edge: Edge, label: number): number => (edge.ends[0] === label ? edge.ends[1] : edge.ends[0]);

/** Sums one label out. Matrices are applied to vectors first, without a transpose where there is a choice. */
function eliminate(
  n: Notation,
  network: Network,
  summed: readonly number[],
  output: readonly number[],
  sizeOf: (label: number) => Size,
): void {
  const edgesAt = (label: number): readonly Edge[] => network.edges.filter((edge) => edge.ends.includes(label));
  const leaves = summed.filter((label) => edgesAt(label).length === 1);
  const isColumn = (label: number): boolean =>
    edgesAt(label)[0]?.items.every((item) => item.labels[1] === label) ?? false;
  const leaf =
    leaves.find((label) => isColumn(label) && network.vectors.has(label)) ??
    leaves.find((label) => network.vectors.has(label)) ??
    leaves.find(isColumn) ??
    leaves[0];
  if (leaf !== undefined) return eliminateLeaf(n, network, leaf, edgesAt(leaf)[0] as Edge, output, sizeOf);
  const alone = summed.find((label) => edgesAt(label).length === 0);
  if (alone !== undefined) return scalarProduct(n, network, alone, sizeOf);
  const between = summed.find((label) => edgesAt(label).length === 2);
  if (between === undefined) throw new NoMatrixNotation();
  const [a, b] = edgesAt(between).toSorted(
    (x, y) => rank(otherEnd(x, between), output) - rank(otherEnd(y, between), output),
  ) as [Edge, Edge];
  const [row, column] = [otherEnd(a, between), otherEnd(b, between)];
  const middle = network.vectors.get(between) ?? [];
  const vector = vectorAt(n, network, between);
  const diagonal = vector === undefined ? [] : [call("diag", vector)];
  const formula = product(matrixFrom(n, network, a, row), ...diagonal, matrixFrom(n, network, b, between));
  remove(network, [between], [a, b]);
  place(n, network, {
    axes: [0, 1],
    formula,
    labels: [row, column],
    lateness: latest([...a.items, ...middle, ...b.items]),
  });
}

/** Output labels in their order, then the others. */
const rank = (label: number, output: readonly number[]): number =>
  output.includes(label) ? output.indexOf(label) : output.length + label;

function remove(network: Network, labels: readonly number[], edges: readonly Edge[]): void {
  for (const label of labels) network.vectors.delete(label);
  network.edges = network.edges.filter((edge) => !edges.includes(edge));
}

function eliminateLeaf(
  n: Notation,
  network: Network,
  leaf: number,
  edge: Edge,
  output: readonly number[],
  sizeOf: (label: number) => Size,
): void {
  const neighbour = otherEnd(edge, leaf);
  const vectors = network.vectors.get(leaf) ?? [];
  const others = network.vectors.get(neighbour) ?? [];
  const closed =
    !output.includes(neighbour) && network.edges.filter((own) => own.ends.includes(neighbour)).length === 1;
  const bilinear = edge.items.length === 1 && vectors.length > 0 && others.length > 0;
  if (closed && !bilinear) return scalarOfMatrices(n, network, edge, [...vectors, ...others], sizeOf);
  const vector = vectorAt(n, network, leaf) ?? ones;
  const formula = product(matrixFrom(n, network, edge, neighbour), vector);
  remove(network, [leaf], [edge]);
  place(n, network, { axes: [0], formula, labels: [neighbour], lateness: latest([...edge.items, ...vectors]) });
}

/** ‖A‖², ⟨A, B⟩, or Σ over both indices. */
function scalarOfMatrices(
  n: Notation,
  network: Network,
  edge: Edge,
  vectors: readonly Item[],
  sizeOf: (label: number) => Size,
): void {
  remove(network, edge.ends, [edge]);
  const [a, b] = byLateness(edge.items);
  if (
    vectors.length > 0 ||
    edge.items.length !== 2 ||
    a === undefined ||
    b === undefined ||
    isFunction(a) ||
    isFunction(b)
  ) {
    addScalar(network, sumOver(n, [...edge.items, ...vectors], new Map(), sizeOf, n.symbols.taken));
    return;
  }
  const row = a.labels[0] as number;
  const left = resolve(n, network, a);
  const right = orient(resolve(n, network, b), b.labels[0] === row);
  const body: Formula =
    keyOf(left) === keyOf(right)
      ? { kind: "power", base: { kind: "norm", operand: left }, exponent: number(2) }
      : { kind: "inner", left, right };
  addScalar(network, inFrontOf(one, body));
}

/** A function of entries reads better under Σ than within a scalar product. */
function isFunction(item: Item): boolean {
  const node = item.node?.kind === "add" && item.node.operands.length === 1 ? item.node.operands[0] : item.node;
  return node?.kind === "map" || node?.kind === "reduce";
}

/** ‖x‖², xᵀ y, or Σᵢ. */
function scalarProduct(n: Notation, network: Network, label: number, sizeOf: (label: number) => Size): void {
  const items = byLateness(network.vectors.get(label) ?? []);
  remove(network, [label], []);
  const [a, b] = items;
  if (items.length !== 2 || a === undefined || b === undefined || isFunction(a) || isFunction(b)) {
    addScalar(network, sumOver(n, items, new Map(), sizeOf, n.symbols.taken));
    return;
  }
  const [x, y] = [resolve(n, network, a), resolve(n, network, b)];
  const swap = x.kind === "product" && y.kind !== "product";
  const body: Formula =
    keyOf(x) === keyOf(y)
      ? { kind: "power", base: { kind: "norm", operand: x }, exponent: number(2) }
      : swap
        ? product(transpose(y), x)
        : product(transpose(x), y);
  addScalar(network, inFrontOf(one, body));
}

function addScalar(network: Network, scalar: Scaled): void {
  network.prefix = times(network.prefix, asNumber(scalar));
}

/** What is left on the output labels. A number alone stands for the array that holds it everywhere. */
function combine(n: Notation, network: Network, output: readonly number[]): Formula | undefined {
  const [row, column] = output;
  if (row === undefined) return undefined;
  if (column === undefined) return vectorAt(n, network, row);
  const edge = network.edges[0];
  const matrix = edge && matrixFrom(n, network, edge, row);
  const [left, right] = [vectorAt(n, network, row), vectorAt(n, network, column)];
  if (matrix === undefined) {
    if (left === undefined && right === undefined) return undefined;
    return product(left ?? ones, transpose(right ?? ones));
  }
  if (keyOf(matrix) === keyOf(identity)) {
    const diagonal = [left, right].filter((vector) => vector !== undefined);
    return diagonal.length === 0 ? identity : call("diag", hadamard(...diagonal));
  }
  const diag = (vector: Formula | undefined): readonly Formula[] =>
    vector === undefined ? [] : [call("diag", vector)];
  return product(...diag(left), matrix, ...diag(right));
}
