/**
 * The upper level by its values alone, over a box: a grid, Sobol points (Bergstra and Bengio 2012 for why a grid is a poor choice), or
 * Bayesian optimisation by expected improvement (Jones, Schonlau and Welch 1998; bayes.ts). The lower level is solved at each point
 * from its cold start, so that a point's value does not depend on those before it; points that are known beforehand are solved together
 * where the problem allows (points.ts). A point without an answer is passed over. The best point is the answer.
 */
import { solverUnavailable } from "../../compiler/errors.ts";
import { declaredName, type Node } from "../../compiler/ir/node.ts";
import type { Problem } from "../../compiler/lower/problem.ts";
import type { Choice } from "../../compiler/plan/plan.ts";
import type { OuterSolver, Search } from "../../compiler/plan/solvers.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { type Binding, evaluateNode, lengthOf } from "../bind.ts";
import type { Engine, Vector } from "../engine/engine.ts";
import { atTheEdge } from "../errors.ts";
import type { Ledger } from "../ledger.ts";
import { norm } from "../solve/arrays.ts";
import { notEvaluable } from "../solve/minimise/descent.ts";
import { spread } from "../solve/sobol.ts";
import type { Minimisation } from "../solve/types.ts";
import { createWorkspace } from "../solve/workspace.ts";
import { bayes } from "./bayes.ts";
import { numberOf } from "./inner.ts";
import { batchesOf, type PointAnswer } from "./points.ts";

/** What is searched, entry by entry of the flat upper variables. */
export interface Box {
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** The variable's name, where its author did not bound the entry on both sides. */
  readonly unbounded: readonly (string | undefined)[];
}

/** What a search tries points with. */
export interface Trials {
  readonly box: Box;
  /** Points at the most. */
  readonly limit: number;
  /** Of the next points, how many are asked for together at the most. */
  readonly together: number;
  /** In their order; `undefined` where a point has no answer. Values are to be minimised. */
  readonly evaluate: (points: readonly Float64Array[]) => readonly (PointAnswer | undefined)[];
}

/** Points of the unit cube in batches; each is told the values of the last one, NaN where there is none. */
export type Proposals = Generator<readonly Float64Array[], void, readonly number[]>;

/** How far an entry without bounds is searched to both sides of its start. */
const defaultRange = 5;
const defaultPoints = { grid: 11, random: 64, bayes: 40 } as const satisfies Record<Search, number>;
const largestGrid = 1e5;
/** Coordinates in which distances between a hundred points still say something. */
const mostDimensions = 20;

export function isSearch(outer: Choice<OuterSolver>): outer is Choice<Search> {
  return Object.hasOwn(defaultPoints, outer.solver);
}

/** Overwrites x by the best point. Iterates are the points in the order tried. */
export function* search(
  engine: Engine,
  outer: Choice<Search>,
  trials: Trials,
  x: Vector,
  ledger: Ledger,
): Minimisation {
  const { low, high } = trials.box;
  const evaluate = recalling(trials.evaluate, ledger);
  const workspace = createWorkspace(engine, x.length);
  try {
    const [point, gradient] = [workspace.vector(), workspace.vector()];
    const proposals = proposalsOf(outer, low.length, trials);
    let best: { readonly value: number; readonly gradientNorm: number; readonly at: Float64Array } | undefined;
    let [step, tried] = [0, 0];
    let told: readonly number[] = [];
    for (let next = proposals.next(told); next.done !== true; next = proposals.next(told)) {
      const left = trials.limit - tried;
      if (left <= 0) break;
      const points = next.value
        .slice(0, left)
        .map((unit) => unit.map((u, j) => (low[j] as number) + u * ((high[j] as number) - (low[j] as number))));
      const answers = evaluate(points);
      tried += points.length;
      told = answers.map((answer) => answer?.value ?? Number.NaN);
      for (const [k, answer] of answers.entries()) {
        if (answer === undefined) continue;
        const at = points[k] as Float64Array;
        const { value, residuals } = answer;
        const gradientNorm = norm(answer.gradient);
        if (best === undefined || value < best.value) best = { value, gradientNorm, at };
        engine.write(point, at);
        engine.write(gradient, answer.gradient);
        yield { step: ++step, value, gradientNorm, x: point, gradient, residuals };
      }
    }
    if (best === undefined) return notEvaluable("no point of the range has an answer");
    engine.write(x, best.at);
    const { value, gradientNorm } = best;
    const stationarity = Number.NaN;
    return { status: "max_iterations", iterations: step, evaluations: tried, value, gradientNorm, stationarity };
  } finally {
    workspace.release();
  }
}

type Remembered = Omit<PointAnswer, "lower">;

