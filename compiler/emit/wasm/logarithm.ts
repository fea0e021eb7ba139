/**
 * The logarithm of all lanes at once: x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2, and with s = f/(2 + f)
 * log(1 + f) = 2 artanh s = f − (f²/2 − s (f²/2 + R)), R = Σ_{k ≥ 1} 2 s²ᵏ/(2k + 1): the leading terms are exact or nearly so.
 */
import type { Code } from "./assembler.ts";
import { formats } from "./exponential.ts";
import { emitPolynomial, multiplyAdd } from "./polynomial.ts";

/** Terms of R that matter: s² ≤ 0.03. */
const terms = { f64: 11, f32: 5 } as const;

/** The smallest normal number, and the power of two that lifts every smaller one above it. */
const smallest = { f64: 2 ** -1022, f32: 2 ** -126 } as const;
const lift = { f64: 54, f32: 25 } as const;

/** The vector on the stack becomes its logarithm. */
export function emitLogarithm(code: Code): void {
  const { precision } = code.target;
  const [x, lifted, isSmall] = [code.local("v128"), code.local("v128"), code.local("v128")];
  const all = (value: number): void => code.number("all", value);
  code.tee(x);
  all(smallest[precision]);
  code.real("all", "lt");
  code.set(isSmall);
  // A subnormal number has no exponent to read: it is taken 2^lift times as large.
  code.get(x);
  all(2 ** lift[precision]);
  code.get(isSmall);
  code.op("v128_and");
  all(1);
  code.get(isSmall);
  code.op("v128_andnot");
  code.op("v128_or");
  code.real("all", "mul");
  code.set(lifted);
  emitLogarithmOf(code, lifted, x, {
    exponent: () => {
      all(-lift[precision]);
      code.get(isSmall);
      code.op("v128_and");
      code.real("all", "add");
    },
    low: () => {},
  });
}

/** The vector on the stack becomes log(1 + x): log u for the rounded u = 1 + x, and what the rounding lost by its first order. */
export function emitLogarithmMore(code: Code): void {
  const [x, u] = [code.local("v128"), code.local("v128")];
  code.tee(x);
  code.number("all", 1);
  code.real("all", "add");
  code.set(u);
  const difference = (a: () => void, b: () => void) => (): void => {
    a();
    b();
    code.real("all", "sub");
  };
  const one = (): void => code.number("all", 1);
  emitLogarithmOf(code, u, u, {
    exponent: () => {},
    low: () => {
      // The lesser of 1 and x is what u may have lost a part of.
      difference(
        () => code.get(x),
        difference(() => code.get(u), one),
      )();
      difference(
        one,
        difference(
          () => code.get(u),
          () => code.get(x),
        ),
      )();
      code.get(x);
      one();
      code.real("all", "lt");
      code.op("v128_bitselect");
      code.get(u);
      code.real("all", "div");
      code.real("all", "add");
    },
  });
}

/** Leaves log of the local `x`, which is normal; `original` tells 0, negative numbers, ∞ and NaN. */
function emitLogarithmOf(
  code: Code,
  x: number,
  original: number,
  /** Each may add to the number on the stack: to k, and to the small part of the sum. */
  adjust: { readonly exponent: () => void; readonly low: () => void },
): void {
  const { precision } = code.target;
  const { log2, shifter, fraction } = formats[precision];
  const all = (value: number): void => code.number("all", value);
  const [k, f, s, square, fourth, half, bits] = [0, 0, 0, 0, 0, 0, 0].map(() => code.local("v128")) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];

  // k: how far the exponent field is above that of √½, as an integer below the shifter.
  code.get(x);
  all(Math.SQRT1_2);
  code.typed("int_sub");
  code.i32(fraction);
  code.typed("int_shr_s");
  code.tee(bits);
  all(shifter);
  code.typed("int_add");
  all(shifter);
  code.real("all", "sub");
  adjust.exponent();
  code.set(k);
  code.get(x);
  code.get(bits);
  code.i32(fraction);
  code.typed("int_shl");
  code.typed("int_sub");
  all(1);
  code.real("all", "sub");
  code.tee(f);
  code.get(f);
  all(2);
  code.real("all", "add");
  code.real("all", "div");
  code.tee(s);
  code.get(s);
  code.real("all", "mul");
  code.tee(square);
  code.get(square);
  code.real("all", "mul");
  code.set(fourth);
  code.get(f);
  code.get(f);
  code.real("all", "mul");
  all(0.5);
  code.real("all", "mul");
  code.set(half);

  // k log 2 + f − (f²/2 − (s (f²/2 + R) + low)), smallest parts first.
  const series = Array.from({ length: terms[precision] }, (_, i) => 2 / (2 * i + 3));
  // Even and odd powers of s²: two short chains instead of a long one.
  const chain = (parity: 0 | 1) => (): void =>
    emitPolynomial(
      code,
      fourth,
      series.filter((_, i) => i % 2 === parity),
    );
  const low = (): void => {
    code.get(k);
    all(log2[1]);
    code.real("all", "mul");
    adjust.low();
  };
  const inner = (): void =>
    multiplyAdd(
      code,
      "all",
      () => multiplyAdd(code, "all", () => code.get(square), chain(1), chain(0)),
      () => code.get(square),
      () => code.get(half),
    );
  code.get(k);
  all(log2[0]);
  code.real("all", "mul");
  code.get(half);
  multiplyAdd(code, "all", () => code.get(s), inner, low);
  code.real("all", "sub");
  code.get(f);
  code.real("all", "sub");
  code.real("all", "sub");

  const where = (value: number, condition: () => void): void => {
    const result = code.local("v128");
    code.set(result);
    all(value);
    code.get(result);
    condition();
    code.op("v128_bitselect");
  };
  for (const value of [0, Infinity]) {
    where(value === 0 ? -Infinity : value, () => {
      code.get(original);
      all(value);
      code.real("all", "eq");
    });
  }
  // NaN where 0 ≤ x does not hold.
  const result = code.local("v128");
  code.set(result);
  code.get(result);
  all(NaN);
  all(0);
  code.get(original);
  code.real("all", "le");
  code.op("v128_bitselect");
}
