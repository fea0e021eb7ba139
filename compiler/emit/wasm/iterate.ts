/**
 * From a node to its loop nest: which labels are loops, in which order, and the scalar graph of one iteration with
 * everything inlined that has no buffer.
 */
import type { Einsum, Node } from "../../ir/node.ts";
import { constantSize } from "../../ir/size.ts";
import { dimensions } from "../specialise.ts";
import { elements } from "./decide.ts";
import { rowMajorStrides } from "./matrix-product.ts";
import { type Combine, emptyValue, type Nest } from "./nest.ts";
import {
  type Buffer,
  closure,
  createScalarGraph,
  type Index,
  type Scalar,
  type ScalarGraph,
  strideAlong,
} from "./scalar.ts";
import { type BufferOf, valueOf } from "./values.ts";

/** A nest before its loops have an order: loops are named by labels. */
interface Iteration {
  readonly labels: readonly { readonly label: number; readonly size: number; readonly combined: boolean }[];
  readonly combine: Combine;
  /** The target's labels, an axis each; one that stands twice writes the diagonal only. */
  readonly target: readonly number[];
  /** The entries that the nest does not write are 0, and so are those it adds to. */
  readonly partial: boolean;
  readonly scatter?: { readonly axis: number; readonly index: (scalars: ScalarGraph, index: Index) => Scalar };
  readonly value: (scalars: ScalarGraph, index: (label: number) => Index) => Scalar;
}

/** The nest that computes all entries of the node into the buffer. */
export function iterate(node: Node, target: Buffer, bufferOf: BufferOf): Nest | undefined {
  if (elements(node) === 0) return undefined;
  const iteration = iterationOf(node, bufferOf);
  if (iteration.labels.some(({ size }) => size === 0))
    return order(node, emptyIteration(node, iteration.combine), target);
  return order(node, iteration, target);
}

/** A nest that copies, or computes, the node's entries into another buffer. */
export function copyNest(node: Node, target: Buffer, bufferOf: BufferOf): Nest | undefined {
  return elements(node) === 0 ? undefined : order(node, elementwise(node, bufferOf), target);
}

// ------------------------------------------------------------------------------------------------------ iterations

function elementwise(node: Node, bufferOf: BufferOf): Iteration {
  const sizes = dimensions(node);
  return {
    labels: sizes.map((size, label) => ({ label, size, combined: false })),
    combine: "store",
    target: sizes.map((_, label) => label),
    partial: false,
    value: (scalars, index) =>
      valueOf(
        node,
        sizes.map((_, label) => index(label)),
        scalars,
        bufferOf,
      ),
  };
}

function emptyIteration(node: Node, combine: Combine): Iteration {
  return { ...elementwise(node, () => undefined), value: (scalars) => scalars.number(emptyValue(combine)) };
}

function iterationOf(node: Node, bufferOf: BufferOf): Iteration {
  /** The node itself is computed, its operands are read. */
  const operandsOnly: BufferOf = (other) => (other === node ? undefined : bufferOf(other));
  switch (node.kind) {
    case "einsum":
      return productIteration(node, bufferOf);
    case "reduce": {
      const sizes = dimensions(node.operand);
      const labels = sizes.map((size, label) => ({ label, size, combined: label === node.axis }));
      return {
        labels,
        combine: node.fn === "logsumexp" ? "sum" : node.fn,
        target: labels.filter((l) => !l.combined).map((l) => l.label),
        partial: false,
        value: (scalars, index) =>
          valueOf(
            node.operand,
            labels.map((l) => index(l.label)),
            scalars,
            bufferOf,
          ),
      };
    }
    case "scatter": {
      const sizes = dimensions(node.operand);
      const length = dimensions(node)[node.axis] as number;
      const target = (scalars: ScalarGraph, index: Index): Scalar => valueOf(node.index, [index], scalars, bufferOf);
      return {
        labels: sizes.map((size, label) => ({ label, size, combined: false })),
        combine: "sum",
        target: sizes.map((_, label) => label),
        partial: true,
        scatter: { axis: node.axis, index: target },
        value: (scalars, index) => {
          const value = valueOf(
            node.operand,
            sizes.map((_, label) => index(label)),
            scalars,
            bufferOf,
          );
          return scalars.guard(target(scalars, index(node.axis)), length, value);
        },
      };
    }
    default:
      return elementwise(node, operandsOnly);
  }
}

