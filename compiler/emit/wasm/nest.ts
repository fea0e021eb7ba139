/**
 * Loop nests: the one form in which everything but matrix products and factorisations is computed. A nest visits its
 * index space in order and stores, or combines, one value per iteration; the innermost loop works on a vector of entries at a time.
 */
import { costOf } from "./functions.ts";
import { closure, dependsOn, type Scalar, strideAlong } from "./scalar.ts";

/** What happens to the values that meet in one entry of the target. */
export type Combine = "store" | "sum" | "max" | "min" | "argmax";

export interface Nest {
  /** Trip counts, outermost first; none is 0 or 1. */
  readonly sizes: readonly number[];
  readonly combine: Combine;
  readonly value: Scalar;
  readonly target: Scalar;
  /** Loops from this one on are combined in a register; `sizes.length` where none is. */
  readonly registerFrom: number;
  /** The target is read and added to: a combined loop lies outside a loop of the target. */
  readonly intoTarget: boolean;
  /** Zeroes this many entries from this address first. */
  readonly clear: { readonly address: Scalar; readonly entries: number } | undefined;
}

export const identities = {
  store: 0,
  sum: 0,
  max: -Infinity,
  min: Infinity,
  argmax: -Infinity,
} as const satisfies Record<Combine, number>;

/** The value of an empty reduction. */
export function emptyValue(combine: Combine): number {
  return combine === "argmax" ? 0 : identities[combine];
}

/** A vector of entries at once: no computed address moves with the innermost loop, and what is stored lies side by side. */
export function canVectorise(nest: Nest, needed: readonly Scalar[]): boolean {
  const last = nest.sizes.length - 1;
  if (nest.combine === "argmax") return false;
  if (needed.some((s) => s.op === "displace" && s.index.depth > last)) return false;
  return nest.registerFrom <= last || strideAlong(nest.target, last) === 1;
}

/** All scalars that the nest computes, arguments first. */
export function neededBy(nest: Nest): readonly Scalar[] {
  return closure([nest.value, nest.target, ...(nest.clear === undefined ? [] : [nest.clear.address])]);
}

/** The addresses that the nest loads from. */
export function readsOf(nest: Nest): readonly Scalar[] {
  return closure([nest.value, nest.target]).flatMap((scalar) => (scalar.op === "load" ? [scalar.address] : []));
}

const costOfScalar = (s: Scalar): number => (s.type === "i32" ? 0 : s.op === "apply" ? costOf(s.fn) : 1);

/** Multiply-adds, roughly: how often each scalar is computed, times what that costs. */
export function workOf(nest: Nest): number {
  const trips = [1];
  for (const size of nest.sizes) trips.push((trips.at(-1) as number) * size);
  const work = neededBy(nest).reduce((sum, s) => sum + costOfScalar(s) * (trips[s.depth] as number), 0);
  return Math.max(work / 2, trips.at(-1) as number);
}

export const widestUnroll = 4;

/** Copies of the innermost body: enough independent sums to hide an addition's latency, few where the body is long. */
export function unrollOf(nest: Nest, needed: readonly Scalar[], lanes: number): number {
  const last = nest.sizes.length - 1;
  const weight = needed.filter((s) => s.depth > last).reduce((total, s) => total + costOfScalar(s), 0);
  const vectors = Math.floor((nest.sizes[last] as number) / lanes);
  const widest = rowsAtOnce(nest, needed) > 1 ? 1 : widestUnroll;
  const limit = weight > 16 ? 1 : nest.registerFrom <= last && weight <= 8 ? widest : Math.min(2, widest);
  return Math.max(1, Math.min(limit, vectors));
}

const mostRows = 4;

/**
 * Rows of the loop around the innermost one that are worked on together: what they share is loaded once, and where they are added
 * up in one row of the target, that is loaded and stored once. Only where the work on a row is so little that this matters.
 */
export function rowsAtOnce(nest: Nest, needed: readonly Scalar[]): number {
  const last = nest.sizes.length - 1;
  const around = last - 1;
  if (around < 0 || (nest.sizes[around] as number) < mostRows || nest.combine === "argmax") return 1;
  if (needed.some((s) => s.op === "displace" && dependsOn(s.index, around))) return 1;
  const innermost = needed.filter((s) => s.depth > last && s.type === "real" && dependsOn(s, around));
  if (innermost.reduce((sum, s) => sum + costOfScalar(s), 0) > 4) return 1;
  const meets = nest.intoTarget && nest.registerFrom > last && strideAlong(nest.target, around) === 0;
  return nest.registerFrom === last || meets ? mostRows : 1;
}
