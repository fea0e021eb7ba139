/** Elementwise functions: constants folded, powers collected, signs moved out, trivial choices made. */
import { constant, einsum, type Graph, map, multiply, scale } from "../ir/graph.ts";
import type { Einsum, MapFunction, MapNode, Node } from "../ir/node.ts";
import { applyScalar } from "../ir/scalar.ts";
import { type Factor, type Product, sameLabels } from "./product.ts";
import { stableExp, stableLog, stableLog1p, stablePower } from "./stability.ts";
import { pullBroadcast, pullPermutation, scaling } from "./views.ts";

type MapRule = (g: Graph, node: MapNode) => Node | undefined;

const keep = (): undefined => undefined;
const operand = (node: MapNode, k = 0): Node => node.operands[k] as Node;
const number = (g: Graph, value: number, like: Node): Node => constant(g, value, like.shape);

/** f(−c x) = −f(c x) */
const odd: MapRule = (g, node) => {
  const { coefficient, node: inner } = scaling(operand(node));
  return coefficient < 0 ? scale(g, -1, map(g, node.fn, scale(g, -coefficient, inner))) : undefined;
};

/** f(−c x) = f(c x) */
const even: MapRule = (g, node) => {
  const { coefficient, node: inner } = scaling(operand(node));
  return coefficient < 0 ? map(g, node.fn, scale(g, -coefficient, inner)) : undefined;
};

const idempotent: MapRule = (_, node) => (isMap(operand(node), node.fn) ? operand(node) : undefined);

/** f(x, x) = x */
const ofEquals: MapRule = (_, node) => (operand(node, 0) === operand(node, 1) ? operand(node) : undefined);

/** f(x, x) = value */
const valueOfEquals =
  (value: number): MapRule =>
  (g, node) =>
    operand(node, 0) === operand(node, 1) ? number(g, value, node) : undefined;

const rules: { readonly [F in MapFunction]: MapRule } = {
  exp: stableExp,
  log: stableLog,
  log1p: stableLog1p,
  expm1: keep,
  /** √(x x) = |x|, √xᵃ = x^(a/2), √eˣ = e^(x/2) */
  sqrt: (g, node) => {
    const x = operand(node);
    if (isMap(x, "power")) return powerOfPower(g, x, 0.5);
    if (isMap(x, "exp")) return map(g, "exp", scale(g, 0.5, operand(x)));
    if (x.kind !== "einsum" || x.operands.length !== 2 || x.operands[0] !== x.operands[1]) return undefined;
    return x.labels.every((labels) => sameLabels(labels, x.output)) ? map(g, "abs", x.operands[0] as Node) : undefined;
  },
  abs: (g, node) => even(g, node) ?? idempotent(g, node),
  sign: odd,
  sin: odd,
  cos: even,
  tan: odd,
  acos: keep,
  tanh: odd,
  sigmoid: keep,
  softplus: keep,
  erf: odd,
  logcosh: even,
  huber: even,
  relu: idempotent,
  stop: idempotent,
  /** not not c = c for a truth value */
  not: (_, node) => {
    const inner = operand(node);
    return isMap(inner, "not") && isTruth(operand(inner)) ? operand(inner) : undefined;
  },
  power: simplifyPower,
  maximum: ofEquals,
  minimum: ofEquals,
  equal: valueOfEquals(1),
  less: valueOfEquals(0),
  less_equal: valueOfEquals(1),
  and: keep,
  or: keep,
  select: (_, node) => {
    const [c, a, b] = node.operands as readonly [Node, Node, Node];
    if (c.kind === "constant") return c.value !== 0 ? a : b;
    if (a === b) return a;
    return isTruth(c) && isConstant(a, 1) && isConstant(b, 0) ? c : undefined;
  },
};

export function simplifyMap(g: Graph, node: MapNode): Node | undefined {
  if (node.operands.every((x) => x.kind === "constant")) {
    const value = applyScalar(
      node.fn,
      node.operands.map((x) => x.value),
    );
    if (Number.isFinite(value)) return number(g, value, node);
  }
  const apply = (own: readonly Node[]): Node => map(g, node.fn, ...own);
  return (
    pullBroadcast(g, node.shape, node.operands, apply) ??
    pullPermutation(g, node.operands, apply) ??
    rules[node.fn](g, node)
  );
}

