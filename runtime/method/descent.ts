/** DescentSteps of descent taken (compiler/derive/path.ts): where they stand, one step on, and places to return to. */
import type { Selected } from "../../compiler/lower/problem.ts";
import { addSlots, type Binding, kernelOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { automaticRate } from "../solve/linear/spectrum.ts";
import type { BlockRuntime } from "./block.ts";
import { createPathKernels, type PathKernels } from "./path.ts";

export type Descent = Extract<Selected, { kind: "descent" }>;

export interface DescentSteps {
  readonly kernels: PathKernels;
  /** Puts the block at y_0, with r and m for the present upper variables. */
  readonly begin: () => void;
  /** From y_t to y_{t+1}. */
  readonly step: () => void;
  /** y_t, and d_t where there is momentum: what a step begins with. */
  readonly state: readonly Vector[];
  readonly rate: () => number;
  readonly momentum: () => number;
  /** What the derived expressions of a step, which take r as 1 where no rate is given, still lack. */
  readonly factor: () => number;
}

export function createDescent(binding: Binding, block: BlockRuntime, descent: Descent): DescentSteps {
  const { engine } = binding;
  const path = block.plan.facts.block.path;
  if (path === undefined) throw new Error("steps of descent without a path");
  const displacement = path.displacement.length === 0 ? undefined : addSlots(binding, path.displacement);
  const kernels = createPathKernels(binding, block, path);
  const given = [descent.rate, descent.momentum].flatMap((node) => node ?? []);
  const numbers = given.map(() => engine.allocate(1));
  const evaluate = given.length === 0 ? () => {} : kernelOf(binding, "rate of the descent", given, numbers);
  const residual = engine.allocate(block.size);
  let [rate, momentum] = [0, 0];
  return {
    kernels,
    begin: () => {
      kernels.begin();
      if (displacement !== undefined) engine.fill(displacement, 0);
      evaluate();
      const values = numbers.map((vector) => engine.read(vector)[0] as number);
      rate = descent.rate === undefined ? automaticRate(engine, block.product) : (values.shift() as number);
      momentum = values.shift() ?? 0;
    },
    step: () => {
      block.condition(block.y, residual);
      if (displacement === undefined) {
        engine.axpy(-rate, residual, block.y);
        return;
      }
      engine.scale(momentum, displacement);
      engine.axpy(-rate, residual, displacement);
      engine.axpy(1, displacement, block.y);
    },
    state: displacement === undefined ? [block.y] : [block.y, displacement],
    rate: () => rate,
    momentum: () => momentum,
    factor: () => (descent.rate === undefined ? rate : 1),
  };
}
