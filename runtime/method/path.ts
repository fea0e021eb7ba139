/** What the two kinds of path have in common: their start, and handing on what they receive going back. */
import type { Path } from "../../compiler/derive/path.ts";
import { type Binding, flatKernel, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import type { BlockRuntime } from "./block.ts";

/** Where contributions to an input's gradient are added up. */
export type Sinks = ReadonlyMap<string, Vector>;

export interface PathRuntime {
  /** Follows the path; the block's point is then its end. */
  readonly run: () => void;
  /** Adds what ∂/∂(end) = `adjoint` contributes to whatever the path reads; gives the adjoint's relative residual. */
  readonly pullBack: (adjoint: Vector, sinks: Sinks) => number;
}

export interface PathKernels {
  /** Puts the block at the start; at its present point where that is the start. */
  readonly begin: () => void;
  /** Adds ∂/∂reads of ⟨v, m d − r ∇g⟩ at the block's present point, v being its adjoint slot, times `factor`. */
  readonly deliverStep: (sinks: Sinks, factor?: number) => void;
  /** Adds ∂/∂reads of ⟨v, y_0⟩. */
  readonly deliverStart: (sinks: Sinks) => void;
}

export function createPathKernels(binding: Binding, block: BlockRuntime, path: Path): PathKernels {
  const { engine } = binding;
  const { reads, selected } = path;
  const lengths = reads.map((input) => lengthOf(input.shape, binding.sizes));
  const received = engine.allocate(lengths.reduce((a, b) => a + b, 0));
  const fromStep = flatKernel(binding, "what a step hands on", path.fromStep, received);
  const fromStart = flatKernel(binding, "what the start hands on", path.fromStart, received);
  const start = selected.start && flatKernel(binding, "start of the path", selected.start, block.start);
  const deliver = (sinks: Sinks, factor: number): void => {
    let offset = 0;
    reads.forEach((input, k) => {
      const length = lengths[k] as number;
      const sink = sinks.get(input.name);
      if (sink !== undefined) engine.axpy(factor, engine.view(received, offset, length), sink);
      offset += length;
    });
  };
  return {
    begin: () => {
      if (start === undefined) return;
      start();
      engine.copy(block.start, block.y);
    },
    deliverStep: (sinks, factor = 1) => {
      if (reads.length === 0) return;
      fromStep();
      deliver(sinks, factor);
    },
    deliverStart: (sinks) => {
      if (reads.length === 0 || path.fromStart.length === 0) return;
      fromStart();
      deliver(sinks, 1);
    },
  };
}
