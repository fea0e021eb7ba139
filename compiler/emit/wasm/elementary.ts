/**
 * Functions made of simpler scalars, so that what they share (the exponential of −|x|, above all) is computed once. Each is accurate
 * to two and a half units in the last place and stable everywhere.
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

/** From here on tanh x is 1 to the last place, and the exponential is far from its largest value. */
const saturated = 25;

/** With the sign of x: u/(u + 2) for u = e^(2|x|) − 1, in which nothing cancels. */
export function tanh(s: ScalarGraph, x: Scalar): Scalar {
  const bounded = s.apply("minimum", s.apply("abs", x), s.number(saturated));
  const u = s.apply("expm1", s.apply("multiply", s.number(2), bounded));
  const result = s.apply("divide", u, s.apply("add", u, s.number(2)));
  return s.apply("select", s.apply("less", x, s.number(0)), s.apply("negate", result), result);
}

/** m (|x| − m/2) with m = min(|x|, 1): x²/2 where |x| ≤ 1, |x| − 1/2 beyond. */
export function huber(s: ScalarGraph, x: Scalar): Scalar {
  const size = s.apply("abs", x);
  const near = s.apply("minimum", size, s.number(1));
  return s.apply("multiply", near, s.apply("subtract", size, s.apply("multiply", s.number(0.5), near)));
}
