/**
 * The selection map of gradient flow (compiler/derive/path.ts): the flow followed to its end, and its adjoint carried back.
 *
 * The path is Dormand and Prince's method of order 5(4) with adaptive steps until the gradient is small; what is left is the flow of the
 * quadratic model at its end, in closed form:
 *
 *     y_∞ = y − H⁺ ∇g(y),   ∫ (y(t) − y_∞) dt = H⁺ (y − y_∞).
 *
 * A quadratic is all model and needs no path. The adjoint of the steps taken is the exact one of the discrete method.
 */
import type { Path } from "../../compiler/derive/path.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
import { flowTooLong, flowTooWide, notFinite, unboundedLowerLevel } from "../errors.ts";
import { norm } from "../solve/arrays.ts";
import type { BlockRuntime } from "./block.ts";
import { createPathKernels, type PathRuntime, type Sinks } from "./path.ts";
import { type Split, splitCurvature } from "./split.ts";

/** One step of the path: where it began and how long it was. */
interface Step {
  readonly y: Float64Array;
  readonly length: number;
}

export function createFlow(binding: Binding, g: Graph, block: BlockRuntime, path: Path): PathRuntime {
  const { engine } = binding;
  const { size } = block;
  const kernels = createPathKernels(binding, block, path);
  const [point, out] = [engine.allocate(size), engine.allocate(size)];
  let steps: readonly Step[] = [];
  let split: Split = { pseudoInverse: (b) => b, flat: (b) => b.map(() => 0) };
  /** Where the model takes over. */
  let handover: Float64Array = new Float64Array(size);

  const slope = (y: Float64Array): Float64Array => {
    engine.write(point, y);
    block.condition(point, out);
    return engine.read(out);
  };
  /** H(y) p */
  const curved = (y: Float64Array, p: Float64Array): Float64Array => {
    engine.write(block.y, y);
    engine.write(point, p);
    block.transposedProduct.apply(point, out);
    return engine.read(out);
  };
  const deliver = (y: Float64Array, p: Float64Array, sinks: Sinks, factor: number): void => {
    engine.write(block.y, y);
    engine.write(block.v, p);
    kernels.deliverStep(sinks, factor);
  };

  const splitAt = (y: Float64Array): Split => {
    engine.write(block.y, y);
    return splitCurvature(binding, g, block);
  };

  return {
    run: () => {
      kernels.begin();
      let y = engine.read(block.y);
      const taken: Step[] = [];
      if (!block.plan.facts.quadratic) y = follow(y, taken, slope, block);
      steps = taken;
      handover = y;
      split = splitAt(y);
      for (let k = 0; k < (block.plan.facts.quadratic ? 2 : 6); k += 1) {
        const residual = slope(y);
        if (norm(residual) === 0) break;
        const step = split.pseudoInverse(residual);
        y = y.map((value, i) => value - (step[i] as number));
        if (!block.plan.facts.quadratic) split = splitAt(y);
      }
      // A gradient that the curvature does not reach drives the flow to infinity.
      const left = split.flat(slope(y));
      engine.write(block.y, y);
      if (norm(left) > 1e-8 * block.scale()) throw new BilevelError([unboundedLowerLevel(block.names, block.span)]);
      engine.write(block.y, y);
    },

    pullBack: (adjoint, sinks) => {
      const end = engine.read(block.y);
      const g0 = engine.read(adjoint);
      const implicit = split.pseudoInverse(g0);
      const flat = split.flat(g0);
      let p = flat;
      if (norm(p) > 0) {
        // ∫ −⟨p, ∇g(y(t))⟩ dt over the model's part of the path, by the difference that is linear in the point.
        const displaced = split.pseudoInverse(handover.map((value, i) => value - (end[i] as number)));
        deliver(
          end.map((value, i) => value + (displaced[i] as number)),
          p,
          sinks,
          1,
        );
        deliver(end, p, sinks, -1);
        for (const step of [...steps].reverse())
          p = backThrough(step, p, slope, curved, (y, q) => deliver(y, q, sinks, 1));
        engine.write(block.v, p);
        kernels.deliverStart(sinks);
      }
      engine.write(block.y, end);
      engine.write(block.v, implicit);
      const range = g0.map((value, i) => value - (flat[i] as number));
      const reached = curved(end, implicit);
      const scale = norm(g0);
      return scale === 0 ? 0 : norm(reached.map((value, i) => value - (range[i] as number))) / scale;
    },
  };
}

