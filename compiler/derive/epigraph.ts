/**
 * Kinks of affine functions in epigraph form (Boyd and Vandenberghe 2004, 4.1.3): a convex kink κ(a) = max_k a_k that the minimand
 * weighs with a factor w ≥ 0 is an unknown t of its own,
 *
 *     min_y g(y) + w κ(a(y))   =   min_{y, t} g(y) + w t   subject to a_k(y) ≤ t for all k,
 *
 * and a concave one that is weighed with w ≤ 0 is one from below. A hinge, an absolute deviation, a pinball or the largest of several
 * scores so become constraints, whose active ones say which pieces a solution lies on. A factor of the other sign leaves the problem
 * unbounded, which the solver refuses.
 */
import { add, einsum, type Graph, input, scale } from "../ir/graph.ts";
import { dependsOn, type Input, type Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { substitute } from "../ir/substitute.ts";
import type { Constraint } from "../lower/problem.ts";
import { type Curvature, convexityOf } from "../plan/convexity.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient } from "./differentiate.ts";
import { kinksIn } from "./kinks.ts";

/** t, which stands for the kink. */
export interface Epigraph {
  readonly bound: Input;
  readonly kink: Node;
}

export interface WithoutKinks {
  readonly minimand: Node;
  readonly epigraphs: readonly Epigraph[];
  readonly subject: readonly Constraint[];
}

/**
 * Absent where a kink is of another kind or has one inside, its pieces are not convex (concave) in the unknowns, or t would enter other
 * than linearly.
 */
export function deriveEpigraph(g: Graph, minimand: Node, unknowns: readonly Input[]): WithoutKinks | undefined {
  const own = new Set<Node>(unknowns);
  const name = unknowns.map((y) => y.name).join(", ");
  const epigraphs: Epigraph[] = [];
  const subject: Constraint[] = [];
  let [smooth] = simplify(g, [minimand]) as [Node];
  // Outer kinks first: those inside them are their pieces' own.
  for (let kink = kinksIn([smooth], own).at(-1); kink !== undefined; kink = kinksIn([smooth], own).at(-1)) {
    const bound = input(g, `epigraph ${epigraphs.length + 1} of ${name}`, "epigraph", kink.shape);
    epigraphs.push({ kink, bound });
    smooth = substitute(g, [smooth], new Map([[kink, bound]]))[0] as Node;
    const found = piecesOf(g, kink);
    if (found === undefined || kinksIn(found.pieces, own).length > 0) return undefined;
    const { sign, pieces } = found;
    const shapes = convexityOf(pieces, own);
    const wanted: readonly Curvature[] = ["constant", "affine", sign === 1 ? "convex" : "concave"];
    if (!pieces.every((piece) => wanted.includes(shapes.get(piece)?.curvature ?? "unknown"))) return undefined;
    subject.push(
      ...pieces.map((piece): Constraint => {
        const against = spread(g, bound, piece.shape, kink as Node);
        return { relation: "<=", value: add(g, [sign, -sign], [piece, against]) };
      }),
    );
  }
  const bounds = epigraphs.map(({ bound }) => bound);
  const all = new Set<Node>([...unknowns, ...bounds]);
  const factors = simplify(g, gradient(g, smooth, bounds));
  return factors.some((factor) => dependsOn(factor, all)) ? undefined : { minimand: smooth, epigraphs, subject };
}

/** What the kink is the largest (1) or the smallest (−1) of. */
function piecesOf(g: Graph, kink: Node): { readonly sign: 1 | -1; readonly pieces: readonly Node[] } | undefined {
  if (kink.kind === "reduce" && (kink.fn === "max" || kink.fn === "min"))
    return { sign: kink.fn === "max" ? 1 : -1, pieces: [kink.operand] };
  if (kink.kind !== "map") return undefined;
  const [a] = kink.operands as readonly [Node];
  switch (kink.fn) {
    case "abs":
      return { sign: 1, pieces: [a, scale(g, -1, a)] };
    case "maximum":
    case "minimum":
      return { sign: kink.fn === "maximum" ? 1 : -1, pieces: operandsUnder(kink.fn, kink) };
    default:
      return undefined;
  }
}

/** The largest of a and the largest of b and c is the largest of all three. */
const operandsUnder = (fn: "maximum" | "minimum", node: Node): readonly Node[] =>
  node.kind === "map" && node.fn === fn ? node.operands.flatMap((operand) => operandsUnder(fn, operand)) : [node];

/** The bound beside a piece: along the axis that a reduction takes the largest of, once for each entry. */
function spread(g: Graph, bound: Input, shape: readonly Size[], kink: Node): Node {
  if (kink.kind !== "reduce") return bound;
  const axes = shape.map((_, axis) => axis);
  const own = axes.filter((axis) => axis !== kink.axis);
  return einsum(g, [bound], [own], axes, new Map(shape.map((size, axis) => [axis, size])));
}
