/**
 * Lower levels where the point that is meant is the end of a path.
 *
 * Steps of descent, y_{t+1} = y_t − r ∇g(w, y_t) from y_0(w), are the unrolled problem, exactly. In reverse, with p_T = ∂/∂y_T of
 * what comes after, and for t = T − 1 .. 0,
 *
 *     p_t = p_{t+1} − r ∇²g(w, y_t) p_{t+1},
 *
 * and whatever the steps read (w, or the unknowns of earlier blocks) receives Σ_t ∂/∂w (−r ⟨p_{t+1}, ∇g(w, y_t)⟩) + ∂/∂w ⟨p_0, y_0(w)⟩
 * (Franceschi, Donini, Frasconi and Pontil 2017). The rate may depend on w.
 *
 * The gradient flow dy/dt = −∇g(w, y) from y_0(w) selects its limit y_∞ among many minimisers (Arbel and Mairal 2022). Its adjoint obeys
 * −dp/dt = −∇²g(w, y(t)) p. At the end, with H = ∇²g(w, y_∞), the part of p along H's range has decayed and left ∂/∂w (−⟨H⁺ p, ∇g(w, y_∞)⟩),
 * the implicit part; the part along the flat directions is carried back along the whole path: ∫ ∂/∂w (−⟨p, ∇g(w, y(t))⟩) dt + ∂/∂w ⟨p(0), y_0(w)⟩.
 */
import { add, constant, type Graph, multiply, scale } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import type { Selected } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient } from "./differentiate.ts";
import { pairing } from "./pairing.ts";

export interface Path {
  readonly selected: Selected;
  /** The inputs that the path or its start read, the block's own unknowns aside. */
  readonly reads: readonly Input[];
  /** ∂/∂reads of −r ⟨p, ∇g⟩, p being the block's adjoint inputs; r is 1 for the flow. */
  readonly fromStep: readonly Node[];
  /** ∂/∂reads of ⟨p, y_0⟩; empty where the start is a constant. */
  readonly fromStart: readonly Node[];
}

/** `condition` is ∇g, `adjoints` stand for p, `outer` are the inputs that anything may depend on. */
export function derivePath(
  g: Graph,
  selected: Selected,
  condition: readonly Node[],
  adjoints: readonly Input[],
  outer: readonly Input[],
): Path {
  const starts = selected.start ?? [];
  const rate = selected.kind === "descent" ? selected.rate : constant(g, 1);
  const seen = new Set<Node>(reachable([...condition, rate, ...starts]));
  const reads = outer.filter((input) => seen.has(input));
  const along = sum(
    g,
    condition.map((r, k) => pairing(g, adjoints[k] as Input, r)),
  );
  const step = scale(g, -1, multiply(g, rate, along));
  const begun = starts.map((start, k) => pairing(g, adjoints[k] as Input, start));
  return {
    selected,
    reads,
    fromStep: simplify(g, gradient(g, step, reads)),
    fromStart: begun.length === 0 ? [] : simplify(g, gradient(g, sum(g, begun), reads)),
  };
}

function sum(g: Graph, terms: readonly Node[]): Node {
  return add(
    g,
    terms.map(() => 1),
    terms,
  );
}
