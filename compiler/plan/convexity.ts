/**
 * Convexity in the lower unknowns by composition rules, in the manner of disciplined convex programming (Grant, Boyd, Ye 2006):
 * each node gets a curvature and a sign from those of its operands, one total rule table a kind. "unknown" means that the rules
 * do not prove it, not that it is false.
 */
import { type Einsum, type MapFunction, type Node, type NodeKind, operandsOf, reachable } from "../ir/node.ts";
import { constantSize } from "../ir/size.ts";

export type Curvature = "constant" | "affine" | "convex" | "concave" | "unknown";
/** `positive` is strict. */
export type Sign = "zero" | "positive" | "nonnegative" | "negative" | "nonpositive" | "unknown";

export interface Shape {
  readonly curvature: Curvature;
  readonly sign: Sign;
}

export const isNonnegative = (sign: Sign): boolean => sign === "zero" || sign === "positive" || sign === "nonnegative";
export const isNonpositive = (sign: Sign): boolean => sign === "zero" || sign === "negative" || sign === "nonpositive";

// ------------------------------------------------------------------------------------------- algebra of the facts

const negatedCurvature: Record<Curvature, Curvature> = {
  constant: "constant",
  affine: "affine",
  convex: "concave",
  concave: "convex",
  unknown: "unknown",
};

function signOf(value: number): Sign {
  return value > 0 ? "positive" : value < 0 ? "negative" : value === 0 ? "zero" : "unknown";
}

function multiplySigns(a: Sign, b: Sign): Sign {
  if (a === "zero" || b === "zero") return "zero";
  if (a === "unknown" || b === "unknown") return "unknown";
  const strict = (a === "positive" || a === "negative") && (b === "positive" || b === "negative");
  const negative = isNonpositive(a) !== isNonpositive(b);
  return negative ? (strict ? "negative" : "nonpositive") : strict ? "positive" : "nonnegative";
}

function addSigns(a: Sign, b: Sign): Sign {
  if (a === "zero") return b;
  if (b === "zero") return a;
  if (isNonnegative(a) && isNonnegative(b)) return a === "positive" || b === "positive" ? "positive" : "nonnegative";
  if (isNonpositive(a) && isNonpositive(b)) return a === "negative" || b === "negative" ? "negative" : "nonpositive";
  return "unknown";
}

function addCurvatures(a: Curvature, b: Curvature): Curvature {
  if (a === "constant") return b;
  if (b === "constant") return a;
  if (a === "affine") return b;
  if (b === "affine" || a === b) return a;
  return "unknown";
}

/** Curvature of factor · x for a factor that is constant in the unknowns. */
function scaled(curvature: Curvature, factor: Sign): Curvature {
  if (curvature === "constant" || factor === "zero") return "constant";
  if (curvature === "affine" || isNonnegative(factor)) return curvature;
  return isNonpositive(factor) ? negatedCurvature[curvature] : "unknown";
}

// ------------------------------------------------------------------------------------------------ scalar functions

interface ScalarFacts {
  readonly curvature: "convex" | "concave" | "affine" | "unknown";
  readonly monotone: "increasing" | "decreasing" | "none";
  readonly sign: (argument: Sign) => Sign;
}

const always = (sign: Sign) => (): Sign => sign;
const sameSign = (sign: Sign): Sign => sign;
const nothing: ScalarFacts = { curvature: "unknown", monotone: "none", sign: always("unknown") };
const indicator: ScalarFacts = { curvature: "unknown", monotone: "none", sign: always("nonnegative") };

