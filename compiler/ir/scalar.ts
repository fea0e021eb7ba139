/** What each elementwise function is on numbers: constants are folded with it. */
import type { MapFunction } from "./node.ts";

const truth = (condition: boolean): number => (condition ? 1 : 0);

/** log(1 + eˣ), without overflow */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** 1/(1 + e⁻ˣ), without overflow */
function sigmoid(x: number): number {
  const small = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + small) : small / (1 + small);
}

/**
 * erf to double precision: for |x| < 2.5 the series 2/√π e^(−x²) Σ 2ᵏ x^(2k+1) / (1·3·…·(2k+1)), beyond it the continued fraction
 * of erfc, e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))).
 */
function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || size > 6) return Number.isNaN(x) ? x : Math.sign(x);
  const bell = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (size < 2.5) {
    let term = 2 * x;
    let sum = term;
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
      term *= (2 * x * x) / (2 * k + 1);
      sum += term;
    }
    return bell * sum;
  }
  let fraction = size;
  for (let k = 60; k >= 1; k--) fraction = size + k / 2 / fraction;
  return Math.sign(x) * (1 - bell / fraction);
}

export const scalarFunctions = {
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  expm1: Math.expm1,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sign: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  acos: (x: number) => Math.acos(Math.min(Math.max(x, -1), 1)),
  tanh: Math.tanh,
  sigmoid,
  softplus,
  erf,
  /** |x| + log1p(e^(−2|x|)) − log 2, which cancels near 0; there log1p(2 sinh²(x/2)). */
  logcosh: (x: number) =>
    Math.abs(x) < 1
      ? Math.log1p(2 * Math.sinh(x / 2) ** 2)
      : Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2,
  relu: (x: number) => Math.max(x, 0),
  huber(x: number): number {
    const near = Math.min(Math.abs(x), 1);
    return near * (Math.abs(x) - near / 2);
  },
  stop: (x: number) => x,
  not: (x: number) => truth(x === 0),
  power: (x: number, p: number) => x ** p,
  maximum: (a: number, b: number) => Math.max(a, b),
  minimum: (a: number, b: number) => Math.min(a, b),
  equal: (a: number, b: number) => truth(a === b),
  less: (a: number, b: number) => truth(a < b),
  less_equal: (a: number, b: number) => truth(a <= b),
  and: (a: number, b: number) => truth(a !== 0 && b !== 0),
  or: (a: number, b: number) => truth(a !== 0 || b !== 0),
  select: (c: number, a: number, b: number) => (c !== 0 ? a : b),
} as const satisfies Record<MapFunction, (...x: number[]) => number>;

/** One entry of an elementwise function. */
export function applyScalar(fn: MapFunction, x: readonly number[]): number {
  return (scalarFunctions[fn] as (...x: readonly number[]) => number)(...x);
}
