/**
 * Exponentials that would overflow, written so that they do not: log Σ exp as logsumexp, log(1 + eˣ) as softplus, eˣ/Σeˣ as exp(x −
 * logsumexp x), 1/(1 + e⁻ˣ) as σ(x), eˣ − 1 as expm1 x, log(1 + x) as log1p x. Each is the same function, rounded better.
 */
import { add, constant, einsum, type Graph, map, multiply, reduce, scale } from "../ir/graph.ts";
import type { Add, Einsum, MapFunction, MapNode, Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { distinct, type Factor, type Product, sameLabels } from "./product.ts";
import { termsOf } from "./views.ts";

const isMap = (node: Node, fn: MapFunction): node is MapNode => node.kind === "map" && node.fn === fn;
const operand = (node: MapNode): Node => node.operands[0] as Node;
const isOne = (node: Node): boolean => node.kind === "constant" && node.value === 1;

// --------------------------------------------------------------------------------------------- logarithms

/**
 * log x, written without the exponentials that x is made of; `undefined` where x is not a product or sum of such. Without `positive`, a
 * result says that x is positive everywhere; with it, x is known to be.
 */
function logarithm(g: Graph, x: Node, positive = false): Node | undefined {
  switch (x.kind) {
    case "map":
      return logarithmOfMap(g, x);
    case "einsum":
      return logarithmOfProduct(g, x, positive);
    case "add":
      return logarithmOfSum(g, x);
    case "size":
      return map(g, "log", x);
    default:
      return undefined;
  }
}

/** log eˣ = x, log σ(x) = −softplus(−x), log xᵖ = p log x */
function logarithmOfMap(g: Graph, x: MapNode): Node | undefined {
  const inner = operand(x);
  if (x.fn === "exp") return inner;
  if (x.fn === "sigmoid") return scale(g, -1, map(g, "softplus", scale(g, -1, inner)));
  const p =
    x.fn === "sqrt" ? 0.5 : x.fn === "power" && x.operands[1]?.kind === "constant" ? x.operands[1].value : undefined;
  const log = p === undefined ? undefined : logarithm(g, inner);
  return log && scale(g, p as number, log);
}

/**
 * log Π x_k = Σ log x_k; of a positive product, factors that are not exponentials stay together under one log, positive because the
 * others are. Where labels are summed, log Σ exp(·) over them, provided one factor has all labels, so that nothing larger than it is formed.
 */
function logarithmOfProduct(g: Graph, x: Einsum, positive: boolean): Node | undefined {
  const summed = x.sizes.map((_, label) => label).filter((label) => !x.output.includes(label));
  const full = [...x.output, ...summed];
  const sizes = new Map(x.sizes.map((size, label) => [label, size]));
  const logs = x.operands.map((factor) => logarithm(g, factor));
  const rest = x.operands.map((_, k) => k).filter((k) => logs[k] === undefined);
  if (rest.length === x.operands.length || (rest.length > 0 && !positive)) return undefined;
  if (summed.length > 0 && (rest.length > 0 || !x.labels.some((labels) => new Set(labels).size === full.length)))
    return undefined;
  const parts = logs.flatMap((log, k) =>
    log === undefined ? [] : [einsum(g, [log], [x.labels[k] as readonly number[]], full, sizes)],
  );
  if (rest.length > 0) {
    const others = einsum(
      g,
      rest.map((k) => x.operands[k] as Node),
      rest.map((k) => x.labels[k] as readonly number[]),
      full,
      sizes,
    );
    parts.push(map(g, "log", others));
  }
  const total = add(
    g,
    parts.map(() => 1),
    parts,
  );
  return summed.reduceRight((inner) => reduce(g, "logsumexp", inner, inner.shape.length - 1), total);
}

/** log Σ c_k x_k, one term after the other: log(eᵃ + eᵇ) = a + softplus(b − a). And log(1 − σ(x)) = −softplus(x). */
function logarithmOfSum(g: Graph, x: Add): Node | undefined {
  const terms = [...termsOf(g, x)];
  const gate = terms.find(([term, coefficient]) => coefficient === -1 && isMap(term, "sigmoid"))?.[0];
  if (
    gate !== undefined &&
    terms.length === 2 &&
    terms.some(([term, coefficient]) => isOne(term) && coefficient === 1)
  ) {
    return scale(g, -1, map(g, "softplus", operand(gate as MapNode)));
  }
  const logs = terms.map(([term, coefficient]) => {
    if (coefficient <= 0) return undefined;
    const shift = constant(g, Math.log(coefficient), x.shape);
    if (term.kind === "constant") return shift;
    const log = logarithm(g, term);
    return log && add(g, [1, 1], [log, shift]);
  });
  if (!logs.every((log) => log !== undefined)) return undefined;
  return logs.reduce((a, b) => add(g, [1, 1], [a, map(g, "softplus", add(g, [1, -1], [b, a]))]));
}

/** Whether an exponential is among what the node multiplies and adds, a few levels deep: only then is its logarithm worth rewriting. */
function isExponential(node: Node, depth = 4): boolean {
  if (depth === 0) return false;
  if (isMap(node, "exp") || isMap(node, "sigmoid")) return true;
  if (isMap(node, "power") || isMap(node, "sqrt")) return isExponential(operand(node), depth - 1);
  return (node.kind === "einsum" || node.kind === "add") && node.operands.some((own) => isExponential(own, depth - 1));
}

/** log x: of exponentials as above; log xᵖ = p log x for odd or fractional p, log(c x) = log c + log x, log(1 + x) = log1p x. */
export function stableLog(g: Graph, node: MapNode): Node | undefined {
  const x = operand(node);
  if (isExponential(x)) {
    const log = logarithm(g, x, true);
    if (log !== undefined) return log;
  }
  if (isMap(x, "power")) {
    const exponent = x.operands[1] as Node;
    const holds = exponent.kind === "constant" && exponent.value % 2 !== 0;
    return holds ? scale(g, exponent.value, map(g, "log", operand(x))) : undefined;
  }
  if (x.kind !== "add") return undefined;
  const terms = [...termsOf(g, x)];
  if (terms.length === 1) {
    const [inner, coefficient] = terms[0] as [Node, number];
    return coefficient > 0
      ? add(g, [1, 1], [map(g, "log", inner), constant(g, Math.log(coefficient), x.shape)])
      : undefined;
  }
  const rest = terms.filter(([term, coefficient]) => !(isOne(term) && coefficient === 1));
  return rest.length < terms.length ? map(g, "log1p", sum(g, rest)) : undefined;
}

/** log1p x = log(1 + x), where that is an exponential's. */
export function stableLog1p(g: Graph, node: MapNode): Node | undefined {
  const x = operand(node);
  if (isMap(x, "expm1")) return operand(x);
  return isExponential(x) ? logarithm(g, plusOne(g, x)) : undefined;
}

function sum(g: Graph, terms: readonly (readonly [Node, number])[]): Node {
  return add(
    g,
    terms.map(([, coefficient]) => coefficient),
    terms.map(([term]) => term),
  );
}

function plusOne(g: Graph, x: Node): Add {
  return sum(g, [[constant(g, 1, x.shape), 1], ...termsOf(g, x)]) as Add;
}

// ------------------------------------------------------------------------------------------- exponentials

/** Sᵖ = exp(p log S) for p < 0 and a sum S of exponentials, which may overflow before it is inverted; (eˣ)ᵖ = e^(p x). */
export function stablePower(g: Graph, x: Node, p: number): Node | undefined {
  if (isMap(x, "exp")) return map(g, "exp", scale(g, p, operand(x)));
  const sums = x.kind === "add" || (x.kind === "einsum" && x.sizes.length > x.output.length);
  if (!sums || p >= 0 || !isExponential(x)) return undefined;
  const log = logarithm(g, x);
  return log && map(g, "exp", scale(g, p, log));
}

/** exp(log x) = x, exp(p log x) = xᵖ, exp(−k softplus z) = σ(−z)ᵏ, exp(k z − k softplus z) = σ(z)ᵏ */
export function stableExp(g: Graph, node: MapNode): Node | undefined {
  const x = operand(node);
  if (isMap(x, "log")) return operand(x);
  if (x.kind !== "add") return undefined;
  const terms = termsOf(g, x);
  const [first] = terms;
  if (first !== undefined && terms.size === 1 && isMap(first[0], "log")) {
    return map(g, "power", operand(first[0]), constant(g, first[1], x.shape));
  }
  for (const [term, coefficient] of terms) {
    if (!isMap(term, "softplus") || ![-1, -2, -3, -4].includes(coefficient)) continue;
    const rest = new Map([...terms].filter(([other]) => other !== term));
    const z = operand(term);
    const own = termsOf(g, z);
    const cancels = rest.size === own.size && multipleWithin(rest, own) === -coefficient;
    const gate = rest.size === 0 ? scale(g, -1, z) : cancels ? z : undefined;
    if (gate !== undefined) return multiply(g, ...Array.from({ length: -coefficient }, () => map(g, "sigmoid", gate)));
  }
  return undefined;
}

/**
 * e⁻ᶻ σ(z) = σ(−z); eˣ e^−ʸ = e^(x − y) where terms cancel or y is a normaliser over some of x's labels: one factor may overflow where
 * the product does not.
 */
export function collectExponentials(g: Graph, product: Product): Product {
  let factors = product.factors;
  for (;;) {
    const merged = mergeGate(g, factors) ?? mergePair(g, factors, product.sizes);
    if (merged === undefined) return factors === product.factors ? product : { ...product, factors };
    factors = merged;
  }
}

/** e^(x − kz) σ(z) = e^(x − (k − 1)z) σ(−z) for whole k ≥ 1 */
function mergeGate(g: Graph, factors: readonly Factor[]): readonly Factor[] | undefined {
  for (const gate of factors) {
    if (!isMap(gate.node, "sigmoid")) continue;
    const z = operand(gate.node);
    for (const own of factors) {
      if (!isMap(own.node, "exp") || !sameLabels(own.labels, gate.labels)) continue;
      const x = operand(own.node);
      const k = -multipleWithin(termsOf(g, x), termsOf(g, z));
      if (!Number.isInteger(k) || k < 1) continue;
      const rest = factors.filter((factor) => factor !== gate && factor !== own);
      const flipped: Factor = { node: map(g, "sigmoid", scale(g, -1, z)), labels: own.labels };
      const remaining = addTerms(termsOf(g, x), termsOf(g, z));
      if (remaining.length === 0) return [...rest, flipped];
      return [...rest, flipped, { node: map(g, "exp", sum(g, remaining)), labels: own.labels }];
    }
  }
  return undefined;
}

/** The k for which all of b's terms are in a, k times; NaN where there is none. */
function multipleWithin(a: ReadonlyMap<Node, number>, b: ReadonlyMap<Node, number>): number {
  const ratios = new Set([...b].map(([term, coefficient]) => (a.get(term) ?? Number.NaN) / coefficient));
  return ratios.size === 1 ? (ratios.values().next().value as number) : Number.NaN;
}

function addTerms(a: ReadonlyMap<Node, number>, b: ReadonlyMap<Node, number>): readonly (readonly [Node, number])[] {
  const total = new Map(a);
  for (const [term, coefficient] of b) total.set(term, (total.get(term) ?? 0) + coefficient);
  return [...total].filter(([, coefficient]) => coefficient !== 0);
}

function mergePair(g: Graph, factors: readonly Factor[], sizes: Product["sizes"]): readonly Factor[] | undefined {
  const pair = findPair(
    g,
    factors.filter((factor) => isMap(factor.node, "exp") && distinct(factor.labels)),
  );
  if (pair === undefined) return undefined;
  const [large, small] = pair;
  const shift = einsum(g, [operand(small.node as MapNode)], [small.labels], large.labels, sizes);
  const merged = map(g, "exp", add(g, [1, 1], [operand(large.node as MapNode), shift]));
  return [...factors.filter((factor) => !pair.includes(factor)), { node: merged, labels: large.labels }];
}

/**
 * Two exponentials worth merging, the one of more labels first: terms of their exponents cancel, or the second is a normaliser. Others
 * are left alone, because an exponential that is also read elsewhere is computed once.
 */
function findPair(g: Graph, exponentials: readonly Factor[]): readonly [Factor, Factor] | undefined {
  for (const large of exponentials) {
    for (const small of exponentials) {
      if (large.node === small.node || !small.labels.every((label) => large.labels.includes(label))) continue;
      const [x, y] = [operand(large.node as MapNode), operand(small.node as MapNode)];
      if (isNormaliser(y) || (sameLabels(large.labels, small.labels) && cancels(g, x, y))) return [large, small];
    }
  }
  return undefined;
}

/** Whether y is −log of a sum of exponentials. */
function isNormaliser(y: Node): boolean {
  if (
    y.kind !== "add" ||
    !y.coefficients.every((coefficient, k) => coefficient < 0 || y.operands[k]?.kind === "constant")
  )
    return false;
  return y.operands.some((term) => isMap(term, "softplus") || (term.kind === "reduce" && term.fn === "logsumexp"));
}

function cancels(g: Graph, x: Node, y: Node): boolean {
  const other = termsOf(g, y);
  return [...termsOf(g, x)].some(([term, coefficient]) => coefficient * (other.get(term) ?? 0) < 0);
}

/** c eˣ − c = c expm1 x, c expm1 x + c = c eˣ */
export function foldExponentialTerms(
  g: Graph,
  terms: ReadonlyMap<Node, number>,
  shape: readonly Size[],
): ReadonlyMap<Node, number> {
  const one = constant(g, 1, shape);
  const level = terms.get(one);
  if (level === undefined) return terms;
  for (const [term, coefficient] of terms) {
    const down = isMap(term, "exp") && coefficient === -level;
    const up = isMap(term, "expm1") && coefficient === level;
    if (!down && !up) continue;
    const rest = new Map([...terms].filter(([other]) => other !== term && other !== one));
    const folded = map(g, down ? "expm1" : "exp", operand(term));
    return rest.set(folded, (rest.get(folded) ?? 0) + coefficient);
  }
  return terms;
}
