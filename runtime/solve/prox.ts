/**
 * Proximal operators and projections, with the face each identifies. All work in place on plain arrays: they are a pass over an
 * unknown, small beside the gradient that comes with every step.
 */
import { norm } from "./arrays.ts";
import { symmetricSpectrum } from "./symmetric.ts";

/** prox of t Σ w |y − c| at z: what is within t w of its centre goes there. `support` is 1 where it does not. */
export function proxPenalty(
  z: Float64Array,
  t: number,
  weight: Float64Array,
  centre: Float64Array,
  support: Float64Array,
): void {
  z.forEach((value, i) => {
    const c = centre[i] as number;
    const threshold = t * (weight[i] as number);
    const apart = value - c;
    support[i] = Math.abs(apart) > threshold ? 1 : 0;
    z[i] = c + Math.sign(apart) * Math.max(0, Math.abs(apart) - threshold);
  });
}

/** prox of t Σ w ‖z‖ over groups, `groups` naming each entry's: every group shrinks by t w in norm, to 0 where it is shorter. */
export function proxGroups(
  z: Float64Array,
  t: number,
  weight: Float64Array,
  groups: Int32Array,
  support: Float64Array,
): void {
  const factors = groupNorms(z, groups, weight.length).map((norm, group) => {
    const threshold = t * (weight[group] as number);
    return norm > threshold ? 1 - threshold / norm : 0;
  });
  factors.forEach((factor, group) => {
    support[group] = factor > 0 ? 1 : 0;
  });
  z.forEach((value, i) => {
    z[i] = value * (factors[groups[i] as number] as number);
  });
}

/** The Euclidean norm of each of `count` groups. */
export function groupNorms(z: Float64Array, groups: Int32Array, count: number): Float64Array {
  const squares = new Float64Array(count);
  z.forEach((value, i) => {
    const group = groups[i] as number;
    squares[group] = (squares[group] as number) + value * value;
  });
  return squares.map(Math.sqrt);
}

/** By how much the ends of intervals miss each other at the most: above 0, some interval is empty. */
export function emptiness(low: Float64Array, high: Float64Array): number {
  return high.reduce((most, end, i) => Math.max(most, (low[i] as number) - end), 0);
}

/** Clamps z to [low, high]; the masks are 1 where it was clamped. */
export function projectBox(
  z: Float64Array,
  low: Float64Array,
  high: Float64Array,
  atLow: Float64Array,
  atHigh: Float64Array,
): void {
  z.forEach((value, i) => {
    const [a, b] = [low[i] as number, high[i] as number];
    atLow[i] = value <= a ? 1 : 0;
    atHigh[i] = value >= b && value > a ? 1 : 0;
    z[i] = Math.min(b, Math.max(a, value));
  });
}

/** Projects each row of length `width` to the probability simplex (Held, Wolfe and Crowder 1974). */
export function projectSimplex(z: Float64Array, width: number, support: Float64Array): void {
  for (let from = 0; from < z.length; from += width) {
    const row = z.subarray(from, from + width);
    const sorted = Float64Array.from(row).sort().reverse();
    let [sum, level] = [0, 0];
    for (let k = 0; k < width; k += 1) {
      sum += sorted[k] as number;
      const candidate = (sum - 1) / (k + 1);
      if ((sorted[k] as number) <= candidate) break;
      level = candidate;
    }
    row.forEach((value, i) => {
      support[from + i] = value > level ? 1 : 0;
      row[i] = Math.max(0, value - level);
    });
  }
}

/** Projects each row of length `width` to the ball of its radius; `active` is 1 a row where it was outside or on it. */
export function projectBall(z: Float64Array, width: number, radius: Float64Array, active: Float64Array): void {
  for (let from = 0, row = 0; from < z.length; from += width, row += 1) {
    const part = z.subarray(from, from + width);
    const length = norm(part);
    const r = radius[row] as number;
    active[row] = length >= r ? 1 : 0;
    if (length > r) part.forEach((value, i) => (part[i] = (value * r) / length));
  }
}

/**
 * Projects each matrix of order `width` to the symmetric positive semidefinite ones, by the eigenvalues of its symmetric part, which
 * are returned. `vectors` has the eigenvectors as columns, `quotients` the divided differences of max(λ, 0) between them.
 */
export function projectPsd(
  z: Float64Array,
  width: number,
  vectors: Float64Array,
  quotients: Float64Array,
): Float64Array {
  const [order, all] = [width * width, new Float64Array(z.length / width)];
  for (let from = 0, k = 0; from < z.length; from += order, k += 1) {
    const matrix = z.subarray(from, from + order);
    const symmetric = matrix.map(
      (value, at) => (value + (matrix[(at % width) * width + Math.floor(at / width)] as number)) / 2,
    );
    const spectrum = symmetricSpectrum(symmetric, width);
    all.set(spectrum.values, k * width);
    matrix.fill(0);
    spectrum.values.forEach((value, i) => {
      const vector = spectrum.vectors[i] as Float64Array;
      vector.forEach((entry, row) => {
        vectors[from + row * width + i] = entry;
        if (value > 0)
          vector.forEach((other, column) => {
            matrix[row * width + column] = (matrix[row * width + column] as number) + value * entry * other;
          });
      });
      spectrum.values.forEach((other, j) => {
        quotients[from + i * width + j] = dividedDifference(value, other);
      });
    });
  }
  return all;
}

/** (max(a, 0) − max(b, 0)) / (a − b), without cancellation. */
function dividedDifference(a: number, b: number): number {
  if (a > 0 && b > 0) return 1;
  if (a <= 0 && b <= 0) return 0;
  return Math.max(a, b) / (Math.abs(a) + Math.abs(b));
}
