/** Sums over plain arrays of any length: spreading a long one into Math.max or Math.hypot would overflow the stack. */

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Scaled, so that squares neither overflow nor vanish. */
export function norm(values: Float64Array): number {
  const scale = largestMagnitude(values);
  if (scale === 0 || !Number.isFinite(scale)) return scale;
  let sum = 0;
  for (const value of values) sum += (value / scale) ** 2;
  return scale * Math.sqrt(sum);
}

/** NaN where an entry is. */
export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) {
    const magnitude = Math.abs(values[i] as number);
    if (!(magnitude <= largest)) largest = magnitude;
    if (Number.isNaN(largest)) return largest;
  }
  return largest;
}
