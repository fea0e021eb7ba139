/** The largest eigenvalue of a symmetric operator, for automatic rates. */
import type { Engine } from "../../engine/engine.ts";
import { linearDefaults } from "../defaults.ts";
import type { LinearOperator } from "../types.ts";
import { withWorkspace } from "../workspace.ts";

/**
 * The power method: v ← A v / ‖A v‖, giving |vᵀA v|, a lower bound that is close after few steps. The start has no
 * structure that an eigenvector could be orthogonal to, and is the same every time. NaN where A gives no finite value.
 */
export function largestEigenvalue(
  engine: Engine,
  a: LinearOperator,
  iterations: number = linearDefaults.powerIterations,
): number {
  return withWorkspace(engine, a.size, (workspace) => {
    let [v, next] = [workspace.vector(), workspace.vector()];
    engine.write(
      v,
      Float64Array.from({ length: a.size }, (_, i) => 1 + Math.sin(12.9898 * (i + 1)) / 2),
    );
    engine.scale(1 / engine.norm(v), v);
    let eigenvalue = 0;
    for (let k = 0; k < iterations; k++) {
      a.apply(v, next);
      eigenvalue = Math.abs(engine.dot(v, next));
      const norm = engine.norm(next);
      if (!Number.isFinite(norm)) return Number.NaN;
      if (norm === 0) return 0;
      engine.scale(1 / norm, next);
      [v, next] = [next, v];
    }
    return eigenvalue;
  });
}

/** 1 / L with L safely above the largest eigenvalue, for which gradient descent and Neumann's series converge. */
export function automaticRate(engine: Engine, a: LinearOperator): number {
  const eigenvalue = largestEigenvalue(engine, a);
  return eigenvalue === 0 ? 1 : 1 / (linearDefaults.eigenvalueSafety * eigenvalue);
}
