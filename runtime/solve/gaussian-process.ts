/**
 * A Gaussian process through values at points of the unit cube (Rasmussen and Williams 2006): constant mean, variance σ², and Matérn's
 * covariance of order 5/2 with a length for each coordinate,
 *
 *     k(r) = (1 + √5 r + 5 r² / 3) exp(−√5 r),   r² = Σ_j ((x_j − x′_j) / ℓ_j)².
 *
 * Mean and variance maximise the likelihood in closed form, the lengths by coordinate search.
 */
import { dot } from "./arrays.ts";

export interface GaussianProcess {
  /** Mean and standard deviation of the value at a point. */
  readonly at: (x: Float64Array) => { readonly mean: number; readonly deviation: number };
}

/** Added to the diagonal, relative to the variance: the values are those of solved problems, all but free of noise. */
const nugget = 1e-8;
const lengths = { least: 0.03, most: 10, start: 0.3 } as const;
/** Factors by which a length is tried, round by round. */
const factors = [3, 1.7, 1.2] as const;

export function fitGaussianProcess(points: readonly Float64Array[], values: readonly number[]): GaussianProcess {
  const dimensions = points[0]?.length ?? 0;
  let best = processWith(points, values, new Float64Array(dimensions).fill(lengths.start));
  for (const factor of factors) {
    for (let improves = true; improves; ) {
      improves = false;
      for (let j = 0; j < dimensions; j += 1) {
        for (const by of [factor, 1 / factor]) {
          const length = (best?.scales[j] ?? lengths.start) * by;
          if (length < lengths.least || length > lengths.most) continue;
          const scales = (best?.scales ?? new Float64Array(dimensions).fill(lengths.start)).with(j, length);
          const found = processWith(points, values, scales);
          if (found === undefined || (best !== undefined && !(found.likelihood > best.likelihood + 1e-6))) continue;
          best = found;
          improves = true;
        }
      }
    }
  }
  if (best === undefined) {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { at: () => ({ mean, deviation: 1 }) };
  }
  return best;
}

export interface Fitted extends GaussianProcess {
  readonly scales: Float64Array;
  readonly likelihood: number;
}

/** Given the lengths ℓ; `undefined` where the covariance is singular to rounding. `likelihood` is its logarithm, up to a constant. */
export function processWith(
  points: readonly Float64Array[],
  values: readonly number[],
  scales: Float64Array,
): Fitted | undefined {
  const n = points.length;
  const rows = choleskyRows(n, (i, k) => covariance(points[i], points[k], scales) + (i === k ? nugget : 0));
  if (rows === undefined) return undefined;
  const ones = solveLower(rows, new Float64Array(n).fill(1));
  const own = solveLower(rows, Float64Array.from(values));
  const mean = dot(ones, own) / dot(ones, ones);
  const rest = own.map((value, i) => value - mean * (ones[i] as number));
  const variance = Math.max(dot(rest, rest) / n, Number.MIN_VALUE);
  const logDeterminant = 2 * rows.reduce((sum, row, i) => sum + Math.log(row[i] as number), 0);
  return {
    scales,
    likelihood: -(n * Math.log(variance) + logDeterminant) / 2,
    at: (x) => {
      const k = solveLower(
        rows,
        Float64Array.from(points, (point) => covariance(point, x, scales)),
      );
      // What the estimate of the mean adds: (1 − 1ᵀK⁻¹k)² / 1ᵀK⁻¹1.
      const unexplained = 1 - dot(ones, k);
      const share = 1 + nugget - dot(k, k) + unexplained ** 2 / dot(ones, ones);
      return { mean: mean + dot(k, rest), deviation: Math.sqrt(Math.max(0, variance * share)) };
    },
  };
}

function covariance(a: Float64Array | undefined, b: Float64Array | undefined, scales: Float64Array): number {
  let square = 0;
  for (let j = 0; j < scales.length; j += 1)
    square += (((a?.[j] as number) - (b?.[j] as number)) / (scales[j] as number)) ** 2;
  const r = Math.sqrt(5 * square);
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** L of A = L Lᵀ, row by row. */
function choleskyRows(n: number, entry: (i: number, k: number) => number): readonly Float64Array[] | undefined {
  const rows: Float64Array[] = [];
  for (let i = 0; i < n; i += 1) {
    const row = new Float64Array(i + 1);
    for (let k = 0; k <= i; k += 1) {
      const other = k === i ? row : (rows[k] as Float64Array);
      let sum = entry(i, k);
      for (let l = 0; l < k; l += 1) sum -= (row[l] as number) * (other[l] as number);
      if (k === i && !(sum > 0)) return undefined;
      row[k] = k === i ? Math.sqrt(sum) : sum / (other[k] as number);
    }
    rows.push(row);
  }
  return rows;
}

/** L⁻¹ b, overwriting b. */
function solveLower(rows: readonly Float64Array[], b: Float64Array): Float64Array {
  rows.forEach((row, i) => {
    let sum = b[i] as number;
    for (let l = 0; l < i; l += 1) sum -= (row[l] as number) * (b[l] as number);
    b[i] = sum / (row[i] as number);
  });
  return b;
}
