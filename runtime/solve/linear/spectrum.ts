/** The largest eigenvalue of a symmetric operator, for automatic rates, and of any operator in magnitude. */
import type { Engine, Vector } from "../../engine/engine.ts";
import { linearDefaults } from "../defaults.ts";
import type { LinearOperator } from "../types.ts";
import { withWorkspace } from "../workspace.ts";

/**
 * The power method: v ← A v / ‖A v‖, giving |vᵀA v|, a lower bound that is close after few steps. NaN where A gives no finite value.
 */
export function largestEigenvalue(
  engine: Engine,
  a: LinearOperator,
  iterations: number = linearDefaults.powerIterations,
): number {
  return withWorkspace(engine, a.size, (workspace) => {
    let [v, next] = [workspace.vector(), workspace.vector()];
    writeStart(engine, v);
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

/**
 * The largest magnitude of an eigenvalue of any real operator, by the power method: of the last three vectors x, Ax, A²x, the fit
 * A²x ≈ p Ax + q x has the dominant eigenvalues, a pair of them where they are opposite or complex, as the roots of λ² = p λ + q.
 * An estimate; NaN where A gives no finite value.
 */
export function spectralRadius(engine: Engine, a: LinearOperator, iterations: number): number {
  return withWorkspace(engine, a.size, (workspace) => {
    let [x, next, third] = [workspace.vector(), workspace.vector(), workspace.vector()];
    writeStart(engine, x);
    for (let k = 0; k < iterations - 2; k++) {
      a.apply(x, next);
      const norm = engine.norm(next);
      if (!Number.isFinite(norm)) return Number.NaN;
      if (norm === 0) return 0;
      engine.scale(1 / norm, next);
      [x, next] = [next, x];
    }
    a.apply(x, next);
    a.apply(next, third);
    const [xx, xy, yy] = [engine.dot(x, x), engine.dot(x, next), engine.dot(next, next)];
    const [xz, yz] = [engine.dot(x, third), engine.dot(next, third)];
    const determinant = xx * yy - xy * xy;
    if (!(determinant > 1e-10 * xx * yy)) return Math.abs(xy / xx);
    const [p, q] = [(xx * yz - xy * xz) / determinant, (yy * xz - xy * yz) / determinant];
    const discriminant = p * p + 4 * q;
    return discriminant < 0 ? Math.sqrt(-q) : (Math.abs(p) + Math.sqrt(discriminant)) / 2;
  });
}

/** A unit vector without a structure that an eigenvector could be orthogonal to, the same every time. */
export function writeStart(engine: Engine, v: Vector): void {
  engine.write(
    v,
    Float64Array.from({ length: v.length }, (_, i) => 1 + Math.sin(12.9898 * (i + 1)) / 2),
  );
  engine.scale(1 / engine.norm(v), v);
}

/** 1 / L with L safely above the largest eigenvalue, for which gradient descent and Neumann's series converge. */
export function automaticRate(engine: Engine, a: LinearOperator): number {
  const eigenvalue = largestEigenvalue(engine, a);
  return eigenvalue === 0 ? 1 : 1 / (linearDefaults.eigenvalueSafety * eigenvalue);
}
