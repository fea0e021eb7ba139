/**
 * Seeded random numbers: xoshiro128++ (Blackman & Vigna 2019), seeded by splitmix64 as its authors advise. Only integer
 * operations and the exactly rounded + - * / and square root are used, so a seed gives the same numbers on every
 * platform; Math.log is left to the host's taste by the language standard, hence the logarithm below.
 */

/** Four 32-bit words, then the second of a pair of normals where one is left over. Survives JSON. */
export type RandomState = readonly number[];

export interface Random {
  /** In [0, 1), a multiple of 2^-53. */
  uniform(): number;
  /** Mean 0, deviation 1. */
  normal(): number;
  /** In 0..n-1 without bias, for an integer 1 <= n <= 2^53. */
  integer(n: number): number;
  /** 0..n-1 in random order. */
  permutation(n: number): Uint32Array;
  state(): RandomState;
  restore(state: RandomState): void;
}

/** Distinct numbers are distinct seeds, fractions and negative ones included. */
export function createRandom(seed: number): Random {
  let [a, b, c, d] = seedWords(seed);
  let spare: number | undefined;

  function word(): number {
    const sum = (a + d) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + a) | 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  }

  /** In 0..2^53-1. */
  function wide(): number {
    const high = word() >>> 5;
    return high * 2 ** 26 + (word() >>> 6);
  }

  function uniform(): number {
    return wide() * 2 ** -53;
  }

  /** Marsaglia's polar method: a point in the unit disc gives two normals. */
  function normal(): number {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const scale = Math.sqrt((-2 * log(square)) / square);
        spare = y * scale;
        return x * scale;
      }
    }
  }

  /** The last, incomplete run of n values is rejected, so that every residue is equally likely. */
  function integer(n: number): number {
    const range = n <= 2 ** 32 ? 2 ** 32 : 2 ** 53;
    const draw = n <= 2 ** 32 ? word : wide;
    const limit = range - (range % n);
    for (;;) {
      const value = draw();
      if (value < limit) return value % n;
    }
  }

  /** Fisher and Yates. */
  function permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = integer(i + 1);
      const kept = order[i] ?? 0;
      order[i] = order[j] ?? 0;
      order[j] = kept;
    }
    return order;
  }

  function state(): RandomState {
    const words = [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
    return spare === undefined ? words : [...words, spare];
  }

  function restore(saved: RandomState): void {
    [a = 0, b = 0, c = 0, d = 0] = saved.map((word) => word | 0);
    spare = saved[4];
  }

  return { uniform, normal, integer, permutation, state, restore };
}

/** Two steps of splitmix64 from the seed's bits as a double (-0 counts as 0). */
function seedWords(seed: number): [number, number, number, number] {
  let state = new BigUint64Array(Float64Array.of(seed + 0).buffer)[0] ?? 0n;
  function next(): [number, number] {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    z ^= z >> 31n;
    return [Number(BigInt.asIntN(32, z)), Number(BigInt.asIntN(32, z >> 32n))];
  }
  return [...next(), ...next()];
}

const bits = new DataView(new ArrayBuffer(8));

/**
 * Natural logarithm of a positive normal double, to about 1e-16: x = m 2^e with m in [sqrt(1/2), sqrt(2)), then
 * ln m = 2 atanh(f), f = (m - 1) / (m + 1), by its series, whose terms beyond f^23 are below 1e-18.
 */
function log(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  bits.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = bits.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  const f = (mantissa - 1) / (mantissa + 1);
  const square = f * f;
  let series = 0;
  for (let power = 23; power >= 1; power -= 2) series = series * square + 1 / power;
  return exponent * Math.LN2 + 2 * f * series;
}
