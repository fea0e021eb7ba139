/**
 * Step sizes where none were asked for, found at the start from a few batches, without a pass over the data.
 *
 *     ρ = 1 / L,   γ = min(1 / M, reach / ‖D_w‖∞)
 *
 * L is the largest curvature of the lower level that some batches show, and M that of the upper problem on one larger batch: of the
 * map from w to the D_w at which gradient descent on y and v arrives, by power iterations on its finite differences. The second bound
 * holds where the upper problem is nearly flat at the start: no entry of w moves by more than `reach` at the first step.
 */
import type { Vector } from "../../engine/engine.ts";
import { largestMagnitude } from "../../solve/arrays.ts";
import { largestEigenvalue } from "../../solve/linear/spectrum.ts";
import type { Rates, Setting } from "./method.ts";

const batches = 3;
const powerSteps = 10;
/** Of batches that were not seen. */
const safety = 1.5;
/** The larger batch, in batches, and steps of gradient descent on it. */
const probedBatches = 4;
const descentSteps = 40;
const outerPowerSteps = 3;
/** Of the largest entry of w, or of 1. */
const reach = 0.1;
const difference = 1e-4;

/** Leaves the point as it was. `asked` are those that the author gave. */
export function startingRates(
  setting: Pick<Setting, "engine" | "oracle" | "withBatch">,
  batch: number,
  asked: Partial<Rates>,
): Rates {
  const inner = asked.inner ?? 1 / (safety * lowerCurvature(setting));
  return { inner, outer: asked.outer ?? outerRate(setting, batch, inner) };
}

/** The largest of some batches' largest eigenvalue. */
function lowerCurvature({ engine, oracle }: Pick<Setting, "engine" | "oracle">): number {
  const { point, directions } = oracle;
  const product = oracle.estimator("curvature product", [directions.curved]);
  const operator = {
    size: point.v.length,
    apply: (v: Vector, out: Vector): void => {
      engine.copy(v, point.v);
      product.run();
      engine.copy(product.outputs[0] as Vector, out);
    },
  };
  let largest = 0;
  for (let k = 0; k < batches; k += 1) {
    oracle.draw();
    largest = Math.max(largest, largestEigenvalue(engine, operator, powerSteps));
  }
  engine.fill(point.v, 0);
  return largest > 0 ? largest : 1;
}

function outerRate({ engine, withBatch }: Pick<Setting, "engine" | "withBatch">, batch: number, inner: number): number {
  const oracle = withBatch(probedBatches * batch);
  const { point, directions } = oracle;
  const [w, y] = [engine.read(point.w), engine.read(point.y)];
  const estimate = oracle.estimator("start of the step sizes", [directions.slope, directions.adjoint, directions.upper]);
  const [dy, dv, dw] = estimate.outputs as [Vector, Vector, Vector];
  oracle.draw();
  const arriveAt = (to: ArrayLike<number>): Float64Array => {
    engine.write(point.w, to);
    engine.write(point.y, y);
    engine.fill(point.v, 0);
    for (let k = 0; k < descentSteps; k += 1) {
      estimate.run();
      engine.axpy(-inner, dy, point.y);
      engine.axpy(-inner, dv, point.v);
    }
    estimate.run();
    return engine.read(dw);
  };
  const slope = arriveAt(w);
  const size = Math.max(1, largestMagnitude(w));
  let [along, curvature] = [slope, 0];
  for (let k = 0; k < outerPowerSteps; k += 1) {
    const length = largestMagnitude(along);
    if (!(length > 0)) break;
    const step = (difference * size) / length;
    const moved = arriveAt(w.map((value, i) => value + step * (along[i] as number)));
    along = moved.map((value, i) => value - (slope[i] as number));
    curvature = largestMagnitude(along) / (difference * size);
  }
  engine.write(point.w, w);
  engine.write(point.y, y);
  engine.fill(point.v, 0);
  const steepest = largestMagnitude(slope);
  const bounds = [1 / (safety * curvature), (reach * size) / steepest].filter((bound) => bound > 0 && bound < Number.POSITIVE_INFINITY);
  return bounds.length === 0 ? 1 : Math.min(...bounds);
}
