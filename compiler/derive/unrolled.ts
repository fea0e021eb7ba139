/**
 * A lower level that is T steps of gradient descent, y_{t+1} = y_t − r ∇g(w, y_t) from y_0(w): the unrolled problem, exactly.
 *
 * Reverse mode: with p_T = ∂/∂y_T of what comes after, and for t = T − 1 .. 0
 *
 *     p_t = p_{t+1} − r ∇²g(w, y_t) p_{t+1},
 *
 * whatever the steps read (w, or the unknowns of earlier blocks) receives Σ_t ∂/∂w (−r(w) ⟨p_{t+1}, ∇g(w, y_t)⟩) + ∂/∂w ⟨p_0, y_0(w)⟩.
 * The rate and the start may depend on w. (Franceschi, Donini, Frasconi and Pontil 2017.)
 */
import { add, type Graph, multiply, scale } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import type { Descent } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { pairing } from "./conditions.ts";
import { gradient } from "./differentiate.ts";

export interface Unrolled {
  readonly steps: number;
  readonly rate: Node;
  /** y_0, one an unknown; absent where the last solution is the start, a constant. */
  readonly start?: readonly Node[];
  /** The inputs that the steps or their start read, the block's own unknowns aside. */
  readonly reads: readonly Input[];
  /** ∂/∂reads of −r ⟨p, ∇g⟩, p being the block's adjoint inputs. */
  readonly fromStep: readonly Node[];
  /** ∂/∂reads of ⟨p, y_0⟩ */
  readonly fromStart: readonly Node[];
}

/** `condition` is ∇g, `adjoints` stand for p, `outer` are the inputs that anything may depend on. */
export function deriveUnrolled(
  g: Graph,
  descent: Descent,
  condition: readonly Node[],
  adjoints: readonly Input[],
  outer: readonly Input[],
): Unrolled {
  const starts = descent.start ?? [];
  const seen = new Set<Node>(reachable([...condition, descent.rate, ...starts]));
  const reads = outer.filter((input) => seen.has(input));
  const along = sum(
    g,
    condition.map((r, k) => pairing(g, adjoints[k] as Input, r)),
  );
  const step = scale(g, -1, multiply(g, descent.rate, along));
  const begun = starts.map((start, k) => pairing(g, adjoints[k] as Input, start));
  return {
    steps: descent.steps,
    rate: descent.rate,
    ...(descent.start && { start: descent.start }),
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
