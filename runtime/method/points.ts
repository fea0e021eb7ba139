/** One batch: implicit differentiation of the problem at many points (compiler/derive/points.ts), as it is done at one. */
import { type Derivation, deriveImplicit } from "../../compiler/derive/implicit.ts";
import { atPoints, type PointsProblem, pointsIn, pointsSize } from "../../compiler/derive/points.ts";
import type { Input } from "../../compiler/ir/node.ts";
import type { Problem } from "../../compiler/lower/problem.ts";
import { type Options, type Plan, planOf } from "../../compiler/plan/plan.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { type Binding, kernelOf, lengthOf } from "../bind.ts";
import { toleranceFor } from "../solve/workspace.ts";
import type { Residuals } from "../types.ts";
import { adjointResiduals } from "./adjoint.ts";
import { createAid } from "./aid.ts";
import { innerResiduals } from "./block.ts";
import { crossingWarnings } from "./crossings.ts";
import { numberOf } from "./inner.ts";

/** At one of the points; arrays are flat. */
export interface PointAnswer {
  readonly value: number;
  readonly gradient: Float64Array;
  /** By the unknowns of the problem at one point. */
  readonly lower: ReadonlyMap<Input, Float64Array>;
  readonly residuals: Residuals;
}

/** Answers in the order of the points, given flat; `undefined` or absent where one has to be asked for by itself. */
export type Together = (points: readonly Float64Array[]) => readonly (PointAnswer | undefined)[];

/** Nothing is derived before the first batch, and kernels are kept for each size of batch. */
export function createTogether(binding: Binding, problem: Problem, derivation: Derivation, options: Options): Together {
  let make: ((count: number) => Together) | undefined;
  const made = new Map<number, Together>();
  return (points) => {
    make ??= togetherMaker(binding, problem, derivation, options);
    const together = made.get(points.length) ?? make(points.length);
    made.set(points.length, together);
    return together(points);
  };
}

const oneByOne: Together = () => [];

function togetherMaker(
  binding: Binding,
  problem: Problem,
  derivation: Derivation,
  options: Options,
): (count: number) => Together {
  const at = atPoints(problem, derivation.blocks);
  if (at === undefined) return () => oneByOne;
  const derived = deriveImplicit(at.problem);
  return (count) => {
    const sizes = new Map([...binding.sizes, [pointsSize, count]]);
    const plan = planOf(problem.graph, derived, options, sizes);
    // A curvature in which the blocks of the points were not found apart would be factorised whole.
    if (plan.blocks.some(({ facts }) => !facts.form.separate.includes(0))) return oneByOne;
    return createBatch({ ...binding, sizes, slots: new Map() }, at, derived, plan);
  };
}