function isMap(node: Node, fn: MapFunction): node is MapNode {
  return node.kind === "map" && node.fn === fn;
}

const isConstant = (node: Node, value: number): boolean => node.kind === "constant" && node.value === value;

const truthFunctions: ReadonlySet<MapFunction> = new Set(["equal", "less", "less_equal", "and", "or", "not"]);

const isTruth = (node: Node): boolean => node.kind === "map" && truthFunctions.has(node.fn);

/** x⁰ = 1, x¹ = x, (xᵃ)ᵇ = xᵃᵇ, (c x)ᵖ = cᵖ xᵖ, (x y)ᵖ = xᵖ yᵖ, each where it holds for every x that the left side takes. */
function simplifyPower(g: Graph, node: MapNode): Node | undefined {
  const [x, exponent] = node.operands as readonly [Node, Node];
  if (exponent.kind !== "constant") return undefined;
  const p = exponent.value;
  if (p === 0) return number(g, 1, x);
  if (p === 1) return x;
  if (p === 0.5) return map(g, "sqrt", x);
  if (p === 2 || p === 3 || p === 4) return multiply(g, ...Array.from({ length: p }, () => x));
  if (isMap(x, "sqrt")) return map(g, "power", operand(x), number(g, p / 2, x));
  if (isMap(x, "power")) return powerOfPower(g, x, p);
  const { coefficient, node: inner } = scaling(x);
  if (coefficient !== 1 && (Number.isInteger(p) || coefficient > 0)) {
    return scale(g, coefficient ** p, map(g, "power", inner, exponent));
  }
  return distributePower(g, x, p) ?? stablePower(g, x, p);
}

/** (xᵃ)ᵖ = xᵃᵖ. An even power followed by a fractional one is |x| to a power: not of this form. */
function powerOfPower(g: Graph, x: MapNode, p: number): Node | undefined {
  const inner = operand(x, 1);
  const holds = inner.kind === "constant" && (Number.isInteger(p) || inner.value % 2 !== 0);
  return holds ? map(g, "power", operand(x), number(g, inner.value * p, x)) : undefined;
}

/** (Π x_k)ᵖ = Π x_kᵖ for whole p, where nothing is summed. */
function distributePower(g: Graph, x: Node, p: number): Node | undefined {
  if (x.kind !== "einsum" || !Number.isInteger(p) || hasSum(x)) return undefined;
  const powers = x.operands.map((factor) => map(g, "power", factor, number(g, p, factor)));
  return einsum(g, powers, x.labels, x.output, new Map(x.sizes.map((size, label) => [label, size])));
}

export function hasSum(node: Einsum): boolean {
  return node.sizes.length > node.output.length;
}

/** xᵃ xᵇ = xᵃ⁺ᵇ for equal x with equal labels, where some factor is a power already; x x stays as it is. */
export function collectPowers(g: Graph, product: Product): Product {
  if (!product.factors.some(({ node }) => isMap(node, "power") || isMap(node, "sqrt"))) return product;
  const groups = new Map<string, { base: Node; labels: readonly number[]; exponent: number; members: Factor[] }>();
  for (const factor of product.factors) {
    const { base, exponent } = asPower(factor.node);
    const key = `${base.id}(${factor.labels.join(" ")})`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { base, labels: factor.labels, exponent, members: [factor] });
    else groups.set(key, { ...known, exponent: known.exponent + exponent, members: [...known.members, factor] });
  }
  if (groups.size === product.factors.length) return product;
  const factors = [...groups.values()].flatMap(({ base, labels, exponent, members }) => {
    if (members.length === 1 || members.every((member) => member.node === base)) return members;
    if (exponent === 0) return [];
    return [{ node: exponent === 1 ? base : map(g, "power", base, number(g, exponent, base)), labels }];
  });
  return { ...product, factors };
}

function asPower(node: Node): { readonly base: Node; readonly exponent: number } {
  if (isMap(node, "sqrt")) return { base: operand(node), exponent: 0.5 };
  if (!isMap(node, "power")) return { base: node, exponent: 1 };
  const exponent = operand(node, 1);
  return exponent.kind === "constant" ? { base: operand(node), exponent: exponent.value } : { base: node, exponent: 1 };
}