/** A δ between two output labels makes them one label: the loops run along the diagonal, the rest is zero. */
function productIteration(node: Einsum, bufferOf: BufferOf): Iteration {
  const joined = new Map<number, number>();
  const root = (label: number): number => {
    const next = joined.get(label);
    return next === undefined ? label : root(next);
  };
  node.operands.forEach((operand, i) => {
    const [a, b] = (node.labels[i] ?? []).map(root);
    if (operand.kind === "delta" && a !== b) joined.set(b as number, a as number);
  });
  const labels = node.sizes
    .map((size, label) => ({
      label,
      size: constantSize(size) as number,
      combined: !node.output.some((o) => root(o) === label),
    }))
    .filter(({ label }) => root(label) === label);
  return {
    labels,
    combine: labels.some((l) => l.combined) ? "sum" : "store",
    target: node.output.map(root),
    partial: joined.size > 0,
    value: (scalars, index) => productOf(node, (label) => index(root(label)), scalars, bufferOf),
  };
}

/** Factors that change least come first, so that their product leaves the inner loops. */
function productOf(node: Einsum, index: (label: number) => Index, scalars: ScalarGraph, bufferOf: BufferOf): Scalar {
  const factors = node.operands
    .map((operand, i) => ({ operand, indices: (node.labels[i] ?? []).map(index) }))
    .filter(({ operand, indices: [a, b] }) => !(operand.kind === "delta" && sameIndex(a, b)))
    .map(({ operand, indices }) => valueOf(operand, indices, scalars, bufferOf));
  const [first, ...rest] = factors.sort((a, b) => a.depth - b.depth);
  return rest.reduce((product, factor) => scalars.apply("multiply", product, factor), first ?? scalars.number(1));
}

function sameIndex(a: Index | undefined, b: Index | undefined): boolean {
  if (a === undefined || b === undefined || typeof a === "string" || typeof b === "string") return a === b;
  return "loop" in a && "loop" in b && a.loop === b.loop;
}

// ------------------------------------------------------------------------------------------------------------ order

interface Loop {
  readonly label: number;
  readonly size: number;
  readonly combined: boolean;
}

/** Tries every order of few loops on a rough model of memory traffic, and takes the cheapest. */
function order(node: Node, iteration: Iteration, target: Buffer): Nest {
  const loops: readonly Loop[] = iteration.labels.filter(({ size }) => size > 1);
  const reducing = iteration.combine !== "sum" && iteration.combine !== "store";
  const sketch = build(node, iteration, target, loops);
  const allowed = (candidate: readonly Loop[]): boolean =>
    !reducing || candidate.length === 0 || loops.every((l) => !l.combined) || (candidate.at(-1) as Loop).combined;
  const all = accesses(sketch, loops.length);
  let best = loops;
  let bestCost = Infinity;
  for (const candidate of loops.length <= 5 ? permutations(loops) : [byStride(loops, all, reducing)]) {
    if (!allowed(candidate)) continue;
    const cost = trafficOf(candidate, loops, all);
    if (cost < bestCost) [best, bestCost] = [candidate, cost];
  }
  const nest = best.every((loop, i) => loop === loops[i]) ? sketch : build(node, iteration, target, best);
  const joined = joinLoops(best, nest);
  return joined.length === best.length ? nest : build(node, iteration, target, joined);
}

/** The nest with the loops in the order given; labels of size one have no loop. */
function build(node: Node, iteration: Iteration, target: Buffer, loops: readonly Loop[]): Nest {
  const scalars = createScalarGraph();
  const indices = new Map<number, Index>(loops.map(({ label }, loop) => [label, { loop }]));
  const indexOf = (label: number): Index => indices.get(label) ?? "only";
  const value = reducesOneEntry(iteration, loops) ? scalars.number(0) : iteration.value(scalars, indexOf);
  const sizes = dimensions(node);
  const where = iteration.target.map(indexOf);
  if (iteration.scatter !== undefined) {
    const { axis, index } = iteration.scatter;
    where[axis] = { value: index(scalars, indexOf(axis)) };
  }
  const address = scalars.address(target, rowMajorStrides(sizes), sizes, where);
  const lastTarget = loops.findLastIndex((loop) => !loop.combined);
  const registerFrom = loops.some((loop) => loop.combined) ? lastTarget + 1 : loops.length;
  const intoTarget = iteration.scatter !== undefined || loops.slice(0, registerFrom).some((loop) => loop.combined);
  return {
    sizes: loops.map((loop) => loop.size),
    combine: iteration.combine,
    value,
    target: address,
    registerFrom,
    intoTarget,
    clear:
      intoTarget || iteration.partial
        ? {
            address: scalars.address(
              target,
              sizes.map(() => 0),
              sizes,
              sizes.map(() => "only"),
            ),
            entries: elements(node),
          }
        : undefined,
  };
}