function createBatch(binding: Binding, at: PointsProblem, derivation: Derivation, plan: Plan): Together {
  const { engine } = binding;
  const { problem, original } = at;
  const aid = createAid(binding, problem, derivation, plan);
  const upper = layoutOf(binding, problem.upper?.variables ?? []);
  const values = engine.allocate(pointsIn(binding.sizes));
  const evaluateValues = kernelOf(binding, "upper objective at points", [at.values], [values]);
  const gradient = engine.allocate(aid.w.length);
  const blocks = aid.blocks.map((block) => {
    const { facts, inner, adjoint } = block.plan;
    const within = (given: ReadonlyMap<string, number | boolean>): number =>
      Math.max(numberOf(given, "tol") ?? 0, toleranceFor(engine, settled));
    const enough: Residuals = { inner: within(inner.arguments), adjoint: within(adjoint.arguments) };
    return { block, unknowns: facts.block.unknowns, layout: layoutOf(binding, facts.block.unknowns), enough };
  });

  const solve = (): boolean => {
    aid.restart();
    try {
      const { complete, warnings } = aid.hypergradient(gradient);
      const found = [...warnings, ...aid.verify(), ...crossingWarnings(binding, aid.blocks)];
      return complete && found.length === 0;
    } catch (error) {
      if (error instanceof BilevelError) return false;
      throw error;
    }
  };

  return (points) => {
    engine.write(aid.w, upper.join(points));
    if (!solve()) return [];
    evaluateValues();
    const [value, slope] = [engine.read(values), engine.read(gradient)];
    const solved = blocks.map(({ block, ...rest }) => ({
      ...rest,
      y: engine.read(block.y),
      inner: innerResiduals(binding, block),
      adjoint: adjointResiduals(binding, block),
    }));
    return points.map((_, p): PointAnswer | undefined => {
      const here = solved.map(({ inner, adjoint }) => ({ inner: inner[p] as number, adjoint: adjoint[p] as number }));
      const answer = {
        value: value[p] as number,
        gradient: Float64Array.from(upper.at(slope, p).flatMap((part) => [...part])),
        lower: new Map(
          solved.flatMap(({ unknowns, layout, y }) =>
            layout.at(y, p).flatMap((part, k) => {
              const unknown = original.get((unknowns[k] as Input).name);
              return unknown === undefined ? [] : [[unknown, part] as const];
            }),
          ),
        ),
        residuals: {
          inner: Math.max(0, ...here.map(({ inner }) => inner)),
          adjoint: Math.max(0, ...here.map(({ adjoint }) => adjoint)),
        },
      };
      const isSettled = here.every(({ inner, adjoint }, k) => {
        const { enough } = solved[k] as (typeof solved)[number];
        return inner <= enough.inner && adjoint <= enough.adjoint;
      });
      return isSettled && Number.isFinite(answer.value) && isUsable(answer.gradient) ? answer : undefined;
    });
  };
}

/** Residuals that a solver run at one point leaves; where more is left, the other points ended the batch too early. */
const settled = 1e-11;

/** Where it is zero, or not a number, one point has more to say. */
const isUsable = (gradient: Float64Array): boolean =>
  gradient.every(Number.isFinite) && gradient.some((entry) => entry !== 0);

/** How arrays whose first axis is the points lie one after the other in a flat vector. */
function layoutOf({ sizes }: Binding, arrays: readonly Input[]) {
  const points = pointsIn(sizes);
  const lengths = arrays.map((array) => lengthOf(array.shape, sizes) / points);
  const starts = lengths.map((_, k) => lengths.slice(0, k).reduce((a, b) => a + b, 0));
  const place = (k: number, point: number): number => (starts[k] as number) * points + (lengths[k] as number) * point;
  return {
    /** The arrays at one point. */
    at: (flat: Float64Array, point: number): readonly Float64Array[] =>
      lengths.map((length, k) => flat.slice(place(k, point), place(k, point) + length)),
    /** The flat vector, from one at each point. */
    join: (each: readonly Float64Array[]): Float64Array => {
      const flat = new Float64Array(points * lengths.reduce((a, b) => a + b, 0));
      each.forEach((own, point) =>
        lengths.forEach((length, k) => {
          const start = starts[k] as number;
          flat.set(own.subarray(start, start + length), place(k, point));
        }),
      );
      return flat;
    },
  };
}

const largestBatch = 64;
/** Numbers that a temporary array of a batch may hold: those of one point are rarely larger than the data. */
const temporaryLimit = 2 ** 26;

/** Points that are solved together at the most. */
export function batchLimit({ constants }: Binding): number {
  const data = [...constants.values()].reduce((sum, vector) => sum + vector.length, 0);
  return Math.max(1, Math.min(largestBatch, Math.floor(temporaryLimit / Math.max(1, data))));
}

/** As few parts as the limit allows, as equal as can be: equal ones share their kernels. */
export function batchesOf<T>(items: readonly T[], limit: number): readonly (readonly T[])[] {
  const size = Math.ceil(items.length / Math.ceil(items.length / limit));
  return Array.from({ length: Math.ceil(items.length / size) || 0 }, (_, k) => items.slice(k * size, (k + 1) * size));
}
