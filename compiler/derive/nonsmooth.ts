/**
 * Lower levels with a kink or a set: a smooth part plus, for each unknown, a penalty Σ weight |y − centre| of its entries or
 * Σ weight ‖y‖ of groups of them, or a set it stays in, or a penalty of its entries and bounds on them.
 *
 * The solution identifies a face: the entries or groups that are not at their kink or bound (the support). On the face the condition is an
 * equation, and near a solution with strict complementarity the face does not change, so that the implicit function theorem holds
 * there (Bertrand et al. 2022 for penalties; the same for sets through their optimality conditions). With masks that are 1 where
 * named, held constant in every derivative, the equations are
 *
 *     penalty    m ∘ (∇s + weight ∘ sign(y − centre)) + (1 − m) ∘ (y − centre) = 0
 *     group      m ∘ (∇s + weight ∘ y / ‖y‖) + (1 − m) ∘ y = 0
 *     box        (1 − l − u) ∘ p + l ∘ (y − low) + u ∘ (y − high) = 0        with ∇s, or the penalty's left side, for p
 *     simplex    m ∘ (∇s − τ) + (1 − m) ∘ y = 0,   Σ y = 1                 along the last axis, one τ a row
 *     ball       ∇s + 2 τ y = 0,   a (Σ y² − r²) + (1 − a) τ = 0           along the last axis, one τ a row
 *     psd        y − Q (B ∘ (Qᵀ sym(y − ∇s) Q)) Qᵀ = 0
 *
 * where sym(y − ∇s) = Q diag(λ) Qᵀ at the solution and B_ij = (max(λ_i, 0) − max(λ_j, 0)) / (λ_i − λ_j), B_ii = 1 if λ_i > 0 and 0
 * if not: the projection's value and derivative there (Malick and Sendov 2006), so that Q and B are to psd what masks are to the others.
 */
import { add, constant, einsum, type Graph, input, map, multiply, permute, reshape, scale } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import { type Size, showSizes } from "../ir/size.ts";
import type { LowerSet } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient } from "./differentiate.ts";
import { asEinsum, entrywiseAffine, squareSum, type Term, termsOf, weightAlong } from "./entrywise.ts";
import { kinksIn } from "./kinks.ts";
import { matrixProduct, symmetricPart, transposed } from "./pieces.ts";

/** How one unknown is tied; masks and multipliers are inputs of the condition. */
export type Piece =
  | { readonly kind: "free" }
  | {
      readonly kind: "penalty";
      readonly weight: Node;
      readonly centre: Node;
      readonly support: Input;
      readonly within?: Box;
    }
  /** One weight and one mask for all entries that agree in their indices along the kept axes, once the unknown has the shape `view`. */
  | {
      readonly kind: "group";
      readonly weight: Node;
      readonly view: readonly Size[];
      readonly kept: readonly number[];
      readonly support: Input;
    }
  | Box
  | { readonly kind: "simplex"; readonly support: Input; readonly multiplier: Input }
  | { readonly kind: "ball"; readonly radius: Node; readonly active: Input; readonly multiplier: Input }
  /** Q and B, of the unknown's shape. */
  | { readonly kind: "psd"; readonly vectors: Input; readonly quotients: Input };

/** An absent end is infinite. */
export interface Box {
  readonly kind: "box";
  readonly low?: Node;
  readonly high?: Node;
  readonly atLow: Input;
  readonly atHigh: Input;
}

/** Whether a kink with a weight ties the unknown, and no set. */
export const isPenalty = (piece: Piece): piece is Extract<Piece, { kind: "penalty" | "group" }> =>
  piece.kind === "penalty" || piece.kind === "group";

export interface Nonsmooth {
  /** s, and its gradient in each declared unknown. */
  readonly smooth: Node;
  readonly smoothGradient: readonly Node[];
  /** One a declared unknown, in order. */
  readonly pieces: readonly Piece[];
  /** The slope holds where deeper levels have answered: proximal steps along it name a face, and do not descend. */
  readonly answered: boolean;
}

export interface Faced {
  /** The declared unknowns, then the multipliers of their sets. */
  readonly unknowns: readonly Input[];
  readonly residual: readonly Node[];
  readonly nonsmooth: Nonsmooth;
}