/** On the function's domain; power, maximum and minimum and select have rules of their own. */
const scalarFacts: { readonly [F in Exclude<MapFunction, "power" | "maximum" | "minimum" | "select">]: ScalarFacts } = {
  exp: { curvature: "convex", monotone: "increasing", sign: always("positive") },
  log: { curvature: "concave", monotone: "increasing", sign: always("unknown") },
  log1p: { curvature: "concave", monotone: "increasing", sign: sameSign },
  expm1: { curvature: "convex", monotone: "increasing", sign: sameSign },
  sqrt: { curvature: "concave", monotone: "increasing", sign: (s) => (s === "positive" ? "positive" : "nonnegative") },
  abs: {
    curvature: "convex",
    monotone: "none",
    sign: (s) => (s === "positive" || s === "negative" ? "positive" : "nonnegative"),
  },
  softplus: { curvature: "convex", monotone: "increasing", sign: always("positive") },
  logcosh: { curvature: "convex", monotone: "none", sign: always("nonnegative") },
  huber: { curvature: "convex", monotone: "none", sign: always("nonnegative") },
  relu: { curvature: "convex", monotone: "increasing", sign: always("nonnegative") },
  sigmoid: { curvature: "unknown", monotone: "increasing", sign: always("positive") },
  tanh: { curvature: "unknown", monotone: "increasing", sign: sameSign },
  erf: { curvature: "unknown", monotone: "increasing", sign: sameSign },
  sign: { curvature: "unknown", monotone: "increasing", sign: sameSign },
  stop: { curvature: "affine", monotone: "increasing", sign: sameSign },
  sin: nothing,
  cos: nothing,
  tan: nothing,
  acos: { curvature: "unknown", monotone: "decreasing", sign: always("nonnegative") },
  not: indicator,
  equal: indicator,
  less: indicator,
  less_equal: indicator,
  and: indicator,
  or: indicator,
};

function composed(outer: ScalarFacts, inner: Shape): Curvature {
  if (inner.curvature === "constant") return "constant";
  if (outer.curvature === "affine") return inner.curvature;
  if (inner.curvature === "affine") return outer.curvature;
  const convexInner = inner.curvature === "convex";
  const concaveInner = inner.curvature === "concave";
  if (
    outer.curvature === "convex" &&
    ((convexInner && outer.monotone === "increasing") || (concaveInner && outer.monotone === "decreasing"))
  )
    return "convex";
  if (
    outer.curvature === "concave" &&
    ((concaveInner && outer.monotone === "increasing") || (convexInner && outer.monotone === "decreasing"))
  )
    return "concave";
  return "unknown";
}

/** x^p for constant p. */
function powerFacts(exponent: number, argument: Sign): ScalarFacts {
  const even = exponent % 2 === 0;
  if (exponent > 0 && even) {
    const monotone = isNonnegative(argument) ? "increasing" : isNonpositive(argument) ? "decreasing" : "none";
    return {
      curvature: "convex",
      monotone,
      sign: (s) => (s === "positive" || s === "negative" ? "positive" : "nonnegative"),
    };
  }
  if (!isNonnegative(argument)) return nothing;
  const sign = (s: Sign): Sign => (s === "positive" || exponent < 0 ? "positive" : "nonnegative");
  if (exponent === 1) return { curvature: "affine", monotone: "increasing", sign };
  if (exponent > 1) return { curvature: "convex", monotone: "increasing", sign };
  if (exponent > 0) return { curvature: "concave", monotone: "increasing", sign };
  return { curvature: "convex", monotone: "decreasing", sign };
}

function mapShape(fn: MapFunction, operands: readonly Shape[], nodes: readonly Node[]): Shape {
  const [first, second, third] = operands as [Shape, Shape, Shape];
  switch (fn) {
    case "power": {
      const exponent = nodes[1];
      if (exponent?.kind === "constant") {
        const facts = powerFacts(exponent.value, first.sign);
        return { curvature: composed(facts, first), sign: facts.sign(first.sign) };
      }
      const constant = operands.every((o) => o.curvature === "constant");
      return { curvature: constant ? "constant" : "unknown", sign: first.sign === "positive" ? "positive" : "unknown" };
    }
    case "maximum":
    case "minimum": {
      const wanted = fn === "maximum" ? "convex" : "concave";
      const sum = addCurvatures(first.curvature, second.curvature);
      const kept = sum === "constant" ? sum : sum === "affine" || sum === wanted ? wanted : "unknown";
      const [better, worse] = fn === "maximum" ? [isNonnegative, isNonpositive] : [isNonpositive, isNonnegative];
      const strict = fn === "maximum" ? "positive" : "negative";
      if (first.sign === strict || second.sign === strict) return { curvature: kept, sign: strict };
      if (better(first.sign) || better(second.sign))
        return { curvature: kept, sign: fn === "maximum" ? "nonnegative" : "nonpositive" };
      return {
        curvature: kept,
        sign: worse(first.sign) && worse(second.sign) ? (fn === "maximum" ? "nonpositive" : "nonnegative") : "unknown",
      };
    }
    case "select": {
      const constant = operands.every((o) => o.curvature === "constant");
      const branches = addCurvatures(second.curvature, third.curvature);
      const fixedCondition = first.curvature === "constant";
      const sign =
        second.sign === third.sign
          ? second.sign
          : isNonnegative(second.sign) && isNonnegative(third.sign)
            ? "nonnegative"
            : "unknown";
      return { curvature: constant ? "constant" : fixedCondition ? branches : "unknown", sign };
    }
    default: {
      const facts = scalarFacts[fn];
      return { curvature: composed(facts, first), sign: facts.sign(first.sign) };
    }
  }
}

