/**
 * The inverse of a curvature as BFGS learns it (Nocedal 1980): from the last pairs s = x₊ − x, y = ∇f₊ − ∇f, the newest last,
 *
 *     B₀⁻¹ = (sᵀy / yᵀy) I,   B⁻¹ ← (I − s yᵀ / sᵀy) B⁻¹ (I − y sᵀ / sᵀy) + s sᵀ / sᵀy,
 *
 * so that B⁻¹ y = s for the newest pair. On a quadratic of dimension p, p pairs with conjugate s make it the inverse itself.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import type { Ledger } from "../../ledger.ts";
import { machineEpsilon, type Workspace } from "../workspace.ts";

export interface SecantPairs {
  readonly count: () => number;
  /** out ← B⁻¹ v (Nocedal and Wright 2006, algorithm 7.4); v itself where there are no pairs. */
  readonly apply: (v: Vector, out: Vector) => void;
  /** Takes in the step between two points and their gradients; without positive curvature along it, there is nothing to learn. */
  readonly remember: (from: Ends, to: Ends) => void;
  readonly forget: () => void;
  readonly keep: (ledger: Ledger) => void;
}

export interface Ends {
  readonly x: Vector;
  readonly gradient: Vector;
}

interface Pair {
  readonly s: Vector;
  readonly y: Vector;
  /** sᵀy */
  sy: number;
  alpha: number;
}

/** Keeps the last `memory` pairs. They are allocated as they are needed, in the workspace, and reused from then on. */
export function createSecantPairs(engine: Engine, workspace: Workspace, memory: number): SecantPairs {
  const epsilon = machineEpsilon(engine);
  /** Oldest first. */
  const pairs: Pair[] = [];
  const free: Pair[] = [];
  const blank = (): Pair => free.pop() ?? { s: workspace.vector(), y: workspace.vector(), sy: 0, alpha: 0 };
  return {
    count: () => pairs.length,
    apply: (v, out) => {
      engine.copy(v, out);
      for (const pair of pairs.toReversed()) {
        pair.alpha = engine.dot(pair.s, out) / pair.sy;
        engine.axpy(-pair.alpha, pair.y, out);
      }
      const newest = pairs.at(-1);
      if (newest !== undefined) engine.scale(newest.sy / engine.dot(newest.y, newest.y), out);
      for (const { s, y, sy, alpha } of pairs) engine.axpy(alpha - engine.dot(y, out) / sy, s, out);
    },
    remember: (from, to) => {
      const oldest = pairs.length >= Math.max(1, memory) ? pairs.shift() : undefined;
      const pair = oldest ?? blank();
      subtract(engine, to.x, from.x, pair.s);
      subtract(engine, to.gradient, from.gradient, pair.y);
      pair.sy = engine.dot(pair.s, pair.y);
      const curved = pair.sy > epsilon * engine.norm(pair.s) * engine.norm(pair.y);
      (curved ? pairs : free).push(pair);
    },
    forget: () => {
      free.push(...pairs.splice(0));
    },
    keep: (ledger) =>
      ledger.keep(
        "secant pairs",
        () => pairs.map(({ s, y, sy }) => ({ s: engine.read(s), y: engine.read(y), sy })),
        (written) => {
          for (const { s, y, sy } of written) {
            const pair = blank();
            engine.write(pair.s, s);
            engine.write(pair.y, y);
            pairs.push({ ...pair, sy });
          }
        },
      ),
  };
}

/** out ← a − b */
function subtract(engine: Engine, a: Vector, b: Vector, out: Vector): void {
  engine.copy(a, out);
  engine.axpy(-1, b, out);
}
