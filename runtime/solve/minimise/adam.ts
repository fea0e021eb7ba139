/**
 * Adam (Kingma and Ba 2015): m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², x ← x − rate m̂ / (√v̂ + ε), with m̂ and v̂ corrected
 * for their start at zero.
 */
import { add, constant, createGraph, input, map, multiply } from "../../../compiler/ir/graph.ts";
import { sizeOf } from "../../../compiler/ir/size.ts";
import type { Engine, Kernel, Vector } from "../../engine/engine.ts";
import type { Ledger } from "../../ledger.ts";
import { minimiserDefaults } from "../defaults.ts";
import type { Schedule } from "../schedule.ts";
import type { Minimisation, Objective } from "../types.ts";
import { type Descent, descend, evaluateTrial, type MinimiserOptions, type StepOutcome } from "./descent.ts";

export interface AdamOptions extends MinimiserOptions {
  readonly rate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Factors of the rate. */
  readonly schedule?: Schedule;
}

export function adam(engine: Engine, objective: Objective, x: Vector, options: AdamOptions): Minimisation {
  return descend(engine, objective, x, options, (descent) => {
    const update = createAdam(engine, objective.size, descent.workspace.vector, descent.ledger, options);
    const { rate = minimiserDefaults.adam.rate, schedule = () => 1 } = options;
    let taken = 0;
    descent.ledger.keep(
      "steps taken",
      () => taken,
      (written) => {
        taken = written;
      },
    );
    return { next: () => adamStep(descent, update, rate * schedule(taken++)) };
  });
}

function adamStep(descent: Descent, update: AdamUpdate, rate: number): StepOutcome {
  descent.engine.copy(descent.x, descent.trial);
  update(descent.gradient, descent.trial, rate);
  return evaluateTrial(descent);
}

/** Moves x by one step for this gradient, at a rate. */
export type AdamUpdate = (gradient: Vector, x: Vector, rate: number) => void;

/** The update alone, with its moments, for loops that draw their own gradients. `vector` gives zeros of the size. */
export function createAdam(
  engine: Engine,
  size: number,
  vector: () => Vector,
  ledger: Ledger,
  options: Pick<AdamOptions, "beta1" | "beta2" | "epsilon"> = {},
): AdamUpdate {
  const defaults = minimiserDefaults.adam;
  const { beta1 = defaults.beta1, beta2 = defaults.beta2, epsilon = defaults.epsilon } = options;
  const [m, v] = [ledger.vector("first moment", vector()), ledger.vector("second moment", vector())];
  const [corrected, direction] = [vector(), vector()];
  const kernel = normalise(engine, size, epsilon);
  let t = 0;
  ledger.keep(
    "moments",
    () => t,
    (written) => {
      t = written;
    },
  );
  return (gradient, x, rate) => {
    t++;
    engine.scale(beta1, m);
    engine.axpy(1 - beta1, gradient, m);
    engine.multiply(gradient, gradient, corrected);
    engine.scale(beta2, v);
    engine.axpy(1 - beta2, corrected, v);
    engine.copy(v, corrected);
    engine.scale(1 / (1 - beta2 ** t), corrected);
    kernel.run([m, corrected], [direction]);
    engine.axpy(-rate / (1 - beta1 ** t), direction, x);
  };
}

/** (m, v) ↦ m / (√v + ε) */
function normalise(engine: Engine, size: number, epsilon: number): Kernel {
  const g = createGraph();
  const shape = [sizeOf(size)];
  const [m, v] = [input(g, "m", "step", shape), input(g, "v", "step", shape)];
  const deviation = add(g, [1, 1], [map(g, "sqrt", v), constant(g, epsilon, shape)]);
  const output = multiply(g, m, map(g, "power", deviation, constant(g, -1, shape)));
  return engine.compile({ name: "adam step", arguments: [m, v], outputs: [output] }, new Map(), new Map());
}
