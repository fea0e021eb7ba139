/** Elementary functions in fixed-point arithmetic of 256 bits: the judge of the last place. */

/** The value m · 2^e. */
export interface Exact {
  readonly m: bigint;
  readonly e: number;
}

const bits = 256;
const one = 1n << BigInt(bits);

const times = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(bits);
const over = (a: bigint, b: bigint): bigint => (a << BigInt(bits)) / b;
const shifted = (a: bigint, by: number): bigint => (by >= 0 ? a << BigInt(by) : a >> BigInt(-by));
const fixed = (m: bigint): Exact => ({ m, e: -bits });

/** 2 artanh z = log((1 + z)/(1 − z)) for |z| ≤ 1/3. */
function twiceArtanh(z: bigint): bigint {
  const square = times(z, z);
  let sum = 0n;
  let power = z;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k;
    power = times(power, square);
  }
  return 2n * sum;
}

const log2 = twiceArtanh(one / 3n);

/** A double as m · 2^e. */
export function exactly(x: number): Exact {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const raw = view.getBigUint64(0);
  const exponent = Number((raw >> 52n) & 2047n);
  const fraction = raw & ((1n << 52n) - 1n);
  const m = exponent === 0 ? fraction : fraction | (1n << 52n);
  return { m: x < 0 ? -m : m, e: Math.max(exponent, 1) - 1075 };
}

/** eˣ as p · 2ⁿ with p near 1, for x in fixed point. */
function power(x: bigint): { readonly p: bigint; readonly n: number } {
  const n = Number((2n * x + log2) / (2n * log2));
  const r = x - BigInt(n) * log2;
  let sum = one;
  let term = one;
  for (let k = 1n; term !== 0n && term !== -1n; k += 1n) {
    term = times(term, r) / k;
    sum += term;
  }
  return { p: sum, n };
}

/** log x for a positive x in fixed point. */
function logarithm(x: bigint): bigint {
  const n = x.toString(2).length - 1 - bits;
  const near = shifted(x, -n);
  const high = near > (one * 3n) / 2n ? 1 : 0;
  const m = shifted(near, -high);
  return twiceArtanh(over(m - one, m + one)) + BigInt(n + high) * log2;
}

/** Functions of a finite x, given as a double of magnitude 2⁻¹⁰⁰ at least, and exactly. */
export const exact = {
  exp: (_, x) => {
    const { p, n } = power(x);
    return { m: p, e: n - bits };
  },
  expm1: (value, x) => {
    if (value < -170) return fixed(-one);
    const { p, n } = power(x);
    return fixed(shifted(p, n) - one);
  },
  log: (value) => {
    const { m, e } = exactly(value);
    return fixed(logarithm(m << BigInt(bits)) + BigInt(e) * log2);
  },
  log1p: (_, x) => fixed(logarithm(one + x)),
  sigmoid: (_, x) => {
    const { p, n } = power(x);
    if (n > 200) return fixed(one);
    return { m: over(p, one + shifted(p, n)), e: n - bits };
  },
  tanh: (value, x) => {
    if (Math.abs(value) > 100) return fixed(value > 0 ? one : -one);
    const { p, n } = power(2n * x);
    const square = shifted(p, n);
    return fixed(over(square - one, square + one));
  },
  softplus: (value, x) => {
    const { p, n } = power(x);
    if (value > 60) return fixed(x + shifted(power(-x).p, power(-x).n));
    // e^x (1 − e^x / 2), all that 53 bits can see of log(1 + e^x).
    if (value < -60) return { m: times(p, one - shifted(p, n - 1)), e: n - bits };
    return fixed(logarithm(one + shifted(p, n)));
  },
} as const satisfies Record<string, (value: number, x: bigint) => Exact>;

/** x in fixed point; exact where |x| ≥ 2⁻¹⁰⁰. */
export function toFixed(x: number): bigint {
  const { m, e } = exactly(x);
  return shifted(m, e + bits);
}

/** How far y is from the reference, in units of the last place that a double of its size has. */
export function ulps(y: number, reference: Exact): number {
  const length = (reference.m < 0n ? -reference.m : reference.m).toString(2).length + reference.e;
  const unit = Math.max(length - 53, -1074);
  const { m, e } = exactly(y);
  const common = Math.min(e, reference.e, unit);
  const difference = shifted(m, e - common) - shifted(reference.m, reference.e - common);
  const scaled = (1000n * (difference < 0n ? -difference : difference)) / shifted(1n, unit - common);
  return Number(scaled) / 1000;
}