// ------------------------------------------------------------------------------------------------------ einsum

/** Whether the operands split into two halves that are mirror images: Σ over what remains of a square. */
function isSquare(node: Einsum, shapes: readonly Shape[]): boolean {
  const varying = node.operands.map((_, k) => k).filter((k) => shapes[k]?.curvature !== "constant");
  const [p, q] = varying;
  if (varying.length !== 2 || p === undefined || q === undefined || node.operands[p] !== node.operands[q]) return false;
  if (shapes[p]?.curvature !== "affine") return false;
  const [own, other] = [node.labels[p] as readonly number[], node.labels[q] as readonly number[]];
  // Each half sums over its own labels alone; what they share, and what is left over, stands still. Σ x_ij x_ji is no square.
  const mirror = new Map<number, number>();
  for (const [i, label] of own.entries()) {
    const image = other[i] as number;
    const apart = !own.includes(image) && !other.includes(label);
    const summed = !node.output.includes(label) && !node.output.includes(image);
    if (label !== image && !(apart && summed)) return false;
    if ((mirror.get(label) ?? image) !== image || (mirror.get(image) ?? label) !== label) return false;
    mirror.set(label, image).set(image, label);
  }
  // A constant operand is a weight (it sees only labels that the mirror fixes, and is not negative) or has its mirror image.
  const rest = node.operands.map((_, k) => k).filter((k) => !varying.includes(k));
  const used = new Set<number>();
  for (const k of rest) {
    if (used.has(k)) continue;
    const labels = node.labels[k] as readonly number[];
    const reflected = labels.map((label) => mirror.get(label) ?? label);
    const fixed = reflected.every((label, i) => label === labels[i]);
    if (fixed && isNonnegative((shapes[k] as Shape).sign)) continue;
    const twin = rest.find(
      (l) =>
        l !== k &&
        !used.has(l) &&
        node.operands[l] === node.operands[k] &&
        (node.labels[l] as readonly number[]).every((label, i) => label === reflected[i]),
    );
    if (twin === undefined) return false;
    used.add(k).add(twin);
  }
  return true;
}

/** Whether the operands are one affine array an even number of times, entry by entry, under weights that are not negative. */
function isEvenPower(node: Einsum, shapes: readonly Shape[]): boolean {
  const varying = node.operands.map((_, k) => k).filter((k) => shapes[k]?.curvature !== "constant");
  const [first = 0] = varying;
  const labels = node.labels[first] as readonly number[];
  const alike = (k: number): boolean =>
    node.operands[k] === node.operands[first] && node.labels[k]?.join() === labels.join();
  return (
    varying.length % 2 === 0 &&
    shapes[first]?.curvature === "affine" &&
    new Set(labels).size === labels.length &&
    varying.every(alike) &&
    shapes.every((shape, k) => varying.includes(k) || isNonnegative(shape.sign))
  );
}

function einsumShape(node: Einsum, shapes: readonly Shape[]): Shape {
  const sign = squareSign(node, shapes) ?? shapes.map((s) => s.sign).reduce(multiplySigns, "positive");
  const summedAway = node.sizes.length > node.output.length;
  const strict = summedAway && !node.sizes.every((size) => (constantSize(size) ?? 1) > 0) ? weakened(sign) : sign;
  const varying = shapes.filter((s) => s.curvature !== "constant");
  if (varying.length === 0) return { curvature: "constant", sign: strict };
  if (varying.length === 1) {
    const factor = shapes
      .filter((s) => s.curvature === "constant")
      .map((s) => s.sign)
      .reduce(multiplySigns, "positive");
    return { curvature: scaled((varying[0] as Shape).curvature, factor), sign: strict };
  }
  if (isSquare(node, shapes) || isEvenPower(node, shapes)) return { curvature: "convex", sign: "nonnegative" };
  return { curvature: "unknown", sign: strict };
}

