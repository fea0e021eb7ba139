/**
 * Loop nests: the one form in which everything but matrix products and factorisations is computed. A nest visits its
 * index space in order and stores, or combines, one value per iteration; the innermost loop works on two entries at a time.
 */
import { costOf } from "./functions.ts";
import { type Scalar, strideAlong } from "./scalar.ts";

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
  /** Zeroes this many bytes from this address first. */
  readonly clear: { readonly address: Scalar; readonly bytes: number } | undefined;
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

/** Two entries at once: no computed address moves with the innermost loop, and what is stored lies side by side. */
export function canVectorise(nest: Nest, needed: readonly Scalar[]): boolean {
  const last = nest.sizes.length - 1;
  if (nest.combine === "argmax") return false;
  if (needed.some((s) => s.op === "displace" && s.index.depth > last)) return false;
  return nest.registerFrom <= last || strideAlong(nest.target, last) === 1;
}

export const widestUnroll = 4;

/** Copies of the innermost body: enough independent sums to hide an addition's latency, few where the body is long. */
export function unrollOf(nest: Nest, needed: readonly Scalar[]): number {
  const last = nest.sizes.length - 1;
  const weight = needed
    .filter((s) => s.depth > last && s.type === "f64")
    .reduce((total, s) => total + (s.op === "apply" ? costOf(s.fn) : 1), 0);
  const pairs = Math.floor((nest.sizes[last] as number) / 2);
  const limit = weight > 16 ? 1 : nest.registerFrom <= last && weight <= 8 ? widestUnroll : 2;
  return Math.max(1, Math.min(limit, pairs));
}
