/**
 * A given number of first-order steps on what a block minimises: stochastic gradient descent with momentum, or Adam, over all rows or
 * over minibatches. What the method remembers stays from one solve to the next, so that a solve goes on where the last one ended.
 */
import { notSampled } from "../../compiler/errors.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import { type Binding, flatKernel } from "../bind.ts";
import type { Engine, Vector } from "../engine/engine.ts";
import { notFinite } from "../errors.ts";
import { type Ledger, unwritten } from "../ledger.ts";
import { createRandom } from "../random.ts";
import { sampleRows } from "../sample.ts";
import { minimiserDefaults } from "../solve/defaults.ts";
import { createAdam } from "../solve/minimise/adam.ts";
import { scheduleOf } from "../solve/schedule.ts";

export interface Steps {
  /**
   * Moves the point by the planned number of steps, and says how many that were. `settle` solves for a part of the point given the rest,
   * before each step: the gradient in the rest is then that of what is minimised with the part at its best (variable projection, Golub
   * and Pereyra 1973).
   */
  readonly run: (settle?: () => void) => number;
  /** Forgets the momentum and the steps taken; batches are drawn from the first again. */
  readonly restart: () => void;
  /** From where the steps stand, as after a restart. */
  readonly keep: (ledger: Ledger) => void;
}

export interface StepsOptions {
  readonly solver: "adam" | "sgd";
  readonly arguments: ReadonlyMap<string, number | boolean>;
  readonly names: string;
  readonly span: Span;
}

/** Moves x by a step for this gradient, at a rate. */
type Update = (gradient: Vector, x: Vector, rate: number) => void;

const asLong = "an unknown or a second axis is as long as the table, or its rows have no name, as n in real[n, d]";

/** `gradient` are the nodes of the gradient at the point y, which is the slot that they read. */
export function createSteps(binding: Binding, gradient: readonly Node[], y: Vector, options: StepsOptions): Steps {
  const { engine } = binding;
  const argument = (name: string, fallback: number): number => {
    const value = options.arguments.get(name);
    return typeof value === "number" ? value : fallback;
  };
  const count = argument("max", minimiserDefaults.steps);
  const rate = argument("rate", minimiserDefaults[options.solver].rate);
  const schedule = scheduleOf(options.arguments);
  const weightDecay = argument("weight_decay", 0);
  const slope = engine.allocate(y.length);
  const vectors: Vector[] = [];
  const vector = (): Vector => {
    const made = engine.allocate(y.length);
    engine.fill(made, 0);
    vectors.push(made);
    return made;
  };
  let update: Update | undefined;
  let evaluate: (() => void) | undefined;
  let taken = 0;
  let ledger = unwritten;

  /** Compiled at the first step: all that the gradient reads has its place by then. */
  const compile = (): (() => void) => {
    const batch = options.arguments.get("batch");
    if (typeof batch !== "number") return flatKernel(binding, "lower gradient", gradient, slope);
    const sample = sampleRows(binding, gradient, batch, createRandom(argument("seed", 0)));
    if (sample === undefined) throw new BilevelError([notSampled(asLong, options.span)]);
    sample.keep(ledger.part("sample"));
    const run = flatKernel(sample.binding, "lower gradient on a batch", gradient, slope);
    return () => {
      sample.draw();
      run();
    };
  };
  const method = (): Update =>
    options.solver === "adam"
      ? createAdam(engine, y.length, vector, ledger.part("adam"))
      : momentum(engine, argument("momentum", 0), ledger.vector("momentum", vector()));

  return {
    run: (settle = () => {}) => {
      evaluate ??= compile();
      update ??= method();
      for (let step = 0; step < count; step += 1) {
        settle();
        evaluate();
        engine.axpy(weightDecay, y, slope);
        update(slope, y, rate * schedule(taken));
        taken += 1;
      }
      if (!Number.isFinite(engine.norm(y)))
        throw new BilevelError([notFinite(`the steps of ${options.names}`, options.span)]);
      return count;
    },
    restart: () => {
      for (const made of vectors.splice(0)) engine.release(made);
      [update, evaluate, taken] = [undefined, options.arguments.has("batch") ? undefined : evaluate, 0];
    },
    keep: (given) => {
      ledger = given;
      ledger.keep(
        "steps taken",
        () => taken,
        (written) => {
          taken = written;
        },
      );
    },
  };
}

/** m ← μ m + g, x ← x − rate m (Polyak 1964) */
function momentum(engine: Engine, factor: number, m: Vector): Update {
  return (gradient, x, rate) => {
    engine.scale(factor, m);
    engine.axpy(1, gradient, m);
    engine.axpy(-rate, m, x);
  };
}
