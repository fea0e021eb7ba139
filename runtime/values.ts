/** Numbers between the engine's flat vectors and the nested arrays that people read and write. */
import type { NestedArray, Value, Weights } from "./types.ts";

/** Row-major numbers as nested arrays; a scalar is a number. */
export function toNested(values: ArrayLike<number>, shape: readonly number[], offset = 0): NestedArray {
  const [first, ...rest] = shape;
  if (first === undefined) return values[offset] as number;
  const stride = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: first }, (_, i) => toNested(values, rest, offset + i * stride));
}

/** The shape of a nested array, or `undefined` where it is ragged. */
export function shapeOfNested(value: NestedArray): readonly number[] | undefined {
  if (typeof value === "number") return [];
  const inner = value.map(shapeOfNested);
  const first = inner[0] ?? [];
  const regular = inner.every((shape) => shape !== undefined && shape.join() === first.join());
  return regular ? [value.length, ...first] : undefined;
}

/** All numbers, row-major; of weights tensor by tensor. */
export function flatten(value: Value | readonly Value[]): number[] {
  if (typeof value === "number") return [value];
  return (Array.isArray(value) ? value : Object.values(value)).flatMap(flatten);
}

/** Numbers for a declared shape: nested arrays of it, or one number that fills it; `undefined` where they do not fit. */
export function numbersFor(value: NestedArray, shape: readonly number[]): Float64Array | undefined {
  const length = shape.reduce((a, b) => a * b, 1);
  if (typeof value === "number") return new Float64Array(length).fill(value);
  const own = shapeOfNested(value);
  return own !== undefined && own.join() === shape.join() ? Float64Array.from(flatten(value)) : undefined;
}

export const isWeights = (value: Value): value is Weights => typeof value === "object" && !Array.isArray(value);
