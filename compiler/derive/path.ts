/**
 * Lower levels where the point that is meant is the end of a path.
 *
 * Steps of descent, with the displacement d_t = y_t − y_{t−1} and d_0 = 0 (Polyak 1964),
 *
 *     y_{t+1} = y_t + d_{t+1},   d_{t+1} = m d_t − r ∇g(w, y_t),   y_0 = y_0(w),
 *
 * are the unrolled problem, exactly. Rate and momentum may depend on w.
 *
 * In reverse, p_T = ∂/∂y_T of what comes after, q_T = 0, and for t = T − 1 .. 0 with s = p_{t+1} + q_{t+1}
 *
 *     p_t = p_{t+1} − r ∇²g(w, y_t) s,   q_t = m s,
 *
 * and whatever the steps read (w, or the unknowns of earlier blocks) receives Σ_t ∂/∂w ⟨s, m d_t − r ∇g(w, y_t)⟩ + ∂/∂w ⟨p_0, y_0(w)⟩.
 * Forward, the tangents of y_t and d_t along each entry of what is read follow the steps' own derivative (both: Franceschi, Donini,
 * Frasconi and Pontil 2017).
 *
 * The gradient flow dy/dt = −∇g(w, y) from y_0(w) selects its limit y_∞ among many minimisers (Arbel and Mairal 2022). Its adjoint obeys
 * −dp/dt = −∇²g(w, y(t)) p. At the end, with H = ∇²g(w, y_∞), the part of p along H's range has decayed and left ∂/∂w (−⟨H⁺ p, ∇g(w, y_∞)⟩),
 * the implicit part; the part along the flat directions is carried back along the whole path: ∫ ∂/∂w (−⟨p, ∇g(w, y(t))⟩) dt + ∂/∂w ⟨p(0), y_0(w)⟩.
 */
import { add, constant, type Graph, input } from "../ir/graph.ts";
import { type Input, type InputRole, type Node, reachable } from "../ir/node.ts";
import type { Selected } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { forwardAll, gradient } from "./differentiate.ts";
import { pairing } from "./pairing.ts";
import { scaleEntries } from "./pieces.ts";

export interface Path {
  readonly selected: Selected;
  /** The inputs that the path or its start read, the block's own unknowns aside. */
  readonly reads: readonly Input[];
  /** d, of the unknowns' shapes, which a step with momentum reads. */
  readonly displacement: readonly Input[];
  /** ∂/∂reads of ⟨p, m d − r ∇g⟩, p being the block's adjoint inputs; r is 1 for the flow, and where no rate is given. */
  readonly fromStep: readonly Node[];
  /** ∂/∂reads of ⟨p, y_0⟩; empty where the start is a constant. */
  readonly fromStart: readonly Node[];
  /** Of steps of descent. */
  readonly tangents?: Tangents;
}

/** The derivative of a step and of the start along directions in whatever they read. */
export interface Tangents {
  readonly reads: readonly Input[];
  readonly unknowns: readonly Input[];
  readonly displacement: readonly Input[];
  /** The tangent of m d − r ∇g. */
  readonly step: readonly Node[];
  /** The tangent of y_0; empty where the start is a constant. */
  readonly start: readonly Node[];
}

/** `condition` is ∇g in the `unknowns`, `adjoints` stand for p, `outer` are the inputs that anything may depend on. */
export function derivePath(
  g: Graph,
  selected: Selected,
  condition: readonly Node[],
  unknowns: readonly Input[],
  adjoints: readonly Input[],
  outer: readonly Input[],
): Path {
  const starts = selected.start ?? [];
  const { rate = constant(g, 1), momentum } = selected.kind === "descent" ? selected : {};
  const displacement = momentum === undefined ? [] : likeAll(g, "last step of", "step", unknowns);
  const step = condition.map((r, k) => {
    const downhill = times(g, rate, r);
    const kept = displacement[k];
    return kept === undefined || momentum === undefined
      ? add(g, [-1], [downhill])
      : add(g, [-1, 1], [downhill, times(g, momentum, kept)]);
  });
  const seen = new Set<Node>(reachable([...step, ...starts]));
  const reads = outer.filter((one) => seen.has(one));
  const paired = (nodes: readonly Node[]): Node => {
    const pairs = nodes.map((node, k) => pairing(g, adjoints[k] as Input, node));
    return add(
      g,
      pairs.map(() => 1),
      pairs,
    );
  };
  return {
    selected,
    reads,
    displacement,
    fromStep: simplify(g, gradient(g, paired(step), reads)),
    fromStart: starts.length === 0 ? [] : simplify(g, gradient(g, paired(starts), reads)),
    ...(selected.kind === "descent" && { tangents: tangentsOf(g, step, starts, unknowns, displacement, reads) }),
  };
}

/** c x for a scalar c */
const times = (g: Graph, c: Node, x: Node): Node => scaleEntries(g, x, c);

function tangentsOf(
  g: Graph,
  step: readonly Node[],
  starts: readonly Node[],
  unknowns: readonly Input[],
  displacement: readonly Input[],
  reads: readonly Input[],
): Tangents {
  const moved = (inputs: readonly Input[]) => likeAll(g, "path's direction in", "tangent", inputs);
  const own = { reads: moved(reads), unknowns: moved(unknowns), displacement: moved(displacement) };
  const from = [...reads, ...unknowns, ...displacement];
  const to = [...own.reads, ...own.unknowns, ...own.displacement];
  const along = new Map<Node, Node>(from.map((one, k) => [one, to[k] as Input]));
  const tangent = (nodes: readonly Node[]): readonly Node[] => simplify(g, forwardAll(g, simplify(g, nodes), along));
  return { ...own, step: tangent(step), start: tangent(starts) };
}

function likeAll(g: Graph, prefix: string, role: InputRole, inputs: readonly Input[]): readonly Input[] {
  return inputs.map((one) => input(g, `${prefix} ${one.name}`, role, one.shape));
}
