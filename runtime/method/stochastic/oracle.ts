/**
 * Estimates from drawn rows, on an engine: the point (w, y, v), the rows in use, and kernels that evaluate directions there. Rows are
 * drawn uniformly and independently, for each objective anew; those of an endless table are made when they are drawn.
 */
import type { Generator } from "../../../compiler/check/model.ts";
import type { RowSample } from "../../../compiler/derive/sample.ts";
import type { Directions } from "../../../compiler/derive/stochastic.ts";
import { type Input, type Node, reachable } from "../../../compiler/ir/node.ts";
import { addSlot, addSlots, type Binding, kernelOf, lengthOf, partsOf, sizeNumber } from "../../bind.ts";
import { generate } from "../../data/generators.ts";
import type { Vector } from "../../engine/engine.ts";
import type { Random } from "../../random.ts";

/** All upper variables, all unknowns of the lower level and their adjoints, each flat. */
export interface StochasticPoint {
  readonly w: Vector;
  readonly y: Vector;
  readonly v: Vector;
}

/** Directions at the present point from the rows in use, one flat vector for each list of nodes. */
export interface Estimator {
  readonly run: () => void;
  readonly outputs: readonly Vector[];
}

export interface Oracle {
  readonly point: StochasticPoint;
  readonly directions: Directions;
  /** New rows for every objective. */
  readonly draw: () => void;
  /** Rows of the caller's choice for one sample. */
  readonly place: (sample: RowSample, numbers: ArrayLike<number>) => void;
  readonly estimator: (name: string, outputs: readonly (readonly Node[])[]) => Estimator;
}

/** Rows evaluated so far, by every estimator that was given it. */
export interface RowCount {
  rows: number;
}

/** A binding of its own for the point: constants are shared, nothing else. */
export function createPoint(whole: Binding, { variables, unknowns, adjoints }: Directions) {
  const binding: Binding = { ...whole, slots: new Map() };
  const point = {
    w: addSlots(binding, variables),
    y: addSlots(binding, unknowns),
    v: addSlots(binding, adjoints),
  } satisfies StochasticPoint;
  return { binding, point };
}

/** Several may stand at one point, each with rows of its own. */
export function createOracle(
  binding: Binding,
  point: StochasticPoint,
  directions: Directions,
  random: Random,
  counted: RowCount,
): Oracle {
  const { engine } = binding;
  const samples = [...directions.samples.upper, ...directions.samples.lower];
  const numbers = addSlots(
    binding,
    samples.map((sample) => sample.numbers),
  );
  const fresh = samples.flatMap((sample) => [...sample.fresh.values()]);
  const made = fresh.map(({ rows, generator }) => {
    const shape = rows.shape.map((size) => sizeNumber(size, binding.sizes));
    const vector = addSlot(binding, rows);
    return () => engine.write(vector, generate(reseeded(generator, random), shape));
  });
  const drawn = new Float64Array(numbers.length);
  const places = new Map<RowSample, number>();
  let length = 0;
  for (const sample of samples) {
    places.set(sample, length);
    length += lengthOf([sample.batch], binding.sizes);
  }
  const ends = samples.map((sample) => (places.get(sample) as number) + lengthOf([sample.batch], binding.sizes));
  return {
    point,
    directions,
    draw: () => {
      let i = 0;
      for (let k = 0; k < samples.length; k += 1) {
        const { count } = samples[k] as RowSample;
        for (const end = ends[k] as number; i < end; i += 1) drawn[i] = Math.floor(random.uniform() * count);
      }
      engine.write(numbers, drawn);
      for (const make of made) make();
    },
    place: (sample, rows) => {
      drawn.set(rows, places.get(sample));
      engine.write(numbers, drawn);
    },
    estimator: (name, outputs) => {
      const rows = rowsRead(binding, samples, outputs.flat());
      const flat = outputs.map((nodes) =>
        engine.allocate(nodes.reduce((sum, { shape }) => sum + lengthOf(shape, binding.sizes), 0)),
      );
      const parts = outputs.flatMap((nodes, k) =>
        partsOf(
          binding,
          flat[k] as Vector,
          nodes.map(({ shape }) => lengthOf(shape, binding.sizes)),
        ),
      );
      const evaluate = kernelOf(binding, name, outputs.flat(), parts);
      return {
        outputs: flat,
        run: () => {
          counted.rows += rows;
          evaluate();
        },
      };
    },
  };
}

const reseeded = (generator: Generator, random: Random): Generator =>
  "seed" in generator ? { ...generator, seed: random.integer(2 ** 53) } : generator;

/** How many rows one evaluation looks at: those drawn, and all of the tables that are read in full. */
export function rowsRead(binding: Binding, samples: readonly RowSample[], nodes: readonly Node[]): number {
  const inputs = reachable(nodes).filter((node): node is Input => node.kind === "input");
  const used = samples.filter(
    ({ numbers, fresh }) => inputs.includes(numbers) || [...fresh.values()].some(({ rows }) => inputs.includes(rows)),
  );
  const full = new Set(
    inputs
      .filter(({ role }) => role === "data")
      .map(({ shape }) => shape[0]?.key ?? "")
      .filter((rows) => !used.some((sample) => sample.rows === rows)),
  );
  const drawn = used.reduce((sum, { batch }) => sum + lengthOf([batch], binding.sizes), 0);
  return [...full].reduce((sum, rows) => sum + (binding.sizes.get(rows) ?? 0), drawn);
}
