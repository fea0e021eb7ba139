/** Solving with a Jacobian or Hessian that may be singular or indefinite: the smallest shift μ in a growing sequence that works. */
import type { Engine, Factor, Factorisation, Vector } from "../../engine/engine.ts";
import { machineEpsilon } from "../workspace.ts";

/** Factorises the matrix at x plus `shift` times the identity. */
export type Factorise = (x: Vector, shift: number) => Factorisation;

const firstShift = 1e-6;
const growth = 10;
const attempts = 40;

/**
 * (x, scale, b) overwrites b by (A(x) + μ I)⁻¹ b and returns μ, or NaN, b kept, where no shift helps. μ is 0 if that works,
 * else starts at 1e-6 `scale`, or a tenth of the last one. Pivots at the rounding level count as zero.
 */
export function createShiftedSolve(
  engine: Engine,
  factorise: Factorise,
): (x: Vector, scale: number, b: Vector) => number {
  let last = 0;
  const attempt = (x: Vector, shift: number): Factor | undefined => {
    const result = factorise(x, shift);
    if (!result.ok) return undefined;
    if (result.smallestPivot > machineEpsilon(engine)) return result.factor;
    result.factor.release();
    return undefined;
  };
  return (x, scale, b) => {
    let shift = 0;
    for (let k = 0; k < attempts; k++) {
      const factor = attempt(x, shift);
      if (factor !== undefined) {
        factor.solve(b);
        factor.release();
        if (shift > 0) last = shift;
        return shift;
      }
      shift = shift === 0 ? Math.max(firstShift * scale, last / growth, Number.MIN_VALUE) : growth * shift;
    }
    return Number.NaN;
  };
}
