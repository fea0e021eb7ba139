/**
 * Kernel matrices as tensor expressions: K[i, j] = k(x_i, c_j) for two lists of points. The parameters are scalar expressions, so
 * that a kernel may be learned.
 *
 * The neural tangent kernel is that of a fully connected ReLU network without biases, of infinite width and with weights scaled to
 * keep norms (Jacot, Gabriel and Hongler 2018), in the arc-cosine form of Cho and Saul (2009).
 */
import type { Kernel, Term } from "../check/model.ts";
import { add, constant, einsum, type Graph, map, multiply, scale } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { reciprocal } from "./functions.ts";

/** Σ_j K_ij α_j, for coefficients of any shape after the centres. */
export function expanded(g: Graph, kernel: Node, coefficients: Node): Node {
  const own = coefficients.shape.slice(1).map((_, axis) => axis + 2);
  return einsum(
    g,
    [kernel, coefficients],
    [
      [0, 1],
      [1, ...own],
    ],
    [0, ...own],
  );
}

/** One array a declared argument, [points, entries]: together they are the coordinates. */
export type Points = readonly Node[];

/** What the kernel's formulas are over; each [points, centres]. */
interface Pairs {
  readonly g: Graph;
  readonly shape: readonly Size[];
  /** x·c */
  readonly inner: () => Node;
  /** |x − c|² */
  readonly squaredDistance: () => Node;
  /** |x| and |c|, each spread over the pairs */
  readonly norms: () => { readonly rows: Node; readonly columns: Node };
  readonly scalar: (term: Term) => Node;
}

export function kernelMatrix(g: Graph, kernel: Kernel, scalar: (term: Term) => Node, x: Points, c: Points): Node {
  return evaluate(kernel, {
    g,
    shape: [(x[0] as Node).shape[0] as Size, (c[0] as Node).shape[0] as Size],
    scalar,
    inner: () =>
      overArguments(g, x, c, (a, b) =>
        einsum(
          g,
          [a, b],
          [
            [0, 2],
            [1, 2],
          ],
          [0, 1],
        ),
      ),
    squaredDistance: () => overArguments(g, x, c, (a, b) => squaredDistance(g, a, b)),
    norms: () => ({ rows: normsOf(g, x, c, 0), columns: normsOf(g, c, x, 1) }),
  });
}

function overArguments(g: Graph, x: Points, c: Points, build: (a: Node, b: Node) => Node): Node {
  const terms = x.map((a, k) => build(a, c[k] as Node));
  return add(
    g,
    terms.map(() => 1),
    terms,
  );
}

/** Of the points of one side, along that axis of the pairs. */
function normsOf(g: Graph, points: Points, others: Points, axis: 0 | 1): Node {
  const squares = overArguments(g, points, points, (a) =>
    einsum(
      g,
      [a, a],
      [
        [0, 1],
        [0, 1],
      ],
      [0],
    ),
  );
  const across = (others[0] as Node).shape[0] as Size;
  return einsum(g, [root(g, squares)], [[axis]], [0, 1], new Map([[1 - axis, across]]));
}

/** Of the differences themselves: |x|² + |c|² − 2 x·c would cancel near the diagonal. */
function squaredDistance(g: Graph, x: Node, c: Node): Node {
  const [rows, entries] = x.shape as readonly [Size, Size];
  const sizes = new Map([
    [0, rows],
    [1, c.shape[0] as Size],
    [2, entries],
  ]);
  const [left, right] = [einsum(g, [x], [[0, 2]], [0, 1, 2], sizes), einsum(g, [c], [[1, 2]], [0, 1, 2], sizes)];
  const difference = add(g, [1, -1], [left, right]);
  return einsum(
    g,
    [difference, difference],
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
    [0, 1],
  );
}

function evaluate(kernel: Kernel, pairs: Pairs): Node {
  const { g } = pairs;
  switch (kernel.kind) {
    case "sum": {
      const terms = kernel.operands.map((operand) => evaluate(operand, pairs));
      return add(
        g,
        terms.map(() => 1),
        terms,
      );
    }
    case "product":
      return multiply(g, ...kernel.operands.map((operand) => evaluate(operand, pairs)));
    case "scaled":
      return multiply(g, spread(pairs, pairs.scalar(kernel.factor)), evaluate(kernel.operand, pairs));
    case "base": {
      const parameter: Parameter = (name, fallback) => {
        const term = kernel.parameters.get(name);
        return term === undefined ? constant(g, fallback) : pairs.scalar(term);
      };
      return profiles[kernel.name as KernelName](pairs, parameter);
    }
  }
}

type Parameter = (name: string, fallback: number) => Node;
export type KernelName = "gaussian" | "laplace" | "matern" | "polynomial" | "linear" | "ntk";

