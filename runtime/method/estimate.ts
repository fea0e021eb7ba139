/** The upper objective and the hypergradient on drawn rows, where the upper level's steps ask for no more (compiler/derive/estimate.ts). */
import { estimateOnRows } from "../../compiler/derive/estimate.ts";
import type { Derivation } from "../../compiler/derive/implicit.ts";
import type { Problem } from "../../compiler/lower/problem.ts";
import type { Choice } from "../../compiler/plan/plan.ts";
import { addSlots, type Binding, kernelOf, lengthOf, partsOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import type { Ledger } from "../ledger.ts";
import { createRandom } from "../random.ts";

export interface Estimator {
  /** Draws rows, writes the estimate into the gradient and gives that of the value. */
  readonly evaluate: (gradient: Vector) => number;
  /** Rows are drawn from the first again. */
  readonly restart: () => void;
  readonly keep: (ledger: Ledger) => void;
}

/** Adjoints and unknowns must have their slots. Throws refusals. */
export function createEstimator(
  binding: Binding,
  problem: Problem,
  derivation: Derivation,
  { arguments: given }: Choice<string>,
): Estimator {
  const [batch, seed] = ["batch", "seed"].map((name) => Number(given.get(name) ?? 0)) as [number, number];
  const { engine, sizes } = binding;
  const { samples, value, hypergradient } = estimateOnRows(problem, derivation, sizes, batch);
  const numbers = addSlots(
    binding,
    samples.map((sample) => sample.numbers),
  );
  const random = createRandom(seed);
  const first = random.state();
  const lengths = hypergradient.map(({ shape }) => lengthOf(shape, sizes));
  const [ownValue, slope] = [engine.allocate(1), engine.allocate(lengths.reduce((a, b) => a + b, 0))];
  const into = [ownValue, ...partsOf(binding, slope, lengths)];
  const run = kernelOf(binding, "hypergradient on drawn rows", [value, ...hypergradient], into);
  return {
    evaluate: (gradient) => {
      const rows = samples.flatMap(({ count }) => Array.from({ length: batch }, () => random.integer(count)));
      engine.write(numbers, Float64Array.from(rows));
      run();
      engine.copy(slope, gradient);
      return engine.read(ownValue)[0] as number;
    },
    restart: () => random.restore(first),
    keep: (ledger) => ledger.keep("random", random.state, random.restore),
  };
}
