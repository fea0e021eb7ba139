/**
 * Bayesian optimisation (Jones, Schonlau and Welch 1998): after an even start, each next point is the one where a Gaussian process through
 * the values so far expects to improve most on the best of them,
 *
 *     E[max(f* − f(x), 0)] = (f* − m) Φ(z) + s φ(z),   z = (f* − m) / s.
 */
import { scalarFunctions } from "../../compiler/ir/scalar.ts";
import { createRandom, type Random } from "../random.ts";
import { fitGaussianProcess, type GaussianProcess } from "../solve/gaussian-process.ts";
import { spread } from "../solve/sobol.ts";
import type { Proposals } from "./search.ts";

/** Points before the first that is chosen: so many a dimension, and some. */
const startPoints = { each: 2, more: 3 } as const;
/** Points that expected improvement is looked at, evenly spread and around the best; the best few are refined. */
const candidates = { even: 512, near: 128, refined: 4 } as const;

export function* bayes(count: number, dimensions: number, seed: number): Proposals {
  const random = createRandom(seed + 1);
  const tried: Float64Array[] = [];
  const values: number[] = [];
  const take = (points: readonly Float64Array[], told: readonly number[]): void => {
    for (const [k, value] of told.entries()) {
      if (!Number.isFinite(value)) continue;
      tried.push(points[k] as Float64Array);
      values.push(value);
    }
  };
  const first = spread(Math.min(count, startPoints.each * dimensions + startPoints.more), dimensions, seed);
  take(first, yield first);
  for (let k = first.length; k < count; k += 1) {
    const next = [tried.length < 2 ? uniform(dimensions, random) : mostPromising(tried, values, seed + k, random)];
    take(next, yield next);
  }
}

function uniform(dimensions: number, random: Random): Float64Array {
  return Float64Array.from({ length: dimensions }, () => random.uniform());
}

function mostPromising(
  tried: readonly Float64Array[],
  values: readonly number[],
  seed: number,
  random: Random,
): Float64Array {
  const process = fitGaussianProcess(tried, values);
  const least = Math.min(...values);
  const best = tried[values.indexOf(least)] as Float64Array;
  const near = Array.from({ length: candidates.near }, () => {
    const width = 10 ** (-1 - 3 * random.uniform());
    return best.map((u) => clamp(u + width * random.normal()));
  });
  const gain = (x: Float64Array): number => expectedImprovement(process, least, x);
  const ranked = [...spread(candidates.even, best.length, seed), ...near]
    .map((x) => ({ x, gain: gain(x) }))
    .toSorted((a, b) => b.gain - a.gain);
  const refined = ranked.slice(0, candidates.refined).map(({ x }) => climb(gain, x));
  return refined.reduce((a, b) => (gain(b) > gain(a) ? b : a));
}

const clamp = (u: number): number => Math.min(1, Math.max(0, u));

/** Coordinate steps that are halved where none of them gains. */
function climb(gain: (x: Float64Array) => number, start: Float64Array): Float64Array {
  let [x, most] = [start, gain(start)];
  for (let width = 0.05; width > 1e-5; ) {
    let moved = false;
    for (let j = 0; j < x.length; j += 1) {
      for (const step of [width, -width]) {
        const next = x.with(j, clamp((x[j] as number) + step));
        const found = gain(next);
        if (found > most) [x, most, moved] = [next, found, true];
      }
    }
    if (!moved) width /= 2;
  }
  return x;
}

function expectedImprovement(process: GaussianProcess, least: number, x: Float64Array): number {
  const { mean, deviation } = process.at(x);
  if (deviation === 0) return Math.max(least - mean, 0);
  const z = (least - mean) / deviation;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return (least - mean) * 0.5 * (1 + scalarFunctions.erf(z / Math.SQRT2)) + deviation * density;
}
