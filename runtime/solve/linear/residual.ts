/** The residual of a linear system, computed afresh, and the outcome that rests on it. */
import type { Engine, Vector } from "../../engine/engine.ts";
import type { LinearOperator, LinearOutcome, LinearStatus } from "../types.ts";

/** r ← b − A x; a start at 0 needs no product. */
export function residual(engine: Engine, a: LinearOperator, b: Vector, x: Vector, r: Vector): void {
  if (engine.norm(x) === 0) return engine.copy(b, r);
  a.apply(x, r);
  engine.scale(-1, r);
  engine.axpy(1, b, r);
}

/** ‖b − A x‖ / ‖b‖, with r ← b − A x; 0 / 0 is 0. */
export function relativeResidual(engine: Engine, a: LinearOperator, b: Vector, x: Vector, r: Vector): number {
  residual(engine, a, b, x, r);
  return relative(engine.norm(r), engine.norm(b));
}

export function relative(norm: number, scale: number): number {
  return norm === 0 ? 0 : norm / scale;
}

/** `converged` where the residual is within the tolerance, the given status otherwise. */
export function outcome(status: LinearStatus, iterations: number, residual: number, tolerance: number): LinearOutcome {
  return { status: residual <= tolerance ? "converged" : status, iterations, residual };
}