/** A search that is taken up tries the same points in the same order: those that were answered are not asked again. */
function recalling(
  evaluate: Trials["evaluate"],
  ledger: Ledger,
): (points: readonly Float64Array[]) => readonly (Remembered | undefined)[] {
  let answers: (readonly (Remembered | undefined)[])[] = [];
  let asked = 0;
  ledger.keep(
    "answers",
    () => answers,
    (written) => {
      answers = written;
    },
  );
  return (points) => {
    answers[asked] ??= evaluate(points).map((answer) => {
      if (answer === undefined) return undefined;
      const { value, gradient, residuals } = answer;
      return { value, gradient, residuals };
    });
    asked += 1;
    return answers[asked - 1] as readonly (Remembered | undefined)[];
  };
}

function proposalsOf(
  { solver, arguments: given }: Choice<Search>,
  dimensions: number,
  { together }: Trials,
): Proposals {
  const points = numberOf(given, "points") ?? defaultPoints[solver];
  const seed = numberOf(given, "seed") ?? 0;
  switch (solver) {
    case "grid":
      return inBatches(gridPoints(points, dimensions), together);
    case "random":
      return inBatches(spread(points, dimensions, seed), together);
    case "bayes":
      return bayes(points, dimensions, seed);
  }
}

function* inBatches(points: readonly Float64Array[], together: number): Proposals {
  for (const batch of batchesOf(points, together)) yield batch;
}

/** Equally spaced, ends included; a single one is in the middle. The last coordinate varies fastest. */
function gridPoints(points: number, dimensions: number): readonly Float64Array[] {
  return Array.from({ length: points ** dimensions }, (_, index) =>
    Float64Array.from({ length: dimensions }, (_, j) => {
      const k = Math.floor(index / points ** (dimensions - 1 - j)) % points;
      return points === 1 ? 0.5 : k / (points - 1);
    }),
  );
}

/** `start` is the point that entries without bounds are searched around. Throws a refusal where there is no box to search. */
export function searchBox(binding: Binding, problem: Problem, outer: Choice<Search>, start: Float64Array): Box {
  const refuse = (why: string, suggestion: string): never => {
    throw new BilevelError([solverUnavailable("method", outer.solver, why, problem.upper?.span, suggestion)]);
  };
  const range = numberOf(outer.arguments, "range") ?? defaultRange;
  const entries = (problem.upper?.variables ?? []).flatMap((variable) => {
    const length = lengthOf(variable.shape, binding.sizes);
    const name = declaredName(variable);
    const set = problem.sets.get(variable.name);
    if (set !== undefined && set.kind !== "box")
      refuse(`searches boxes, and ${name} lies in another set`, "leave the method to auto");
    const bound = (node: Node | undefined, infinite: number): Float64Array =>
      node === undefined ? new Float64Array(length).fill(infinite) : evaluateNode(binding, node);
    const low = bound(set?.kind === "box" ? set.low : undefined, Number.NEGATIVE_INFINITY);
    const high = bound(set?.kind === "box" ? set.high : undefined, Number.POSITIVE_INFINITY);
    return Array.from({ length }, (_, i) => ({ name, low: low[i] as number, high: high[i] as number }));
  });
  const points = numberOf(outer.arguments, "points") ?? defaultPoints[outer.solver];
  if (outer.solver === "grid" && points ** entries.length > largestGrid)
    refuse(
      `tries every combination, and ${points} values of each of ${entries.length} numbers are more than ${largestGrid} points`,
      "write fewer points:, or method: random",
    );
  if (outer.solver === "bayes" && entries.length > mostDimensions)
    refuse(
      `learns from distances, and ${entries.length} numbers are more than the ${mostDimensions} in which they say much`,
      "write method: random, or leave the method to auto",
    );
  const isBounded = entries.map(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const side = (k: number, direction: 1 | -1): number => {
    const { low, high } = entries[k] as (typeof entries)[number];
    const asked = (start[k] as number) + direction * range;
    if (isBounded[k]) return direction < 0 ? low : high;
    return Math.min(Math.max(asked, low), high);
  };
  return {
    low: Float64Array.from(entries, (_, k) => side(k, -1)),
    high: Float64Array.from(entries, (_, k) => side(k, 1)),
    unbounded: entries.map(({ name }, k) => (isBounded[k] ? undefined : name)),
  };
}

/** Part of the range that counts as its edge. */
const edge = 1e-9;

/** Warns where the answer lies at the edge of a range that nobody set: beyond it may be a better one. */
export function edgeWarnings(
  { low, high, unbounded }: Box,
  answer: Float64Array,
  problem: Problem,
): readonly Diagnostic[] {
  const names = unbounded.flatMap((name, k) => {
    const [from, to, at] = [low[k] as number, high[k] as number, answer[k] as number];
    const isAtEdge = Math.min(at - from, to - at) <= edge * (to - from);
    return name !== undefined && isAtEdge ? [name] : [];
  });
  return names.length === 0 ? [] : [atTheEdge([...new Set(names)].join(", "), problem.upper?.span)];
}