const weakened = (sign: Sign): Sign =>
  sign === "positive" ? "nonnegative" : sign === "negative" ? "nonpositive" : sign;

/** x · x entry by entry is not negative, whatever x is. */
function squareSign(node: Einsum, shapes: readonly Shape[]): Sign | undefined {
  const unpaired: number[] = [];
  node.operands.forEach((operand, k) => {
    const twin = unpaired.findIndex(
      (l) => node.operands[l] === operand && node.labels[l]?.join() === node.labels[k]?.join(),
    );
    if (twin < 0) unpaired.push(k);
    else unpaired.splice(twin, 1);
  });
  if (unpaired.length === node.operands.length) return undefined;
  return multiplySigns("nonnegative", unpaired.map((k) => (shapes[k] as Shape).sign).reduce(multiplySigns, "positive"));
}

// ------------------------------------------------------------------------------------------------------- nodes

type Rule<K extends NodeKind> = (node: Extract<Node, { kind: K }>, operands: readonly Shape[]) => Shape;

const constantOf = (sign: Sign): Shape => ({ curvature: "constant", sign });
const whole = (operands: readonly Shape[]): Curvature =>
  operands.every((o) => o.curvature === "constant") ? "constant" : "unknown";

const rules: { readonly [K in NodeKind]: Rule<K> } = {
  input: () => constantOf("unknown"),
  constant: (node) => constantOf(signOf(node.value)),
  literal: (node) => {
    const signs = [...node.values].map(signOf);
    return constantOf(
      signs.length > 0 && signs.every(isNonnegative)
        ? signs.includes("zero")
          ? "nonnegative"
          : "positive"
        : "unknown",
    );
  },
  size: () => constantOf("positive"),
  iota: () => constantOf("nonnegative"),
  delta: () => constantOf("nonnegative"),
  einsum: einsumShape,
  add: (node, operands) =>
    operands
      .map((o, k): Shape => {
        const factor = signOf(node.coefficients[k] as number);
        return { curvature: scaled(o.curvature, factor), sign: multiplySigns(o.sign, factor) };
      })
      .reduce((a, b) => ({ curvature: addCurvatures(a.curvature, b.curvature), sign: addSigns(a.sign, b.sign) })),
  map: (node, operands) => mapShape(node.fn, operands, node.operands),
  reduce: (node, [x]) => {
    const { curvature, sign } = x as Shape;
    if (curvature === "constant")
      return constantOf(
        node.fn === "max" || node.fn === "min" ? sign : node.fn === "argmax" ? "nonnegative" : "unknown",
      );
    const wanted = node.fn === "min" ? "concave" : "convex";
    const kept = node.fn !== "argmax" && (curvature === "affine" || curvature === wanted) ? wanted : "unknown";
    return { curvature: kept, sign: node.fn === "max" || node.fn === "min" ? sign : "unknown" };
  },
  gather: (_, [x]) => x as Shape,
  scatter: (_, [x]) => ({ curvature: (x as Shape).curvature, sign: weakened((x as Shape).sign) }),
  reshape: (_, [x]) => x as Shape,
  solve: (_, [matrix, rhs]) => ({
    curvature:
      matrix?.curvature !== "constant"
        ? "unknown"
        : rhs?.curvature === "constant" || rhs?.curvature === "affine"
          ? rhs.curvature
          : "unknown",
    sign: "unknown",
  }),
  /** log det is concave on the positive definite matrices. */
  logdet: (_, [matrix]) => ({
    curvature: matrix?.curvature === "constant" ? "constant" : matrix?.curvature === "affine" ? "concave" : "unknown",
    sign: "unknown",
  }),
  cholesky: (_, operands) => ({ curvature: whole(operands), sign: "unknown" }),
};

/** The curvature and sign of every node the roots read, in the given unknowns. */
export function convexityOf(roots: readonly Node[], unknowns: ReadonlySet<Node>): ReadonlyMap<Node, Shape> {
  const shapes = new Map<Node, Shape>();
  for (const node of reachable(roots)) {
    const rule = rules[node.kind] as (node: Node, operands: readonly Shape[]) => Shape;
    const shape = unknowns.has(node)
      ? { curvature: "affine" as const, sign: "unknown" as const }
      : rule(
          node,
          operandsOf(node).map((o) => shapes.get(o) as Shape),
        );
    shapes.set(node, shape);
  }
  return shapes;
}
