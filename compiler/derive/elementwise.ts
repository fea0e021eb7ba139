/** PartialRule derivatives of the elementwise functions: a total table, one formula a line. */
import { add, constant, type Graph, map, multiply, scale } from "../ir/graph.ts";
import type { MapFunction, mapArity, Node } from "../ir/node.ts";

/** ∂f/∂xₖ at the operands `x`, with `f` the node itself; `undefined` is zero everywhere. */
type PartialRule = (g: Graph, x: readonly Node[], f: Node) => Node | undefined;

type PartialsOf<Arity> = Arity extends 1
  ? readonly [PartialRule]
  : Arity extends 2
    ? readonly [PartialRule, PartialRule]
    : readonly [PartialRule, PartialRule, PartialRule];

type PartialTable = { readonly [F in MapFunction]: PartialsOf<(typeof mapArity)[F]> };

const first = (x: readonly Node[]): Node => x[0] as Node;
const second = (x: readonly Node[]): Node => x[1] as Node;
const third = (x: readonly Node[]): Node => x[2] as Node;

const number = (g: Graph, value: number, like: Node): Node => constant(g, value, like.shape);
const negative = (g: Graph, x: Node): Node => scale(g, -1, x);
const reciprocal = (g: Graph, x: Node): Node => map(g, "power", x, number(g, -1, x));
const oneMinusSquare = (g: Graph, x: Node): Node => add(g, [1, -1], [number(g, 1, x), multiply(g, x, x)]);
const zero: PartialRule = () => undefined;

/** 1 where a < b, ½ where a = b: the subgradient of the larger of two that treats ties alike. */
const winner = (g: Graph, a: Node, b: Node): Node => add(g, [1, 0.5], [map(g, "less", a, b), map(g, "equal", a, b)]);

export const partials: PartialTable = {
  /** exp′ = exp */
  exp: [(_, __, f) => f],
  /** log′ x = 1/x */
  log: [(g, x) => reciprocal(g, first(x))],
  /** log1p′ x = 1/(1 + x) */
  log1p: [(g, x) => reciprocal(g, add(g, [1, 1], [number(g, 1, first(x)), first(x)]))],
  /** expm1′ = exp */
  expm1: [(g, x) => map(g, "exp", first(x))],
  /** √′ x = 1/(2√x) */
  sqrt: [(g, _, f) => scale(g, 0.5, reciprocal(g, f))],
  /** |x|′ = sign x */
  abs: [(g, x) => map(g, "sign", first(x))],
  sign: [zero],
  /** sin′ = cos */
  sin: [(g, x) => map(g, "cos", first(x))],
  /** cos′ = −sin */
  cos: [(g, x) => negative(g, map(g, "sin", first(x)))],
  /** tan′ = 1 + tan² */
  tan: [(g, x, f) => add(g, [1, 1], [number(g, 1, first(x)), multiply(g, f, f)])],
  /** acos′ x = −1/√(1 − x²) */
  acos: [(g, x) => negative(g, map(g, "power", oneMinusSquare(g, first(x)), number(g, -0.5, first(x))))],
  /** tanh′ = 1 − tanh² */
  tanh: [(g, _, f) => oneMinusSquare(g, f)],
  /** σ′ = σ (1 − σ) */
  sigmoid: [(g, _, f) => multiply(g, f, add(g, [1, -1], [number(g, 1, f), f]))],
  /** softplus′ = σ */
  softplus: [(g, x) => map(g, "sigmoid", first(x))],
  /** erf′ x = 2/√π exp(−x²) */
  erf: [(g, x) => scale(g, 2 / Math.sqrt(Math.PI), map(g, "exp", negative(g, multiply(g, first(x), first(x)))))],
  /** (log cosh)′ = tanh */
  logcosh: [(g, x) => map(g, "tanh", first(x))],
  /** huber′ x = x between −1 and 1, ±1 beyond */
  huber: [(g, x) => map(g, "maximum", number(g, -1, first(x)), map(g, "minimum", first(x), number(g, 1, first(x))))],
  /** relu′ x = [0 < x] */
  relu: [(g, x) => map(g, "less", number(g, 0, first(x)), first(x))],
  stop: [zero],
  not: [zero],
  /** ∂xᵖ/∂x = p xᵖ⁻¹, ∂xᵖ/∂p = xᵖ log x */
  power: [
    (g, x) => {
      const [base, p] = [first(x), second(x)];
      if (p.kind !== "constant") return multiply(g, p, map(g, "power", base, add(g, [1, -1], [p, number(g, 1, p)])));
      if (p.value === 0 || p.value === 1) return p.value === 0 ? undefined : number(g, 1, base);
      return scale(g, p.value, p.value === 2 ? base : map(g, "power", base, number(g, p.value - 1, base)));
    },
    (g, x, f) => multiply(g, f, map(g, "log", first(x))),
  ],
  maximum: [(g, x) => winner(g, second(x), first(x)), (g, x) => winner(g, first(x), second(x))],
  minimum: [(g, x) => winner(g, first(x), second(x)), (g, x) => winner(g, second(x), first(x))],
  equal: [zero, zero],
  less: [zero, zero],
  less_equal: [zero, zero],
  and: [zero, zero],
  or: [zero, zero],
  /** The chosen branch gets everything. */
  select: [
    zero,
    (g, x) => map(g, "select", first(x), number(g, 1, second(x)), number(g, 0, second(x))),
    (g, x) => map(g, "select", first(x), number(g, 0, third(x)), number(g, 1, third(x))),
  ],
};
