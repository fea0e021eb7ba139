/**
 * Functions made of simpler scalars, so that what they share (the exponential of −|x|, above all) is computed once, and
 * two entries at a time. Each is accurate to a few units in the last place and stable everywhere.
 */
import type { Scalar, ScalarGraph } from "./scalar.ts";

/** e^(−|x|), at most 1. */
function decay(s: ScalarGraph, x: Scalar): Scalar {
  return s.apply("exp", s.apply("negate", s.apply("abs", x)));
}

/** Σ c_k xᵏ, even and odd terms apart: two short chains of operations. */
function polynomial(s: ScalarGraph, x: Scalar, c: readonly number[]): Scalar {
  const horner = (y: Scalar, list: readonly number[]): Scalar =>
    list
      .slice(0, -1)
      .reduceRight(
        (sum, value) => s.apply("add", s.apply("multiply", sum, y), s.number(value)),
        s.number(list.at(-1) as number),
      );
  if (c.length < 4) return horner(x, c);
  const square = s.apply("square", x);
  const [even, odd] = [0, 1].map((parity) =>
    horner(
      square,
      c.filter((_, k) => k % 2 === parity),
    ),
  ) as [Scalar, Scalar];
  return s.apply("add", even, s.apply("multiply", x, odd));
}

/** 1/(1 + e⁻ˣ) for x ≥ 0, e^x/(1 + eˣ) below. */
export function sigmoid(s: ScalarGraph, x: Scalar): Scalar {
  const e = decay(s, x);
  const numerator = s.apply("select", s.apply("less", x, s.number(0)), e, s.number(1));
  return s.apply("divide", numerator, s.apply("add", s.number(1), e));
}

/** 1/(2k + 1); s² ≤ 1/9 makes the first term left out smaller than 1e-17. */
const artanhSeries = Array.from({ length: 17 }, (_, k) => 1 / (2 * k + 1));

/** max(x, 0) + log(1 + u), u = e^(−|x|) ≤ 1, by log(1 + u) = 2 artanh(u/(2 + u)). */
export function softplus(s: ScalarGraph, x: Scalar): Scalar {
  const u = decay(s, x);
  const ratio = s.apply("divide", u, s.apply("add", s.number(2), u));
  const series = polynomial(s, s.apply("square", ratio), artanhSeries);
  const logarithm = s.apply("multiply", s.apply("multiply", s.number(2), ratio), series);
  return s.apply("add", s.apply("maximum", x, s.number(0)), logarithm);
}

/** Lambert's continued fraction tanh x = x/(1 + x²/(3 + x²/(5 + ...))), cut after nine levels, as x p(x²)/q(x²). */
const [tanhNumerator, tanhDenominator] = lambert(9);

/** Below this the continued fraction is exact to 1e-18, above it 1 − e^(−2|x|) loses nothing. */
const smallTanh = 0.55;

export function tanh(s: ScalarGraph, x: Scalar): Scalar {
  const magnitude = s.apply("abs", x);
  const e = s.apply("exp", s.apply("multiply", s.number(-2), magnitude));
  const large = s.apply("divide", s.apply("subtract", s.number(1), e), s.apply("add", s.number(1), e));
  const signed = s.apply("select", s.apply("less", x, s.number(0)), s.apply("negate", large), large);
  const square = s.apply("square", x);
  const ratio = s.apply("divide", polynomial(s, square, tanhNumerator), polynomial(s, square, tanhDenominator));
  return s.apply("select", s.apply("less", magnitude, s.number(smallTanh)), s.apply("multiply", x, ratio), signed);
}

/** Convergents h_k = b_k h_{k−1} + y h_{k−2} with b_k = 2k − 1, as polynomials in y, lowest first; the denominators obey the same. */
function lambert(levels: number): readonly [readonly number[], readonly number[]] {
  const next = (b: number, last: readonly number[], beforeLast: readonly number[]): readonly number[] => {
    const length = Math.max(last.length, beforeLast.length + 1);
    return Array.from({ length }, (_, i) => b * (last[i] ?? 0) + (i > 0 ? (beforeLast[i - 1] ?? 0) : 0));
  };
  let [p0, p1]: (readonly number[])[] = [[0], [1]] as const;
  let [q0, q1]: (readonly number[])[] = [[1], [1]] as const;
  for (let k = 2; k <= levels; k += 1) {
    const b = 2 * k - 1;
    [p0, p1] = [p1 as readonly number[], next(b, p1 as readonly number[], p0 as readonly number[])];
    [q0, q1] = [q1 as readonly number[], next(b, q1 as readonly number[], q0 as readonly number[])];
  }
  return [p1 as readonly number[], q1 as readonly number[]];
}