/** Absent where the minimand has kinks that are not of these forms. */
export function deriveNonsmooth(
  g: Graph,
  minimand: Node,
  unknowns: readonly Input[],
  sets: ReadonlyMap<string, LowerSet>,
  answered = false,
): Faced | undefined {
  const [simple] = simplify(g, [minimand]);
  const all = new Set<Node>(unknowns);
  const penalties = new Map<Input, Penalty>();
  const rest: Term[] = [];
  for (const term of kinkedTerms(g, simple as Node, all)) {
    const found = penaltyOf(g, term, unknowns, all);
    if (found === undefined) rest.push(term);
    else {
      const known = penalties.get(found.unknown);
      if (known !== undefined && !sameKink(known, found)) return undefined;
      const weight = known === undefined ? found.weight : add(g, [1, 1], [known.weight, found.weight]);
      penalties.set(found.unknown, { ...found, weight });
      rest.push(...found.linear);
    }
  }
  if (unknowns.some((y) => !fitTogether(penalties.get(y), sets.get(y.name)))) return undefined;
  const smooth = total(g, rest);
  if (kinksIn([smooth], all).length > 0) return undefined;
  const slopes = gradient(g, smooth, unknowns);
  const tied = unknowns.map((y, k) => tie(g, y, slopes[k] as Node, penalties.get(y), sets.get(y.name)));
  return {
    unknowns: [...unknowns, ...tied.flatMap(({ multiplier }) => multiplier)],
    residual: [...tied.map(({ own }) => own), ...tied.flatMap(({ extra }) => extra)],
    nonsmooth: { smooth, smoothGradient: simplify(g, slopes), pieces: tied.map(({ piece }) => piece), answered },
  };
}

/** Entry by entry, the proximal operator of a penalty and bounds is the penalty's and then the bounds'; others do not compose. */
const fitTogether = (penalty: Penalty | undefined, set: LowerSet | undefined): boolean =>
  penalty === undefined || set === undefined || (penalty.kink.kind === "penalty" && set.kind === "box");

// ---------------------------------------------------------------------------------------------------- penalties

interface Penalty {
  readonly unknown: Input;
  readonly weight: Node;
  readonly kink: Kink;
  /** max(a, b) = (a + b)/2 + |a − b|/2 leaves a part without a kink. */
  readonly linear: readonly Term[];
}

/** Where a penalty is not smooth: at its centre in each entry, or at 0 in each group. */
type Kink =
  | { readonly kind: "penalty"; readonly centre: Node }
  | { readonly kind: "group"; readonly view: readonly Size[]; readonly kept: readonly number[] };

function sameKink({ kink: a }: Penalty, { kink: b }: Penalty): boolean {
  if (a.kind === "penalty") return b.kind === "penalty" && a.centre === b.centre;
  return b.kind === "group" && a.kept.join() === b.kept.join() && showSizes(a.view) === showSizes(b.view);
}

/** coefficient · Σ weight · |s y + o|, the same with max(s y + o, p), or coefficient · Σ weight · ‖y‖, for one of the unknowns. */
function penaltyOf(g: Graph, term: Term, unknowns: readonly Input[], all: ReadonlySet<Node>): Penalty | undefined {
  if (term.node.shape.length > 0) return undefined;
  const sum = asEinsum(term.node);
  const varying = sum.operands.map((_, k) => k).filter((k) => dependsOn(sum.operands[k] as Node, all));
  const k = varying[0];
  const kinked = k === undefined ? undefined : sum.operands[k];
  const labels = k === undefined ? [] : (sum.labels[k] as readonly number[]);
  if (varying.length !== 1 || k === undefined || kinked?.kind !== "map" || new Set(labels).size < labels.length) {
    return undefined;
  }
  if (kinked.fn === "sqrt") {
    const weight = scale(g, term.coefficient, weightAlong(g, sum, [k]));
    return groupPenalty(g, kinked.operands[0] as Node, weight, all);
  }
  const [a, b] = kinked.operands as readonly [Node, Node];
  const inside = kinked.fn === "abs" ? a : kinked.fn === "maximum" ? add(g, [1, -1], [a, b]) : undefined;
  if (inside === undefined) return undefined;
  const [difference] = simplify(g, [inside]) as [Node];
  for (const unknown of unknowns) {
    const affine = entrywiseAffine(g, difference, unknown, all);
    if (affine === undefined) continue;
    const half = kinked.fn === "abs" ? 1 : 0.5;
    const weight = scale(g, half * term.coefficient * Math.abs(affine.slope), weightAlong(g, sum, [k]));
    const [centre] = simplify(g, [scale(g, -1 / affine.slope, affine.offset)]) as [Node];
    const operands = [...sum.operands];
    operands[k] = kinked.fn === "abs" ? kinked : add(g, [0.5, 0.5], [a, b]);
    const linear = einsum(g, operands, sum.labels, []);
    return {
      unknown,
      weight,
      kink: { kind: "penalty", centre },
      linear: kinked.fn === "abs" ? [] : [{ ...term, node: linear }],
    };
  }
  return undefined;
}

