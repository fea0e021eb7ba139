/**
 * Whether the curvature determines a solution where nothing was factorised: flat directions counted by Lanczos's method, and curvature
 * that vanishes at the solution itself.
 */
import type { Binding } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { cg } from "../solve/linear/cg.ts";
import { gmres } from "../solve/linear/gmres.ts";
import { spectrumEnds } from "../solve/linear/lanczos.ts";
import { largestEigenvalue } from "../solve/linear/spectrum.ts";
import { createWorkspace, toleranceFor, withWorkspace } from "../solve/workspace.ts";
import type { BlockRuntime } from "./block.ts";

export interface Flatness {
  /** Directions found flat, one after the other. */
  readonly flat: number;
  /** There may be more. */
  readonly atLeast: boolean;
  /** The smallest curvature is below zero by more than rounding. */
  readonly negative: boolean;
  /** The smallest curvature met, at least the smallest there is. */
  readonly smallest: number;
  readonly largest: number;
}

const mostCounted = 8;
/** Of the largest curvature: so little is flat, and rounding in the products leaves no more. */
const flatPart = 1e-13;

/** At the block's present point, by products with the curvature alone. */
export function flatnessByProducts({ engine }: Binding, block: BlockRuntime): Flatness {
  const workspace = createWorkspace(engine, block.size);
  try {
    const found: Vector[] = [];
    let [smallest, largest, negative] = [Number.POSITIVE_INFINITY, 0, false];
    while (found.length < Math.min(mostCounted, block.size)) {
      const vector = workspace.vector();
      const ends = spectrumEnds(engine, block.product, { without: found, vector });
      [smallest, largest] = [Math.min(smallest, ends.smallest), Math.max(largest, ends.largest)];
      const floor = toleranceFor(engine, flatPart) * largest;
      if (!(Math.abs(ends.smallest) + ends.error <= floor)) {
        if (Number.isNaN(ends.smallest)) smallest = Number.NaN;
        negative = ends.smallest < -floor;
        break;
      }
      found.push(vector);
    }
    return { flat: found.length, atLeast: found.length === mostCounted, negative, smallest, largest };
  } finally {
    workspace.release();
  }
}

/** Of the largest curvature, estimated from below by a few products: so much leaves no doubt that a solution is determined. */
const certainPart = 1e-8;
const estimatingProducts = 2;

/** The modulus that strong convexity was proved with is well above rounding in the curvature at the present point. */
export function isCurvedByProof({ engine }: Binding, block: BlockRuntime): boolean {
  const least = block.modulus?.();
  if (least === undefined) return false;
  const largest = largestEigenvalue(engine, block.product, estimatingProducts);
  return least > toleranceFor(engine, certainPart) * largest;
}

/** Steps that find most of a Newton step. */
const correctionSteps = 20;
/** Of a Newton step's own size: where the minimum is of order p ≥ 3, at least a half, however near the point is. */
const changing = 0.25;
/** Of the point's length: a step below this is within rounding, and nothing can be seen along it. */
const smallestStep = 1e-12;

/**
 * Whether the curvature changes as a whole over the Newton step d = H⁻¹∇g that is left. Near a minimum with positive curvature nothing
 * does; in a minimum like |y − a|ᵖ the distance left is (p − 1) d, and the curvature falls by the factor (1 − 1/(p − 1))^(p−2) over d.
 * What is proved to be strongly convex has no such minimum. Nothing differs for a multiple root of equations, R for ∇g.
 */
export function isVanishing({ engine }: Binding, block: BlockRuntime): boolean {
  const { quadratic, modulus } = block.plan.facts;
  if (quadratic || modulus !== undefined) return false;
  return withWorkspace(engine, block.size, (workspace) => {
    const [y, slope, step, here, there] = [0, 1, 2, 3, 4].map(() => workspace.vector()) as [
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    engine.copy(block.y, y);
    block.condition(y, slope);
    if (engine.norm(slope) === 0) return false;
    const correct = block.plan.facts.minimisation ? cg : gmres;
    correct(engine, block.product, slope, step, { tolerance: 0.1, maxIterations: correctionSteps });
    const length = engine.norm(step);
    if (!(length > toleranceFor(engine, smallestStep) * engine.norm(y))) return false;
    block.product.apply(step, here);
    engine.axpy(-1, step, block.y);
    block.product.apply(step, there);
    engine.copy(y, block.y);
    engine.axpy(-1, here, there);
    return engine.norm(there) > changing * engine.norm(here);
  });
}