/** argmax over a single entry is 0 whatever the entry. */
const reducesOneEntry = (iteration: Iteration, loops: readonly Loop[]): boolean =>
  iteration.combine === "argmax" && loops.every((loop) => !loop.combined);

/** The strides of every access, an entry a loop; reads first, the target last. */
function accesses(nest: Nest, loops: number): readonly (readonly number[])[] {
  const addresses = closure([nest.value]).flatMap((scalar) => (scalar.op === "load" ? [scalar.address] : []));
  return [...addresses, nest.target].map((address) =>
    Array.from({ length: loops }, (_, loop) => strideAlong(address, loop) ?? Number.POSITIVE_INFINITY),
  );
}

/** Estimated cost of an order, in loads; `all` has the accesses' strides by the loops in their original order. */
function trafficOf(candidate: readonly Loop[], loops: readonly Loop[], all: readonly (readonly number[])[]): number {
  const innermost = candidate.at(-1);
  if (innermost === undefined) return 0;
  const positions = candidate.map((loop) => loops.indexOf(loop));
  const iterations = loops.reduce((product, loop) => product * loop.size, 1);
  const inner = positions.at(-1) as number;
  const cacheEntries = 32_768;
  let cost = iterations * (innermost.size < 8 ? 4 / innermost.size : 0);
  all.forEach((strides, i) => {
    const isTarget = i === all.length - 1;
    const stride = strides[inner] as number;
    if (isTarget) cost += iterations * (innermost.combined ? 0 : stride === 1 ? 1.5 : 5);
    else cost += iterations * (stride === 0 ? 0 : stride === 1 ? 1 : 3);
    const read = positions.filter((p) => strides[p] !== 0);
    const size = read.reduce((product, p) => product * (loops[p] as Loop).size, 1);
    if (size < cacheEntries) return;
    // A large array should be walked in its own order, and once.
    const descending = read.every(
      (p, k) => k === 0 || (strides[read[k - 1] as number] as number) >= (strides[p] as number),
    );
    if (!descending) cost += 3 * size;
    const firstOwn = positions.findIndex((p) => strides[p] !== 0);
    const passes = positions.slice(0, firstOwn).reduce((product, p) => product * (loops[p] as Loop).size, 1);
    cost += 0.5 * size * (passes - 1);
  });
  return cost;
}

/** For many loops: the order of the largest array, what a reduction combines innermost. */
function byStride(loops: readonly Loop[], all: readonly (readonly number[])[], reducing: boolean): readonly Loop[] {
  const span = (strides: readonly number[]): number =>
    strides.reduce((n, s, i) => (s === 0 ? n : n * (loops[i] as Loop).size), 1);
  const main = [...all].sort((a, b) => span(b) - span(a))[0] ?? [];
  return [...loops].sort((x, y) => {
    if (reducing && x.combined !== y.combined) return x.combined ? 1 : -1;
    return (main[loops.indexOf(y)] ?? 0) - (main[loops.indexOf(x)] ?? 0);
  });
}

function permutations<T>(list: readonly T[]): readonly (readonly T[])[] {
  if (list.length <= 1) return [list];
  return list.flatMap((first, i) =>
    permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [first, ...rest]),
  );
}

/** Inner loops shorter than this are joined with the loop around where every access allows it. */
const shortLoop = 32;

function joinLoops(loops: readonly Loop[], nest: Nest): readonly Loop[] {
  if (
    closure([nest.value, nest.target]).some((s) => s.op === "position" || s.op === "displace") ||
    nest.combine === "argmax"
  )
    return loops;
  const all = accesses(nest, loops.length);
  const last = loops.length - 1;
  const [outer, inner] = [loops[last - 1], loops[last]];
  if (outer === undefined || inner === undefined || outer.combined !== inner.combined || inner.size >= shortLoop)
    return loops;
  const continues = all.every((strides) => strides[last - 1] === (strides[last] as number) * inner.size);
  // The outer label keeps no loop of its own: its index is 0 while the inner one runs through both.
  return continues ? [...loops.slice(0, -2), { ...inner, size: outer.size * inner.size }] : loops;
}