const profiles: { readonly [K in KernelName]: (pairs: Pairs, parameter: Parameter) => Node } = {
  /** exp(−|x − c|² / 2s²) */
  gaussian: (pairs, parameter) => {
    const { g } = pairs;
    const bandwidth = parameter("bandwidth", 1);
    const factor = scale(g, -0.5, reciprocal(g, multiply(g, bandwidth, bandwidth)));
    return map(g, "exp", multiply(g, spread(pairs, factor), pairs.squaredDistance()));
  },

  /** exp(−|x − c| / s) */
  laplace: (pairs, parameter) => map(pairs.g, "exp", scale(pairs.g, -1, scaledDistance(pairs, parameter, 1))),

  /** With r = √(2ν) |x − c| / s: e⁻ʳ times 1, 1 + r, or 1 + r + r²/3 for ν = 1/2, 3/2, 5/2 */
  matern: (pairs, parameter) => {
    const { g, shape } = pairs;
    const nu = wholeParameter(parameter("nu", 1.5));
    const r = scaledDistance(pairs, parameter, Math.sqrt(2 * nu));
    const decay = map(g, "exp", scale(g, -1, r));
    if (nu === 0.5) return decay;
    const one = constant(g, 1, shape);
    const polynomial = nu === 1.5 ? add(g, [1, 1], [one, r]) : add(g, [1, 1, 1 / 3], [one, r, multiply(g, r, r)]);
    return multiply(g, polynomial, decay);
  },

  /** (scale x·c + offset)^degree */
  polynomial: (pairs, parameter) => {
    const { g, shape } = pairs;
    const affine = add(
      g,
      [1, 1],
      [multiply(g, spread(pairs, parameter("scale", 1)), pairs.inner()), spread(pairs, parameter("offset", 1))],
    );
    return map(g, "power", affine, constant(g, wholeParameter(parameter("degree", 2)), shape));
  },

  /** x·c + offset */
  linear: (pairs, parameter) => add(pairs.g, [1, 1], [pairs.inner(), spread(pairs, parameter("offset", 0))]),

  /**
   * With cos θ = x·c / (|x| |c|) at each layer: Σ ← |x| |c| (sin θ + (π − θ) cos θ)/π and Θ ← Σ + Θ (π − θ)/π, both starting at x·c;
   * norms stay as they are. What is carried along is w = 1 − cos θ, from |x − c|² = (|x| − |c|)² + 2 |x| |c| w: near the diagonal
   * cos θ has lost the digits that θ is made of.
   */
  ntk: (pairs, parameter) => {
    const { g, shape } = pairs;
    const depth = wholeParameter(parameter("depth", 1));
    const constantly = (value: number): Node => constant(g, value, shape);
    const clipped = (w: Node): Node => map(g, "minimum", floored(g, w), constantly(2));
    const { rows, columns } = pairs.norms();
    const norms = multiply(g, rows, columns);
    const gap = add(g, [1, -1], [rows, columns]);
    const chord = add(g, [1, -1], [pairs.squaredDistance(), multiply(g, gap, gap)]);
    // A point at the origin has kernel 0 with every other, whatever its angle.
    const twice = floored(g, scale(g, 2, norms));
    let w = clipped(multiply(g, chord, reciprocal(g, twice)));
    let tangent = pairs.inner();
    for (let layer = 0; layer < depth; layer += 1) {
      // π − θ = 2 acos √(w/2)
      const opening = scale(g, 2, map(g, "acos", map(g, "sqrt", scale(g, 0.5, w))));
      const angle = add(g, [1, -1], [constantly(Math.PI), opening]);
      const sine = root(g, multiply(g, w, add(g, [1, -1], [constantly(2), w])));
      const cosine = add(g, [1, -1], [constantly(1), w]);
      // 1 − (sin θ + (π − θ) cos θ)/π = w − (sin θ − θ cos θ)/π
      const bend = add(g, [1, -1], [sine, multiply(g, angle, cosine)]);
      w = clipped(add(g, [1, -1 / Math.PI], [w, bend]));
      const covariance = multiply(g, norms, add(g, [1, -1], [constantly(1), w]));
      tangent = add(g, [1, 1 / Math.PI], [covariance, multiply(g, tangent, opening)]);
    }
    return tangent;
  },
};

/**
 * A distance has no derivative where points coincide, and there one of 0 is right: a point moves together with the centre that it is.
 * The floor is far below what any of the formulas can tell from 0.
 */
const root = (g: Graph, square: Node): Node => map(g, "sqrt", floored(g, square));
const floored = (g: Graph, node: Node): Node => map(g, "maximum", node, constant(g, 1e-300, node.shape));

/** factor |x − c| / s */
function scaledDistance(pairs: Pairs, parameter: Parameter, factor: number): Node {
  const { g } = pairs;
  const inverse = scale(g, factor, reciprocal(g, parameter("bandwidth", 1)));
  return multiply(g, spread(pairs, inverse), root(g, pairs.squaredDistance()));
}

/** A parameter that shapes the formula: the checker has made sure that it is a constant. */
function wholeParameter(node: Node): number {
  if (node.kind !== "constant") throw new Error("a structural kernel parameter that is no constant");
  return node.value;
}

function spread({ g, shape }: Pairs, scalar: Node): Node {
  const sizes = new Map(shape.map((size, axis) => [axis, size]));
  return einsum(g, [scalar], [[]], [0, 1], sizes);
}