/** Of numbers that the places of a followed path hold together. */
const largestPath = 1e7;
const largestSteps = 20_000;
/** The path is followed until the gradient is this part of what it was at the start. */
const arrival = 1e-9;
/** Steps after which the step length is the method's own; one that then moves the point within its tolerance is rest, too. */
const settled = 10;
const stepTolerance = 1e-11;

// ------------------------------------------------------------------------------- Dormand and Prince's method, order 5(4)

const stages: readonly (readonly number[])[] = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const fifth: readonly number[] = [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0];
const fourth: readonly number[] = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40];

function along(y: Float64Array, h: number, weights: readonly number[], slopes: readonly Float64Array[]): Float64Array {
  const sum = Float64Array.from(y);
  weights.forEach((weight, j) => {
    const slope = slopes[j] as Float64Array;
    if (weight !== 0)
      for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] as number) - h * weight * (slope[i] as number);
  });
  return sum;
}

/** The points and slopes of one step's stages. */
function stagesOf(y: Float64Array, h: number, slope: (y: Float64Array) => Float64Array) {
  const points: Float64Array[] = [];
  const slopes: Float64Array[] = [];
  for (const weights of stages) {
    const at = along(y, h, weights, slopes);
    points.push(at);
    slopes.push(slope(at));
  }
  return { points, slopes };
}

/** Follows dy/dt = −∇g until ∇g has vanished to `arrival`; the accepted steps are added to `taken`. */
function follow(
  start: Float64Array,
  taken: Step[],
  slope: (y: Float64Array) => Float64Array,
  block: BlockRuntime,
): Float64Array {
  let y = start;
  const first = norm(slope(y));
  let h = first === 0 ? 1 : Math.min(1, (0.01 * Math.max(1, norm(y))) / first);
  for (let k = 0; k < largestSteps; k += 1) {
    const { slopes } = stagesOf(y, h, slope);
    const next = along(y, h, fifth, slopes);
    const other = along(y, h, fourth, slopes);
    const error = norm(next.map((value, i) => value - (other[i] as number))) / (stepTolerance * Math.max(1, norm(y)));
    if (!Number.isFinite(norm(next))) {
      h /= 4;
      if (h < 1e-300) throw new BilevelError([notFinite(`the path on what ${block.names} minimizes`, block.span)]);
      continue;
    }
    if (error <= 1) {
      if (taken.length * y.length > largestPath)
        throw new BilevelError([flowTooWide(block.names, y.length, taken.length, block.span)]);
      taken.push({ y, length: h });
      y = next;
      if (norm(y) > 1e100) throw new BilevelError([unboundedLowerLevel(block.names, block.span)]);
      const left = norm(slopes[6] as Float64Array);
      const moves = h * left > 10 * stepTolerance * Math.max(1, norm(y));
      if (left <= arrival * first || (taken.length >= settled && !moves)) return y;
    }
    h *= Math.min(5, Math.max(0.2, 0.9 * error ** -0.2));
  }
  throw new BilevelError([flowTooLong(block.names, largestSteps, block.span)]);
}

/**
 * The adjoint of y₊ = y + h Σ b_i k_i, k_i = −∇g(y + h Σ_j a_ij k_j): going through the stages from the last,
 * k̄_i = h b_i p + h Σ_{j>i} a_ji ȳ_j and ȳ_i = −H(Y_i) k̄_i; then p ← p + Σ ȳ_i.
 */
function backThrough(
  step: Step,
  p: Float64Array,
  slope: (y: Float64Array) => Float64Array,
  curved: (y: Float64Array, p: Float64Array) => Float64Array,
  deliver: (y: Float64Array, p: Float64Array) => void,
): Float64Array {
  const { points } = stagesOf(step.y, step.length, slope);
  const back: Float64Array[] = [];
  let total = p;
  for (let i = stages.length - 1; i >= 0; i -= 1) {
    const own = p.map((value, e) => {
      let sum = (fifth[i] as number) * value;
      for (let j = i + 1; j < stages.length; j += 1)
        sum += (stages[j]?.[i] ?? 0) * ((back[j] as Float64Array)[e] as number);
      return step.length * sum;
    });
    const at = points[i] as Float64Array;
    deliver(at, own);
    const returned = curved(at, own).map((value) => -value);
    back[i] = returned;
    total = total.map((value, e) => value + (returned[e] as number));
  }
  return total;
}
