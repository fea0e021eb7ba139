/**
 * Iterative differentiation: the steps of compiler/derive/unrolled.ts taken, and their adjoint carried back. Every √T-th iterate is
 * kept on the way and the ones between are taken again going back, so memory grows as √T and the work by one more pass
 * (Griewank and Walther 2000).
 */
import type { Unrolled } from "../../compiler/derive/unrolled.ts";
import { type Binding, evaluateNode, flatKernel, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import type { BlockRuntime } from "./block.ts";

/** Where contributions to an input's gradient are added up. */
export type Sinks = ReadonlyMap<string, Vector>;

export interface UnrolledRuntime {
  /** Takes all steps; the block's point is then y_T. */
  readonly run: () => void;
  /** Adds what p_T = `adjoint` contributes to whatever the steps read. */
  readonly pullBack: (adjoint: Vector, sinks: Sinks) => void;
}

export function createUnrolled(binding: Binding, block: BlockRuntime, unrolled: Unrolled): UnrolledRuntime {
  const { engine } = binding;
  const { steps, reads } = unrolled;
  const segment = Math.ceil(Math.sqrt(steps));
  const vectors = (count: number): readonly Vector[] =>
    Array.from({ length: count }, () => engine.allocate(block.size));
  const checkpoints = vectors(Math.ceil(steps / segment));
  const iterates = vectors(segment);
  const [residual, product] = vectors(2) as [Vector, Vector];
  const lengths = reads.map((input) => lengthOf(input.shape, binding.sizes));
  const received = engine.allocate(lengths.reduce((a, b) => a + b, 0));
  const start =
    unrolled.start === undefined ? undefined : flatKernel(binding, "start of the descent", unrolled.start, block.start);
  const fromStep = flatKernel(binding, "what a step receives", unrolled.fromStep, received);
  const fromStart =
    unrolled.fromStart.length === 0
      ? undefined
      : flatKernel(binding, "what the start receives", unrolled.fromStart, received);
  let rate = 0;

  const step = (): void => {
    block.condition(block.y, residual);
    engine.axpy(-rate, residual, block.y);
  };
  const deliver = (sinks: Sinks): void => {
    let offset = 0;
    reads.forEach((input, k) => {
      const length = lengths[k] as number;
      const sink = sinks.get(input.name);
      if (sink !== undefined) engine.axpy(1, engine.view(received, offset, length), sink);
      offset += length;
    });
  };

  return {
    run: () => {
      rate = evaluateNode(binding, unrolled.rate)[0] as number;
      if (start !== undefined) {
        start();
        engine.copy(block.start, block.y);
      }
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
          fromStep();
          deliver(sinks);
          block.transposedProduct.apply(block.v, product);
          engine.axpy(-rate, product, block.v);
        }
      }
      if (fromStart !== undefined) {
        fromStart();
        deliver(sinks);
      }
      engine.copy(end, block.y);
      engine.release(end);
    },
  };
}