/** Of a sum of squares, `weight` being what its roots weigh: √(c Σ v y²) = √c √v ‖y‖. */
function groupPenalty(g: Graph, squares: Node, weight: Node, all: ReadonlySet<Node>): Penalty | undefined {
  const found = squareSum(squares, all);
  if (found === undefined) return undefined;
  const { unknown, view, coefficient, sum, taken, kept } = found;
  const rest = sum.operands.map((_, k) => k).filter((k) => !taken.includes(k));
  const sizes = new Map(sum.sizes.map((size, label) => [label, size]));
  const inside = einsum(
    g,
    [constant(g, 1), ...rest.map((k) => sum.operands[k] as Node)],
    [[], ...rest.map((k) => sum.labels[k] as readonly number[])],
    sum.output,
    sizes,
  );
  const whole = scale(g, Math.sqrt(coefficient), multiply(g, weight, map(g, "sqrt", inside)));
  const order = [...kept.keys()].sort((a, b) => (kept[a] as number) - (kept[b] as number));
  const kink: Kink = { kind: "group", view: view.shape, kept: order.map((at) => kept[at] as number) };
  const [simple] = simplify(g, [permute(g, whole, order)]) as [Node];
  return { unknown, weight: simple, kink, linear: [] };
}

/** The terms of a sum, where Σ c (a + b) with a kink in it counts as Σ c a + Σ c b. */
function kinkedTerms(g: Graph, node: Node, all: ReadonlySet<Node>): readonly Term[] {
  return termsOf(node).flatMap((term): readonly Term[] => {
    const { node: sum, coefficient } = term;
    if (sum.kind !== "einsum" || kinksIn([sum], all).length === 0) return [term];
    const varying = sum.operands.map((_, k) => k).filter((k) => dependsOn(sum.operands[k] as Node, all));
    const k = varying[0];
    const inner = k === undefined ? undefined : sum.operands[k];
    if (varying.length !== 1 || k === undefined || inner?.kind !== "add") return [term];
    const sizes = new Map(sum.sizes.map((size, label) => [label, size]));
    return termsOf(inner).flatMap((own) => {
      const [part] = simplify(g, [einsum(g, sum.operands.with(k, own.node), sum.labels, sum.output, sizes)]) as [Node];
      const factor = coefficient * own.coefficient;
      return kinkedTerms(g, part, all).map((found) => ({ ...found, coefficient: factor * found.coefficient }));
    });
  });
}

function total(g: Graph, terms: readonly Term[]): Node {
  if (terms.length === 0) return constant(g, 0);
  const sum = add(
    g,
    terms.map((term) => term.coefficient),
    terms.map((term) => term.node),
  );
  return simplify(g, [sum])[0] as Node;
}

// ------------------------------------------------------------------------------------------------------- pieces

type Groups = Pick<Extract<Piece, { kind: "group" }>, "view" | "kept">;

/** Σ y² of each group. */
export function normSquares(g: Graph, y: Node, { view, kept }: Groups): Node {
  const [viewed, axes] = [reshape(g, y, view), [...view.keys()]];
  return einsum(g, [viewed, viewed], [axes, axes], kept);
}

/** What there is one of a group, for each of its entries: of y's shape. */
function overGroups(g: Graph, node: Node, y: Node, { view, kept }: Groups): Node {
  const spread = einsum(g, [node], [kept], [...view.keys()], new Map(view.map((size, axis) => [axis, size])));
  return reshape(g, spread, y.shape);
}

interface Tied {
  readonly piece: Piece;
  readonly own: Node;
  readonly multiplier: readonly Input[];
  readonly extra: readonly Node[];
}

