/**
 * Elementwise functions as TensorFlow.js operations. An argument is the name of a tensor or a number. Truth values are the
 * numbers 0 and 1.
 */
import type { MapFunction } from "../../ir/node.ts";

const asNumber = (condition: string): string => `tf.cast(${condition}, "float32")`;
const isTrue = (x: string): string => `tf.notEqual(${x}, 0)`;
const where = (condition: string, a: string, b: string): string => `tf.where(${condition}, ${a}, ${b})`;

/** erf x = 2/√π Σ (−1)ᵏ x^(2k+1) / (k! (2k+1)) near 0, where the library's formula loses its relative accuracy. */
function erf(x: string): string {
  const coefficients = [1, -1 / 3, 1 / 10, -1 / 42, 1 / 216, -1 / 1320].map((c) => (c * 2) / Math.sqrt(Math.PI));
  const series = coefficients.reduceRight(
    (sum, c) => (sum === "" ? String(c) : `tf.add(tf.mul(tf.square(${x}), ${sum}), ${c})`),
    "",
  );
  return where(`tf.less(tf.abs(${x}), 0.5)`, `tf.mul(${x}, ${series})`, `tf.erf(${x})`);
}

/** |x| + log1p(e^(−2|x|)) − log 2, which cancels near 0; there log1p(2 sinh²(x/2)). */
function logcosh(x: string): string {
  const near = `tf.log1p(tf.mul(2, tf.square(tf.sinh(tf.mul(${x}, 0.5)))))`;
  const far = `tf.sub(tf.add(tf.abs(${x}), tf.log1p(tf.exp(tf.mul(tf.abs(${x}), -2)))), ${Math.LN2})`;
  return where(`tf.less(tf.abs(${x}), 1)`, near, far);
}

function huber(x: string): string {
  const near = `tf.minimum(tf.abs(${x}), 1)`;
  return `tf.mul(${near}, tf.sub(tf.abs(${x}), tf.mul(${near}, 0.5)))`;
}

/** Exponents that have an operation of their own. */
const powers: Readonly<Record<string, (x: string) => string>> = {
  "-1": (x) => `tf.reciprocal(${x})`,
  "-0.5": (x) => `tf.rsqrt(${x})`,
  "0.5": (x) => `tf.sqrt(${x})`,
  "1": (x) => `tf.add(${x}, 0)`,
  "2": (x) => `tf.square(${x})`,
};

const operation =
  (name: string) =>
  (...x: readonly string[]): string =>
    `tf.${name}(${x.join(", ")})`;

const comparison =
  (name: string) =>
  (...x: readonly string[]): string =>
    asNumber(operation(name)(...x));

export const functionTexts = {
  exp: operation("exp"),
  log: operation("log"),
  log1p: operation("log1p"),
  expm1: operation("expm1"),
  sqrt: operation("sqrt"),
  abs: operation("abs"),
  sign: operation("sign"),
  sin: operation("sin"),
  cos: operation("cos"),
  tan: operation("tan"),
  acos: (x: string) => `tf.acos(tf.clipByValue(${x}, -1, 1))`,
  tanh: operation("tanh"),
  sigmoid: operation("sigmoid"),
  softplus: operation("softplus"),
  relu: operation("relu"),
  erf,
  logcosh,
  huber,
  stop: operation("clone"),
  not: (x: string) => asNumber(`tf.equal(${x}, 0)`),
  power: (x: string, p: string) => powers[p]?.(x) ?? `tf.pow(${x}, ${p})`,
  maximum: operation("maximum"),
  minimum: operation("minimum"),
  equal: comparison("equal"),
  less: comparison("less"),
  less_equal: comparison("lessEqual"),
  and: (a: string, b: string) => asNumber(`tf.logicalAnd(${isTrue(a)}, ${isTrue(b)})`),
  or: (a: string, b: string) => asNumber(`tf.logicalOr(${isTrue(a)}, ${isTrue(b)})`),
  select: (c: string, a: string, b: string) => where(isTrue(c), a, b),
} as const satisfies Record<MapFunction, (...x: string[]) => string>;
