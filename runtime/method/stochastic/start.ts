/**
 * Step sizes where none were asked for, from batches alone, without a pass over the data.
 *
 *     ρ = 1 / L,   γ = min(1 / M, 1 / ‖D_w‖∞, ¼ / σ)
 *
 * L is the largest curvature of the lower level that batches show, at the start and from then on: it may grow with w. M is that of
 * the upper problem at the start, on one larger batch: of the map from w to the D_w at which gradient descent on y and v arrives, by
 * power iterations on its finite differences. The other bounds hold where the upper problem is nearly flat at the start: no entry of w
 * moves by more than 1 at the first step, and by more than ¼ through σ, the deviation of D_w between batches.
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { largestMagnitude } from "../../solve/arrays.ts";
import { writeStart } from "../../solve/linear/spectrum.ts";
import type { Rates, Setting } from "./method.ts";
import type { Oracle } from "./oracle.ts";

/** Products for the curvature at the start, and later at every so many steps. */
const productsAtStart = 30;
const productsLater = 2;
const watchedEvery = 4;
/** How much of a vector with all directions in it each later estimate starts with: the steepest direction may have changed. */
const refreshed = 0.3;
/** How fast an old estimate fades where later batches show less. */
const fading = 0.9;
/** For batches that are not seen. */
const safety = 1.5;
/** The larger batch, in batches, and steps of gradient descent on it. */
const probedBatches = 4;
const descentSteps = 40;
const outerPowerSteps = 3;
const difference = 1e-4;
/** How far the first step may move an entry of w, in its units: along D_w, and by what one batch makes of it. */
const reach = 1;
const noiseReach = 0.25;
const noiseBatches = 8;

/** The step sizes of step t = 1, 2, ... before they fall with t; asked for before each step, in order. */
export type BaseRates = (t: number) => Rates;

/** How far an automatic step may move any entry of w, in its units: estimates have outliers before v has settled. */
export const farthestMove = 0.1;
/** What counts as one unit of w: 1, or a tenth of its largest entry where that is more. */
export const unitOf = (w: ArrayLike<number>): number => Math.max(1, largestMagnitude(w) / 10);

/** Leaves the point as it was. `asked` are those that the author gave; `caution` are factors of automatic ones. */
export function baseRates(
  setting: Pick<Setting, "engine" | "oracle" | "withBatch" | "remember">,
  batch: number,
  asked: Partial<Rates>,
  caution: Rates,
): BaseRates {
  const curvature = asked.inner === undefined ? watchCurvature(setting) : undefined;
  const innerNow = (products: number): number => asked.inner ?? caution.inner / (safety * (curvature?.(products) ?? 1));
  const now = setting.remember({ inner: innerNow(productsAtStart) });
  const outer = asked.outer ?? caution.outer * outerRate(setting, batch, now.inner);
  return (t) => {
    if (t % watchedEvery === 0) now.inner = innerNow(productsLater);
    return { ...now, outer };
  };
}

/** Power iterations that go on from call to call, each product on a new batch. */
function watchCurvature({
  engine,
  oracle,
  remember,
}: Pick<Setting, "engine" | "oracle" | "remember">): (products: number) => number {
  const { v } = oracle.point;
  const product = oracle.estimator("curvature product", [oracle.directions.curved]);
  const image = product.outputs[0] as Vector;
  const [direction, kept, all] = [engine.allocate(v.length), engine.allocate(v.length), engine.allocate(v.length)];
  writeStart(engine, all);
  const seen = remember({ largest: 0 });
  return (products) => {
    engine.copy(v, kept);
    engine.copy(direction, v);
    engine.axpy(refreshed, all, v);
    engine.scale(1 / engine.norm(v), v);
    for (let k = 0; k < products; k += 1) {
      oracle.draw();
      product.run();
      const norm = engine.norm(image);
      if (!(norm > 0 && norm < Number.POSITIVE_INFINITY)) break;
      seen.largest = Math.max(norm, fading * seen.largest);
      engine.copy(image, v);
      engine.scale(1 / norm, v);
    }
    engine.copy(v, direction);
    engine.copy(kept, v);
    return seen.largest > 0 ? seen.largest : 1;
  };
}

function outerRate(
  { engine, oracle: usual, withBatch }: Pick<Setting, "engine" | "oracle" | "withBatch">,
  batch: number,
  inner: number,
): number {
  const oracle = withBatch(probedBatches * batch);
  const { point, directions } = oracle;
  const [w, y] = [engine.read(point.w), engine.read(point.y)];
  const estimate = oracle.estimator("start of the step sizes", [
    directions.slope,
    directions.adjoint,
    directions.upper,
  ]);
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
  const noise = noiseOf(engine, usual);
  const unit = unitOf(w);
  let [along, curvature] = [slope, 0];
  for (let k = 0; k < outerPowerSteps; k += 1) {
    const length = largestMagnitude(along);
    if (!(length > 0)) break;
    const step = (difference * unit) / length;
    const moved = arriveAt(w.map((value, i) => value + step * (along[i] as number)));
    along = moved.map((value, i) => value - (slope[i] as number));
    curvature = largestMagnitude(along) / (difference * unit);
  }
  engine.write(point.w, w);
  engine.write(point.y, y);
  engine.fill(point.v, 0);
  const bounds = [
    1 / (safety * curvature),
    (reach * unit) / largestMagnitude(slope),
    (noiseReach * unit) / noise,
  ].filter((bound) => bound > 0 && bound < Number.POSITIVE_INFINITY);
  return bounds.length === 0 ? 1 : Math.min(...bounds);
}

/** The largest deviation of an entry of D_w between batches, where the point stands. */
function noiseOf(engine: Engine, oracle: Oracle): number {
  const estimate = oracle.estimator("noise of the hypergradient", [oracle.directions.upper]);
  const draws = Array.from({ length: noiseBatches }, () => {
    oracle.draw();
    estimate.run();
    return engine.read(estimate.outputs[0] as Vector);
  });
  const [first = new Float64Array()] = draws;
  return largestMagnitude(
    first.map((_, i) => {
      const mean = draws.reduce((sum, draw) => sum + (draw[i] as number), 0) / noiseBatches;
      return Math.sqrt(draws.reduce((sum, draw) => sum + ((draw[i] as number) - mean) ** 2, 0) / (noiseBatches - 1));
    }),
  );
}
