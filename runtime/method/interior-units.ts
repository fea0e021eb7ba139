/**
 * Units in which a constrained problem is of order one, so that one tolerance fits all of its conditions: y = L ŷ, ĝ = γ g, ĉ = r c with
 *
 *     L = ‖∇g‖ / ‖∇²g‖, the length of a Newton step, or without curvature a typical distance |c| / ‖∇c‖ to the constraints,
 *     γ = 1 / (L ‖∇g‖),   r = 1 / (L ‖∇c‖),
 *
 * at the start. What is within a factor of 10⁴ of one is left as it is.
 */
import { norm } from "../solve/arrays.ts";
import type { Slopes, Units } from "./interior-newton.ts";

/** At the start `y`: ∇g there, and the values of the constraints. */
export function unitsOf(
  y: Float64Array,
  slope: Float64Array,
  equalities: Float64Array,
  inequalities: Float64Array,
  slopes: Slopes,
): Units {
  const steepness = norm(slope);
  const length = moderate(Math.max(norm(y), steepness / slopes.curvature) || distance());
  const objective = moderate(1 / (length * (steepness || length * slopes.curvature)));
  const perUnit = (slope: number): number => moderate(1 / (length * slope));
  return {
    length,
    objective,
    equalities: slopes.equalities.map(perUnit),
    inequalities: slopes.inequalities.map(perUnit),
  };

  /** The geometric mean of the distances to constraints that do not pass through the start. */
  function distance(): number {
    const values = [...equalities, ...inequalities];
    const norms = [...slopes.equalities, ...slopes.inequalities];
    const logs = values.map((c, i) => Math.log(Math.abs(c) / (norms[i] as number))).filter(Number.isFinite);
    return Math.exp(logs.reduce((a, b) => a + b, 0) / Math.max(1, logs.length));
  }
}

const farFromOne = 1e4;

/** 1 where the number is near it, or is none; otherwise a power of two, so that changing units rounds nothing. */
function moderate(unit: number): number {
  const isFar = unit > farFromOne || (unit > 0 && unit < 1 / farFromOne);
  return isFar && Number.isFinite(unit) ? 2 ** Math.round(Math.log2(unit)) : 1;
}
