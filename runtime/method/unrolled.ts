/**
 * Iterative differentiation: the steps of compiler/derive/path.ts taken, and their adjoint carried back. Every √T-th iterate is kept on
 * the way and the ones between are taken again going back, so memory grows as √T and the work by one more pass (Griewank and
 * Walther 2000).
 */
import type { Path } from "../../compiler/derive/path.ts";
import type { Selected } from "../../compiler/lower/problem.ts";
import { type Binding, kernelOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import type { BlockRuntime } from "./block.ts";
import { createPathKernels, type PathRuntime } from "./path.ts";

export function createUnrolled(binding: Binding, block: BlockRuntime, path: Path, descent: Descent): PathRuntime {
  const { engine } = binding;
  const { steps } = descent;
  const segment = Math.ceil(Math.sqrt(steps));
  const vectors = (count: number): readonly Vector[] =>
    Array.from({ length: count }, () => engine.allocate(block.size));
  const checkpoints = vectors(Math.ceil(steps / segment));
  const iterates = vectors(segment);
  const [residual, product] = vectors(2) as [Vector, Vector];
  const kernels = createPathKernels(binding, block, path);
  const rateVector = engine.allocate(1);
  const evaluateRate = kernelOf(binding, "rate of the descent", [descent.rate], [rateVector]);
  let rate = 0;

  const step = (): void => {
    block.condition(block.y, residual);
    engine.axpy(-rate, residual, block.y);
  };
  return {
    run: () => {
      evaluateRate();
      rate = engine.read(rateVector)[0] as number;
      kernels.begin();
      for (let t = 0; t < steps; t += 1) {
        if (t % segment === 0) engine.copy(block.y, checkpoints[t / segment] as Vector);
        step();
      }
    },

    pullBack: (adjoint, sinks) => {
      const end = engine.allocate(block.size);
      engine.copy(block.y, end);
      engine.copy(adjoint, block.v);
      for (let k = checkpoints.length - 1; k >= 0; k -= 1) {
        const count = Math.min(segment, steps - k * segment);
        engine.copy(checkpoints[k] as Vector, block.y);
        for (let t = 0; t < count; t += 1) {
          engine.copy(block.y, iterates[t] as Vector);
          if (t < count - 1) step();
        }
        for (let t = count - 1; t >= 0; t -= 1) {
          engine.copy(iterates[t] as Vector, block.y);
          kernels.deliverStep(sinks);
          block.transposedProduct.apply(block.v, product);
          engine.axpy(-rate, product, block.v);
        }
      }
      kernels.deliverStart(sinks);
      engine.copy(end, block.y);
      engine.release(end);
      return 0;
    },
  };
}

type Descent = Extract<Selected, { kind: "descent" }>;
