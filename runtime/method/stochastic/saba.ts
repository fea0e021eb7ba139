/**
 * SABA (Dagréou, Ablin, Vaiter and Moreau 2022): SOBA's step with SAGA's variance reduction and constant step sizes. The rows are
 * parted into K fixed blocks at random. For each block k the memory keeps the five terms ∂g/∂y, H v and (∂²g/∂w∂y) v of the lower
 * level, ∂f/∂y and ∂f/∂w of the upper one, as they were when the block was last used; a step draws block k and moves along
 *
 *     t_k(now) − t_k(memory) + Σ_l (n_l/n) t_l(memory),
 *
 * whose variance vanishes as the point comes to rest. Terms are means over a block, so K (2 dim y + dim w) numbers hold those of the
 * lower level and K (dim y + dim w) those of the upper one: n/b for each number of the point, whatever the rows are.
 */

import type { Directions } from "../../../compiler/derive/stochastic.ts";
import type { Node } from "../../../compiler/ir/node.ts";
import type { Vector } from "../../engine/engine.ts";
import { notFor, type Setting, type StochasticRule } from "./method.ts";
import type { Oracle } from "./oracle.ts";

/** Numbers that a memory may hold: 1 GiB of doubles. */
const largestMemory = 2 ** 27;

export const saba: StochasticRule = {
  exponents: { inner: 0, outer: 0 },
  // SAGA's constant step is a third of what is stable, and while w moves the memory is out of date, for K steps on average.
  caution: (batches) => ({ inner: 1 / 3, outer: Math.min(1, 20 / batches) }),
  create: (setting) => {
    const { engine, oracle, ratesAt, moveUpper } = setting;
    const { y, v, w } = oracle.point;
    const lower = remembered(setting, "lower", [y, v, w], ({ slope, curved, cross }) => [slope, curved, cross]);
    const upper = remembered(setting, "upper", [v, w], ({ pull, direct }) => [pull, direct]);
    const [slope, curved, cross] = lower.terms as [Vector, Vector, Vector];
    const [pull, direct] = upper.terms as [Vector, Vector];
    return {
      begin: () => {
        lower.fill();
        upper.fill();
      },
      step: (t) => {
        const { inner, outer } = ratesAt(t);
        lower.draw();
        upper.draw();
        engine.axpy(-inner, slope, y);
        engine.axpy(-inner, curved, v);
        engine.axpy(inner, pull, v);
        engine.axpy(-1, cross, direct);
        moveUpper(outer, direct);
      },
    };
  },
};

interface Remembered {
  /** Their estimates after `draw`. */
  readonly terms: readonly Vector[];
  /** Evaluates every block: one pass over the rows. */
  readonly fill: () => void;
  readonly draw: () => void;
}

/** The terms of one level, as long as `like`; all of its objectives use the same rows. */
function remembered(
  { engine, oracle, withBatch, random }: Setting,
  level: "upper" | "lower",
  like: readonly Vector[],
  termsOf: (directions: Directions) => readonly (readonly Node[])[],
): Remembered {
  const samples = oracle.directions.samples[level];
  const tables = [...new Set(samples.map(({ rows }) => rows))];
  if (tables.length > 1)
    throw notFor("saba", `keeps a memory of the rows of one table a level, and here are ${tables.join(", ")}`);
  if (samples.some(({ fresh }) => fresh.size > 0))
    throw notFor("saba", `remembers rows, and those of ${tables.join(", ")} never come again`);
  const { count, scale } = samples[0] ?? { count: 1, scale: 1 };
  const batch = Math.round(count / scale);
  const [blocks, rest] = [Math.ceil(count / batch), count % batch];
  const size = like.reduce((sum, { length }) => sum + length, 0);
  if (blocks * size > largestMemory)
    throw notFor(
      "saba",
      `would remember ${(blocks * size).toExponential(1)} numbers of the ${level} level: take larger batches`,
    );
  const estimatorOf = (own: Oracle) => ({
    oracle: own,
    samples: own.directions.samples[level],
    estimator: own.estimator(`${level} terms`, [termsOf(own.directions).flat()]),
  });
  const whole = estimatorOf(oracle);
  const last = rest === 0 ? whole : estimatorOf(withBatch(rest));
  const order = random.permutation(count);
  const memory = engine.allocate(blocks * size);
  const [mean, estimate] = [engine.allocate(size), engine.allocate(size)];
  const share = (block: number): number => Math.min(batch, count - block * batch) / count;

  /** The block's terms at the present point, and in memory. */
  const evaluate = (block: number): readonly [now: Vector, before: Vector] => {
    const own = block === blocks - 1 ? last : whole;
    const rows = order.subarray(block * batch, (block + 1) * batch);
    for (const sample of own.samples) own.oracle.place(sample, rows);
    own.estimator.run();
    return [own.estimator.outputs[0] as Vector, engine.view(memory, block * size, size)];
  };
  let at = 0;
  const terms = like.map(({ length }) => {
    at += length;
    return engine.view(estimate, at - length, length);
  });
  return {
    terms,
    fill: () => {
      for (let block = 0; block < blocks; block += 1) {
        const [now, before] = evaluate(block);
        engine.copy(now, before);
        engine.axpy(share(block), now, mean);
      }
    },
    draw: () => {
      const block = Math.floor(random.integer(count) / batch);
      const [now, before] = evaluate(block);
      engine.axpy(-1, now, before);
      engine.copy(mean, estimate);
      engine.axpy(-1, before, estimate);
      engine.axpy(-share(block), before, mean);
      engine.copy(now, before);
    },
  };
}
