/**
 * The exponential, two at a time: eˣ = 2ⁿ eʳ with n = round(x / log 2) and |r| ≤ log 2 / 2, and eʳ by its Taylor polynomial of degree 13, whose
 * remainder r¹⁴/14! is below 5e-18. Subnormal results round once; ±∞ and NaN come out as they should.
 */
import type { Code } from "./assembler.ts";

/** log 2 in two parts; the first has 33 significant bits, so that n times it is exact (|n| < 2¹¹), and the second what it lacks. */
const log2High = Math.round(Math.LN2 * 2 ** 33) / 2 ** 33;
const log2Low = -4.2009150726810846e-11;

/** Added to a small integer it leaves that integer in the low bits: 1.5 · 2⁵². */
const shifter = 6_755_399_441_055_744;

const degree = 13;

/** Arguments beyond these give 0 and ∞ anyway, and n stays in range. */
const [lowest, highest] = [-746, 710];

/** The vector on the stack becomes its exponential. */
export function emitExponential(code: Code): void {
  const [n, r, square, half] = [code.local("v128"), code.local("v128"), code.local("v128"), code.local("v128")];
  const constant = (value: number): void => code.v128(value, value);
  const clamped = r;
  constant(lowest);
  code.op("f64x2_max");
  constant(highest);
  code.op("f64x2_min");
  code.tee(clamped);
  constant(Math.LOG2E);
  code.op("f64x2_mul");
  code.op("f64x2_nearest");
  code.set(n);
  code.get(clamped);
  for (const part of [log2High, log2Low]) {
    code.get(n);
    constant(part);
    code.op("f64x2_mul");
    code.op("f64x2_sub");
  }
  code.tee(r);
  code.get(r);
  code.op("f64x2_mul");
  code.set(square);

  // eʳ = 1 + (r + r² q(r)), q by its even and its odd terms: two short chains instead of a long one.
  constant(1);
  code.get(r);
  code.get(square);
  emitPolynomial(code, square, coefficients(0));
  code.get(r);
  emitPolynomial(code, square, coefficients(1));
  code.op("f64x2_mul");
  code.op("f64x2_add");
  code.op("f64x2_mul");
  code.op("f64x2_add");
  code.op("f64x2_add");

  // 2ⁿ in two factors, since 2¹⁰²⁴ and 2⁻¹⁰⁷⁵ are no normal numbers themselves.
  code.get(n);
  constant(0.5);
  code.op("f64x2_mul");
  code.op("f64x2_nearest");
  code.set(half);
  emitPowerOfTwo(code, () => code.get(half));
  code.op("f64x2_mul");
  emitPowerOfTwo(code, () => {
    code.get(n);
    code.get(half);
    code.op("f64x2_sub");
  });
  code.op("f64x2_mul");
}

/** 1/k! for k = 2 + parity, 4 + parity, ... */
function coefficients(parity: 0 | 1): readonly number[] {
  const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1));
  const list: number[] = [];
  for (let k = 2 + parity; k <= degree; k += 2) list.push(1 / factorial(k));
  return list;
}

/** Leaves Σ c_k xᵏ (Horner). */
function emitPolynomial(code: Code, x: number, c: readonly number[]): void {
  const [last, ...rest] = [...c].reverse() as [number, ...number[]];
  code.v128(last, last);
  for (const value of rest) {
    code.get(x);
    code.op("f64x2_mul");
    code.v128(value, value);
    code.op("f64x2_add");
  }
}

/** Leaves 2ᵏ for whole k, |k| ≤ 1022: the biased exponent moved into place. */
function emitPowerOfTwo(code: Code, k: () => void): void {
  k();
  // 1023 added as a real, so that the low bits hold the biased exponent.
  code.v128(shifter + 1023, shifter + 1023);
  code.op("f64x2_add");
  code.i32(52);
  code.op("i64x2_shl");
}