function tie(g: Graph, y: Input, slope: Node, penalty: Penalty | undefined, set: LowerSet | undefined): Tied {
  const mask = (what: string, shape = y.shape): Input => input(g, `${what} of ${y.name}`, "step", shape);
  const one = constant(g, 1, y.shape);
  const choose = (m: Node, inside: Node, outside: Node): Node =>
    add(g, [1, 1], [multiply(g, m, inside), multiply(g, add(g, [1, -1], [one, m]), outside)]);
  const alone = (piece: Piece, own: Node): Tied => ({ piece, own, multiplier: [], extra: [] });

  const bounded = (
    set: Extract<LowerSet, { kind: "box" }>,
    inside: Node,
  ): { readonly piece: Box; readonly own: Node } => {
    const { low, high } = set;
    const [atLow, atHigh] = [mask("lower bound"), mask("upper bound")];
    const bounds = [...(low === undefined ? [] : [atLow]), ...(high === undefined ? [] : [atHigh])];
    const free = add(g, [1, ...bounds.map(() => -1)], [one, ...bounds]);
    const parts = [
      multiply(g, free, inside),
      ...(low === undefined ? [] : [multiply(g, atLow, add(g, [1, -1], [y, low]))]),
      ...(high === undefined ? [] : [multiply(g, atHigh, add(g, [1, -1], [y, high]))]),
    ];
    const ones = parts.map(() => 1);
    return { piece: { kind: "box", low, high, atLow, atHigh }, own: add(g, ones, parts) };
  };

  if (penalty?.kink.kind === "penalty") {
    const { weight, kink } = penalty;
    const support = mask("support");
    const apart = add(g, [1, -1], [y, kink.centre]);
    const inside = add(g, [1, 1], [slope, multiply(g, weight, map(g, "sign", apart))]);
    const own = choose(support, inside, apart);
    if (set?.kind !== "box") return alone({ ...kink, weight, support }, own);
    const within = bounded(set, own);
    return alone({ ...kink, weight, support, within: within.piece }, within.own);
  }
  if (penalty?.kink.kind === "group") {
    const { weight, kink } = penalty;
    const groups = kink.kept.map((axis) => kink.view[axis] as Size);
    const support = mask("support", groups);
    // A group off the support is divided by 1 in place of its norm 0, which the mask would not hide.
    const off = add(g, [1, -1], [constant(g, 1, groups), support]);
    const norm = map(g, "sqrt", add(g, [1, 1], [normSquares(g, y, kink), off]));
    const pull = multiply(g, weight, map(g, "power", norm, constant(g, -1, groups)));
    const inside = add(g, [1, 1], [slope, multiply(g, overGroups(g, pull, y, kink), y)]);
    return alone({ ...kink, weight, support }, choose(overGroups(g, support, y, kink), inside, y));
  }
  if (set === undefined) return alone({ kind: "free" }, slope);

  const axes = y.shape.map((_, i) => i);
  const rows = y.shape.slice(0, -1);
  const along = (row: Node): Node =>
    einsum(g, [row], [axes.slice(0, -1)], axes, new Map(y.shape.map((s, i) => [i, s])));
  const summed = (node: Node): Node => einsum(g, [node], [axes], axes.slice(0, -1));
  switch (set.kind) {
    case "box": {
      const { piece, own } = bounded(set, slope);
      return alone(piece, own);
    }
    case "psd": {
      const [vectors, quotients] = [mask("eigenvectors"), mask("quotients")];
      const step = symmetricPart(g, add(g, [1, -1], [y, slope]));
      const inner = matrixProduct(g, matrixProduct(g, transposed(g, vectors), step), vectors);
      const projected = matrixProduct(
        g,
        matrixProduct(g, vectors, multiply(g, quotients, inner)),
        transposed(g, vectors),
      );
      return alone({ kind: "psd", vectors, quotients }, add(g, [1, -1], [y, projected]));
    }
    case "simplex": {
      const support = mask("support");
      const multiplier = input(g, `multiplier of the simplex of ${y.name}`, "multiplier", rows);
      const own = choose(support, add(g, [1, -1], [slope, along(multiplier)]), y);
      const full = add(g, [1, -1], [summed(y), constant(g, 1, rows)]);
      return { piece: { kind: "simplex", support, multiplier }, own, multiplier: [multiplier], extra: [full] };
    }
    case "ball": {
      const active = mask("boundary", rows);
      const multiplier = input(g, `multiplier of the ball of ${y.name}`, "multiplier", rows);
      const own = add(g, [1, 2], [slope, multiply(g, along(multiplier), y)]);
      const excess = add(g, [1, -1], [summed(multiply(g, y, y)), multiply(g, set.radius, set.radius)]);
      const inside = add(g, [1, -1], [constant(g, 1, rows), active]);
      const extra = add(g, [1, 1], [multiply(g, active, excess), multiply(g, inside, multiplier)]);
      const piece: Piece = { kind: "ball", radius: set.radius, active, multiplier };
      return { piece, own, multiplier: [multiplier], extra: [extra] };
    }
  }
}
