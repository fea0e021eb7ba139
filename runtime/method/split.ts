/**
 * The curvature H where a flow ends, split into its range and its flat directions: b ↦ H⁺b on the one, the projection I − HH⁺ onto the
 * other. Up to a certain order from all of H's eigenvalues; beyond by products, with conjugate gradients from 0, which never leave the
 * range: HH⁺b = H⁺(Hb), and H⁺b is the solution for that.
 */
import type { Graph } from "../../compiler/ir/graph.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import type { Binding } from "../bind.ts";
import { notAMinimum, notFinite } from "../errors.ts";
import { dot, largestMagnitude } from "../solve/arrays.ts";
import { cg } from "../solve/linear/cg.ts";
import { largestEigenvalue } from "../solve/linear/spectrum.ts";
import { symmetricSpectrum } from "../solve/symmetric.ts";
import { toleranceFor, withWorkspace } from "../solve/workspace.ts";
import type { BlockRuntime } from "./block.ts";
import { denseCurvature } from "./curvature.ts";

export interface Split {
  readonly pseudoInverse: (b: Float64Array) => Float64Array;
  readonly flat: (b: Float64Array) => Float64Array;
}

const largestDecomposed = 600;
/** Eigenvalues below this part of the largest count as flat. */
const flatness = 1e-9;
/** Of conjugate gradients on a system that has a solution. */
const productTolerance = 1e-13;

/** At the block's present point, where each use leaves the block again. Throws where a negative eigenvalue of H is met. */
export function splitCurvature(binding: Binding, g: Graph, block: BlockRuntime): Split {
  return block.size <= largestDecomposed ? splitByEigenvalues(binding, g, block) : splitByProducts(binding, block);
}

function splitByEigenvalues(binding: Binding, g: Graph, block: BlockRuntime): Split {
  const { engine } = binding;
  const { matrix, order } = denseCurvature(binding, g, block.plan.facts);
  const values = engine.read(matrix);
  engine.release(matrix);
  const spectrum = symmetricSpectrum(values, order);
  const largest = largestMagnitude(spectrum.values);
  if (!Number.isFinite(largest))
    throw new BilevelError([notFinite(`the curvature of what ${block.names} minimizes`, block.span)]);
  const floor = toleranceFor(engine, flatness) * largest;
  const smallest = spectrum.values[0] ?? 0;
  if (smallest < -floor) throw new BilevelError([notAMinimum(block.names, smallest, block.span)]);
  const curvedAt = spectrum.values.findIndex((value) => value > floor);
  const range = curvedAt < 0 ? order : curvedAt;
  const combine = (b: Float64Array, from: number, to: number, weight: (k: number) => number): Float64Array => {
    const sum = new Float64Array(order);
    for (let k = from; k < to; k += 1) {
      const vector = spectrum.vectors[k] as Float64Array;
      const amount = weight(k) * dot(vector, b);
      vector.forEach((entry, i) => (sum[i] = (sum[i] as number) + amount * entry));
    }
    return sum;
  };
  return {
    pseudoInverse: (b) => combine(b, range, order, (k) => 1 / (spectrum.values[k] as number)),
    flat: (b) => combine(b, 0, range, () => 1),
  };
}

function splitByProducts({ engine }: Binding, block: BlockRuntime): Split {
  const at = engine.read(block.y);
  const largest = largestEigenvalue(engine, block.product);
  if (!Number.isFinite(largest))
    throw new BilevelError([notFinite(`the curvature of what ${block.names} minimizes`, block.span)]);
  /** H⁺ applied to what lies in the range. */
  const inverse = (b: Float64Array): Float64Array =>
    withWorkspace(engine, block.size, (workspace) => {
      const [right, solution] = [workspace.vector(), workspace.vector()];
      engine.write(block.y, at);
      engine.write(right, b);
      const outcome = cg(engine, block.product, right, solution, { tolerance: toleranceFor(engine, productTolerance) });
      if ((outcome.curvature ?? 0) < -toleranceFor(engine, flatness) * largest)
        throw new BilevelError([notAMinimum(block.names, outcome.curvature, block.span)]);
      return engine.read(solution);
    });
  const range = (b: Float64Array): Float64Array =>
    withWorkspace(engine, block.size, (workspace) => {
      const [given, image] = [workspace.vector(), workspace.vector()];
      engine.write(block.y, at);
      engine.write(given, b);
      block.product.apply(given, image);
      return inverse(engine.read(image));
    });
  return {
    pseudoInverse: (b) => inverse(range(b)),
    flat: (b) => {
      const curved = range(b);
      return b.map((value, i) => value - (curved[i] as number));
    },
  };
}
