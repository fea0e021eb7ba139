/**
 * How each primitive of the checked language is written as a tensor expression: a total table a family, each entry the
 * formula itself.
 */
import type { BinaryFunction, Normalisation, Reduction, UnaryFunction } from "../check/builtins.ts";
import { add, constant, einsum, type Graph, map, multiply, reduce, reshape, scale, sizeNode } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { productOfSizes, type Size } from "../ir/size.ts";

const like = (g: Graph, value: number, node: Node): Node => constant(g, value, node.shape);

export const lowerUnary: { readonly [F in UnaryFunction]: (g: Graph, x: Node) => Node } = {
  negate: (g, x) => scale(g, -1, x),
  not: (g, x) => map(g, "not", x),
  exp: (g, x) => map(g, "exp", x),
  log: (g, x) => map(g, "log", x),
  log1p: (g, x) => map(g, "log1p", x),
  expm1: (g, x) => map(g, "expm1", x),
  sqrt: (g, x) => map(g, "sqrt", x),
  abs: (g, x) => map(g, "abs", x),
  sign: (g, x) => map(g, "sign", x),
  sin: (g, x) => map(g, "sin", x),
  cos: (g, x) => map(g, "cos", x),
  tan: (g, x) => map(g, "tan", x),
  tanh: (g, x) => map(g, "tanh", x),
  sigmoid: (g, x) => map(g, "sigmoid", x),
  /** log σ(x) = −softplus(−x) */
  log_sigmoid: (g, x) => scale(g, -1, map(g, "softplus", scale(g, -1, x))),
  softplus: (g, x) => map(g, "softplus", x),
  /** max(x, 0) */
  relu: (g, x) => map(g, "maximum", x, like(g, 0, x)),
  /** x Φ(x) = ½ x (1 + erf(x / √2)) */
  gelu: (g, x) =>
    scale(g, 0.5, multiply(g, x, add(g, [1, 1], [like(g, 1, x), map(g, "erf", scale(g, Math.SQRT1_2, x))]))),
  /** x σ(x) */
  silu: (g, x) => multiply(g, x, map(g, "sigmoid", x)),
  erf: (g, x) => map(g, "erf", x),
  square: (g, x) => multiply(g, x, x),
  logcosh: (g, x) => map(g, "logcosh", x),
  huber: (g, x) => map(g, "huber", x),
};

/** Operands have one shape. Products are built by the caller, which need not spread them first. */
export const lowerBinary: {
  readonly [F in Exclude<BinaryFunction, "multiply" | "divide">]: (g: Graph, a: Node, b: Node) => Node;
} = {
  add: (g, a, b) => add(g, [1, 1], [a, b]),
  subtract: (g, a, b) => add(g, [1, -1], [a, b]),
  /** Small whole powers are products, so that a quadratic is seen to be one. */
  power: (g, a, b) => {
    const exponent = b.kind === "constant" ? b.value : undefined;
    return exponent === 2 || exponent === 3 ? multiply(g, ...Array<Node>(exponent).fill(a)) : map(g, "power", a, b);
  },
  maximum: (g, a, b) => map(g, "maximum", a, b),
  minimum: (g, a, b) => map(g, "minimum", a, b),
  equal: (g, a, b) => map(g, "equal", a, b),
  not_equal: (g, a, b) => map(g, "not", map(g, "equal", a, b)),
  less: (g, a, b) => map(g, "less", a, b),
  less_equal: (g, a, b) => map(g, "less_equal", a, b),
  greater: (g, a, b) => map(g, "less", b, a),
  greater_equal: (g, a, b) => map(g, "less_equal", b, a),
  and: (g, a, b) => map(g, "and", a, b),
  or: (g, a, b) => map(g, "or", a, b),
};

export function reciprocal(g: Graph, x: Node): Node {
  return map(g, "power", x, like(g, -1, x));
}

function sumOver(g: Graph, x: Node, axes: readonly number[]): Node {
  const all = x.shape.map((_, i) => i);
  return einsum(
    g,
    [x],
    [all],
    all.filter((i) => !axes.includes(i)),
  );
}

/** (1 / size) Σ */
export function meanOver(g: Graph, x: Node, axes: readonly number[]): Node {
  const all = x.shape.map((_, i) => i);
  const count = sizeNode(g, productOfSizes(axes.map((axis) => x.shape[axis] as Size)));
  return einsum(
    g,
    [x, reciprocal(g, count)],
    [all, []],
    all.filter((i) => !axes.includes(i)),
  );
}

/** Reduces the axes one after the other, the last first, so that earlier axes keep their numbers. */
function eachAxis(g: Graph, fn: "max" | "min" | "logsumexp", x: Node, axes: readonly number[]): Node {
  return [...axes].sort((a, b) => b - a).reduce((node, axis) => reduce(g, fn, node, axis), x);
}

/** Repeats what was reduced over `axes` along them again, to the shape of `x`. */
function along(g: Graph, reduced: Node, x: Node, axes: readonly number[]): Node {
  const all = x.shape.map((_, i) => i);
  const sizes = new Map(axes.map((axis) => [axis, x.shape[axis] as Size]));
  return einsum(g, [reduced], [all.filter((i) => !axes.includes(i))], all, sizes);
}

/** Over the given axes of the node. */
export const lowerReduction: { readonly [F in Reduction]: (g: Graph, x: Node, axes: readonly number[]) => Node } = {
  sum: sumOver,
  mean: meanOver,
  max: (g, x, axes) => eachAxis(g, "max", x, axes),
  min: (g, x, axes) => eachAxis(g, "min", x, axes),
  /** Over several axes, the index into them flattened (they are the last ones then). */
  argmax: (g, x, axes) => {
    if (axes.length === 1) return reduce(g, "argmax", x, axes[0] as number);
    const kept = x.shape.slice(0, x.shape.length - axes.length);
    const flat = productOfSizes(x.shape.slice(kept.length));
    return reduce(g, "argmax", reshape(g, x, [...kept, flat]), kept.length);
  },
  logsumexp: (g, x, axes) => eachAxis(g, "logsumexp", x, axes),
  /** √ mean (x − mean x)², the divisor being n */
  std: (g, x, axes) => {
    const centred = add(g, [1, -1], [x, along(g, meanOver(g, x, axes), x, axes)]);
    return map(g, "sqrt", meanOver(g, multiply(g, centred, centred), axes));
  },
};

export const lowerNormalisation: { readonly [F in Normalisation]: (g: Graph, x: Node, axis: number) => Node } = {
  /** exp(x − logsumexp x) */
  softmax: (g, x, axis) => map(g, "exp", lowerNormalisation.log_softmax(g, x, axis)),
  /** x − logsumexp x */
  log_softmax: (g, x, axis) => add(g, [1, -1], [x, along(g, reduce(g, "logsumexp", x, axis), x, [axis])]),
};
