/**
 * Functions made of simpler scalars, so that what they share (the exponential of −|x|, above all) is computed once. Each is accurate
 * to two units in the last place and stable everywhere.
 */
import type { Scalar, ScalarGraph } from "./scalar.ts";

/** e^(−|x|), at most 1. */
function decay(s: ScalarGraph, x: Scalar): Scalar {
  return s.apply("exp", s.apply("negate", s.apply("abs", x)));
}

/** 1/(1 + e⁻ˣ) for x ≥ 0, e^x/(1 + eˣ) below. */
export function sigmoid(s: ScalarGraph, x: Scalar): Scalar {
  const e = decay(s, x);
  const numerator = s.apply("select", s.apply("less", x, s.number(0)), e, s.number(1));
  return s.apply("divide", numerator, s.apply("add", s.number(1), e));
}

/** max(x, 0) + log(1 + e^(−|x|)). */
export function softplus(s: ScalarGraph, x: Scalar): Scalar {
  return s.apply("add", s.apply("maximum", x, s.number(0)), s.apply("log1p", decay(s, x)));
}

/** Below this the continued fraction is exact to 1e-18; above it, 1 − 2/(e^(2|x|) + 1) loses nothing. */
const small = 0.55;
/** From here on tanh x is 1 to the last place, and the exponential is far from its largest value. */
const saturated = 25;

/**
 * Lambert's continued fraction tanh x = x/(1 + x²/(3 + x²/(5 + ...))), cut after nine levels, is x p(x²)/q(x²); as x + x (p − q)/q
 * nearly all of it is exact. The two ranges share one division.
 */
export function tanh(s: ScalarGraph, x: Scalar): Scalar {
  const [y, magnitude] = [s.apply("square", x), s.apply("abs", x)];
  const isSmall = s.apply("less", magnitude, s.number(small));
  const bounded = s.apply("minimum", magnitude, s.number(saturated));
  const power = s.apply("exp", s.apply("multiply", s.number(2), bounded));
  const above = s.apply("multiply", magnitude, horner(s, y, excess));
  const below = s.apply("select", isSmall, horner(s, y, denominator), s.apply("add", power, s.number(1)));
  const ratio = s.apply("divide", s.apply("select", isSmall, above, s.number(-2)), below);
  const result = s.apply("add", s.apply("select", isSmall, magnitude, s.number(1)), ratio);
  return s.apply("select", s.apply("less", x, s.number(0)), s.apply("negate", result), result);
}

/** Σ c_k xᵏ. */
function horner(s: ScalarGraph, x: Scalar, c: readonly number[]): Scalar {
  const highest = s.number(c.at(-1) as number);
  return c
    .slice(0, -1)
    .reduceRight((sum, value) => s.apply("add", s.apply("multiply", sum, x), s.number(value)), highest);
}

/** p − q and q of the continued fraction. */
const [excess, denominator] = lambert(9);

/** Convergents h_k = b_k h_{k−1} + y h_{k−2} with b_k = 2k − 1, as polynomials in y, lowest first; the denominators obey the same. */
function lambert(levels: number): readonly [readonly number[], readonly number[]] {
  const next = (b: number, last: readonly number[], beforeLast: readonly number[]): readonly number[] => {
    const length = Math.max(last.length, beforeLast.length + 1);
    return Array.from({ length }, (_, i) => b * (last[i] ?? 0) + (i > 0 ? (beforeLast[i - 1] ?? 0) : 0));
  };
  let [p0, p]: (readonly number[])[] = [[0], [1]] as const;
  let [q0, q]: (readonly number[])[] = [[1], [1]] as const;
  for (let k = 2; k <= levels; k += 1) {
    const b = 2 * k - 1;
    [p0, p] = [p as readonly number[], next(b, p as readonly number[], p0 as readonly number[])];
    [q0, q] = [q as readonly number[], next(b, q as readonly number[], q0 as readonly number[])];
  }
  const [above, below] = [p as readonly number[], q as readonly number[]];
  return [below.map((value, i) => (above[i] ?? 0) - value), below];
}

/** m (|x| − m/2) with m = min(|x|, 1): x²/2 where |x| ≤ 1, |x| − 1/2 beyond. */
export function huber(s: ScalarGraph, x: Scalar): Scalar {
  const size = s.apply("abs", x);
  const near = s.apply("minimum", size, s.number(1));
  return s.apply("multiply", near, s.apply("subtract", size, s.apply("multiply", s.number(0.5), near)));
}
