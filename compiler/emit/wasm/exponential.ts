/**
 * The exponential of all lanes at once: eˣ = 2ⁿ eʳ with n = round(x / log 2) and |r| ≤ log 2 / 2, and eʳ by its Taylor polynomial, whose
 * remainder is below the last place. Subnormal results round once; ±∞ and NaN come out as they should.
 */
import type { Code } from "./assembler.ts";
import { emitPolynomial, multiplyAdd, multiplySubtract } from "./polynomial.ts";
import type { Target } from "./target.ts";

interface Format {
  /** log 2 in two parts; the first has so few bits that n times it is exact, and the second what it lacks. */
  readonly log2: readonly [number, number];
  /** Added to a small integer it leaves that integer in the low bits. */
  readonly shifter: number;
  readonly bias: number;
  /** Where the exponent's bits begin. */
  readonly fraction: number;
  /** Of the polynomial. */
  readonly degree: number;
  /** Arguments beyond these give 0 and ∞ anyway, and n stays in range. */
  readonly range: readonly [number, number];
  /** The lowest argument at which eˣ − 1 is not −1. */
  readonly lowestBelow: number;
}

const [high64, high32] = [Math.round(Math.LN2 * 2 ** 33) / 2 ** 33, Math.round(Math.LN2 * 2 ** 16) / 2 ** 16];

export const formats = {
  f64: {
    log2: [high64, -4.2009150726810846e-11],
    shifter: 1.5 * 2 ** 52,
    bias: 1023,
    fraction: 52,
    degree: 13,
    range: [-746, 710],
    lowestBelow: -50,
  },
  f32: {
    log2: [high32, Math.LN2 - high32],
    shifter: 1.5 * 2 ** 23,
    bias: 127,
    fraction: 23,
    degree: 7,
    range: [-104, 89],
    lowestBelow: -25,
  },
} as const satisfies Record<Target["precision"], Format>;

/** The vector on the stack becomes its exponential. */
export function emitExponential(code: Code): void {
  const format = formats[code.target.precision];
  const n = code.local("v128");
  const half = code.local("v128");
  const q = emitReduced(code, n, format.range[0]);
  code.number("all", 1);
  code.get(q);
  code.real("all", "add");
  // 2ⁿ in two factors, since neither the largest nor the smallest power is a normal number itself.
  code.get(n);
  code.number("all", 0.5);
  code.real("all", "mul");
  code.real("all", "nearest");
  code.set(half);
  emitPowerOfTwo(code, () => code.get(half));
  code.real("all", "mul");
  emitPowerOfTwo(code, () => {
    code.get(n);
    code.get(half);
    code.real("all", "sub");
  });
  code.real("all", "mul");
}

/** The vector on the stack becomes eˣ − 1 = 2 (2ⁿ⁻¹ (eʳ − 1) + 2ⁿ⁻¹ − ½), which cancels nowhere. */
export function emitExponentialLess(code: Code): void {
  const n = code.local("v128");
  const scale = code.local("v128");
  const q = emitReduced(code, n, formats[code.target.precision].lowestBelow);
  emitPowerOfTwo(code, () => {
    code.get(n);
    code.number("all", 1);
    code.real("all", "sub");
  });
  code.set(scale);
  multiplyAdd(
    code,
    "all",
    () => code.get(scale),
    () => code.get(q),
    () => {
      code.get(scale);
      code.number("all", 0.5);
      code.real("all", "sub");
    },
  );
  code.number("all", 2);
  code.real("all", "mul");
}

/** The vector on the stack, at least `lowest`: its n goes to the local, and the local returned holds eʳ − 1 = r + r² q(r). */
function emitReduced(code: Code, n: number, lowest: number): number {
  const { log2, degree, range } = formats[code.target.precision];
  const [r, square] = [code.local("v128"), code.local("v128")];
  code.number("all", lowest);
  code.typed("pmax");
  code.number("all", range[1]);
  code.typed("pmin");
  code.tee(r);
  code.number("all", Math.LOG2E);
  code.real("all", "mul");
  code.real("all", "nearest");
  code.set(n);
  for (const part of log2) {
    multiplySubtract(
      code,
      "all",
      () => code.get(r),
      () => code.get(n),
      () => code.number("all", part),
    );
    code.set(r);
  }
  code.get(r);
  code.get(r);
  code.real("all", "mul");
  code.set(square);
  // q by its even and its odd terms: two short chains instead of a long one.
  const terms = (parity: 0 | 1) => (): void => emitPolynomial(code, square, coefficients(degree, parity));
  multiplyAdd(
    code,
    "all",
    () => code.get(square),
    () => multiplyAdd(code, "all", () => code.get(r), terms(1), terms(0)),
    () => code.get(r),
  );
  code.set(r);
  return r;
}

/** 1/k! for k = 2 + parity, 4 + parity, ... */
function coefficients(degree: number, parity: 0 | 1): readonly number[] {
  const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1));
  const list: number[] = [];
  for (let k = 2 + parity; k <= degree; k += 2) list.push(1 / factorial(k));
  return list;
}

/** Leaves 2ᵏ for whole k in the range of normal numbers: the biased exponent moved into place. */
function emitPowerOfTwo(code: Code, k: () => void): void {
  const { shifter, bias, fraction } = formats[code.target.precision];
  k();
  // The bias added as a real, so that the low bits hold the biased exponent.
  code.number("all", shifter + bias);
  code.real("all", "add");
  code.i32(fraction);
  code.typed("int_shl");
}
