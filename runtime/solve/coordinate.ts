/**
 * Coordinate descent on working sets for min s(x) + Σ w |x − c| over low ≤ x ≤ high, entry by entry. Entries that a proximal step would
 * move join the working set, the strongest first (as Massias, Gramfort and Salmon 2018 do); on it, the quadratic model of s is
 * minimised by cyclic coordinate descent with covariance updates (Friedman, Hastie and Tibshirani 2010) and, once no entry changes
 * its side, by solving for the free entries. A quadratic is its own model; others take the model's step with a line search (Lee, Sun
 * and Saunders 2014). The full gradient, which sees the entries that were left out, says when to stop.
 */
import { dot, norm } from "./arrays.ts";

/** All arrays are of one length; an absent penalty has weight 0, an absent bound is infinite. */
export interface Separable {
  /** s and ∇s. */
  readonly at: (x: Float64Array) => { readonly value: number; readonly slope: Float64Array };
  /** Column j of the Hessian of s, at the point that `at` was last called with. */
  readonly column: (j: number) => Float64Array;
  /** The Hessian is the same everywhere. */
  readonly quadratic: boolean;
  readonly weight: Float64Array;
  readonly centre: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Solves A x = b for a dense symmetric A, row-major; absent where it is not positive definite. */
export type SolveDense = (matrix: Float64Array, b: Float64Array) => Float64Array | undefined;

export interface CoordinateOptions {
  /** Of ‖x − prox(x − ∇s)‖ over ‖∇s‖ + ‖x‖. */
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** Columns that the Hessian keeps from one solve to the next, where it is always the same. */
export type Columns = Map<number, Float64Array>;

const leastGrowth = 10;
const sweepsAtMost = 1000;
const sweepsBetweenSolves = 5;

/** Ends at the tolerance, at the most iterations or where the line search finds no descent; the caller judges the point. */
export function coordinateDescent(
  problem: Separable,
  solveDense: SolveDense,
  columns: Columns,
  start: Float64Array,
  options: CoordinateOptions,
): { readonly x: Float64Array; readonly iterations: number } {
  const { weight, centre, low, high, quadratic } = problem;
  const isFree = (x: Float64Array, j: number): boolean =>
    ((weight[j] as number) === 0 || x[j] !== centre[j]) &&
    (x[j] as number) > (low[j] as number) &&
    (x[j] as number) < (high[j] as number);
  let x: Float64Array = start.map((value, j) => Math.min(high[j] as number, Math.max(low[j] as number, value)));
  const working: number[] = [];
  const inWorking = new Uint8Array(x.length);
  const add = (j: number): void => {
    working.push(j);
    inWorking[j] = 1;
  };
  x.forEach((_, j) => (isFree(x, j) ? add(j) : undefined));
  let here = problem.at(x);
  let iterations = 0;
  for (; iterations < options.maxIterations; iterations += 1) {
    const { slope } = here;
    const moves = x.map((value, j) => proxEntry(problem, value - (slope[j] as number), 1, j) - value);
    const target = options.tolerance * (norm(slope) + norm(x));
    if (norm(moves) <= target) break;
    const outside = [...moves.keys()].filter((j) => inWorking[j] === 0 && moves[j] !== 0);
    outside.sort((i, j) => Math.abs(moves[j] as number) - Math.abs(moves[i] as number));
    outside.slice(0, Math.max(leastGrowth, working.length)).forEach(add);
    if (!quadratic) columns.clear();
    for (const j of working) if (!columns.has(j)) columns.set(j, problem.column(j));
    const hessian = working.map((j) => columns.get(j) as Float64Array);
    const model = createModel(problem, hessian, working, x, slope);
    model.minimise(solveDense, target / 10);
    const next = x.slice();
    working.forEach((j, k) => (next[j] = model.point[k] as number));
    const found = quadratic ? next : searched(problem, x, here, next);
    if (found === undefined) break;
    x = found;
    here = problem.at(x);
  }
  return { x, iterations };
}

/** prox of t (w |x − c|) within the bounds, for one entry. */
function proxEntry({ weight, centre, low, high }: Separable, z: number, t: number, j: number): number {
  const c = centre[j] as number;
  const apart = z - c;
  const shrunk = c + Math.sign(apart) * Math.max(0, Math.abs(apart) - t * (weight[j] as number));
  return Math.min(high[j] as number, Math.max(low[j] as number, shrunk));
}

/** ⟨q, δ⟩ + ½ δᵀ H δ and the penalty, over the entries of the working set. */
function createModel(
  problem: Separable,
  hessian: readonly Float64Array[],
  working: readonly number[],
  x: Float64Array,
  slope: Float64Array,
) {
  const { weight, centre, low, high } = problem;
  const count = working.length;
  const point = Float64Array.from(working, (j) => x[j] as number);
  const q = Float64Array.from(working, (j) => slope[j] as number);
  const rows = hessian.map((column) => Float64Array.from(working, (j) => column[j] as number));

  const move = (k: number, by: number): void => {
    point[k] = (point[k] as number) + by;
    const row = rows[k] as Float64Array;
    for (let i = 0; i < count; i += 1) q[i] = (q[i] as number) + by * (row[i] as number);
  };

  /** One pass over the working set; whether an entry changed its side of the kink or of a bound. */
  const sweep = (): boolean => {
    let changed = false;
    for (let k = 0; k < count; k += 1) {
      const j = working[k] as number;
      const curvature = rows[k]?.[k] as number;
      const from = point[k] as number;
      const to =
        curvature > 0
          ? proxEntry(problem, from - (q[k] as number) / curvature, 1 / curvature, j)
          : Math.abs(q[k] as number) <= (weight[j] as number)
            ? (centre[j] as number)
            : from;
      if (to === from) continue;
      changed ||= side(j, from) !== side(j, to);
      move(k, to - from);
    }
    return changed;
  };

  const side = (j: number, value: number): number =>
    value <= (low[j] as number) ? -2 : value >= (high[j] as number) ? 2 : Math.sign(value - (centre[j] as number));

  const isFree = (k: number): boolean => {
    const at = side(working[k] as number, point[k] as number);
    return Math.abs(at) === 1 || (at === 0 && weight[working[k] as number] === 0);
  };

  const residual = (): number =>
    norm(point.map((value, k) => proxEntry(problem, value - (q[k] as number), 1, working[k] as number) - value));

  /** The free entries' own minimum, as far as none of them passes its kink or a bound. */
  const solveFree = (solveDense: SolveDense): void => {
    const free = working.map((_, k) => k).filter(isFree);
    const matrix = new Float64Array(free.length * free.length);
    free.forEach((k, r) => free.forEach((l, c) => (matrix[r * free.length + c] = rows[k]?.[l] as number)));
    const forces = Float64Array.from(free, (k) => {
      const j = working[k] as number;
      return -((q[k] as number) + (weight[j] as number) * Math.sign((point[k] as number) - (centre[j] as number)));
    });
    const step = free.length === 0 ? undefined : solveDense(matrix, forces);
    if (step === undefined || !step.every(Number.isFinite)) return;
    const stays = free.every((k, r) => {
      const j = working[k] as number;
      const to = (point[k] as number) + (step[r] as number);
      return (weight[j] === 0 && Math.abs(side(j, to)) < 2) || side(j, to) === side(j, point[k] as number);
    });
    if (stays) free.forEach((k, r) => move(k, step[r] as number));
  };

  const minimise = (solveDense: SolveDense, target: number): void => {
    let last = Number.POSITIVE_INFINITY;
    for (let pass = 0; pass < sweepsAtMost; pass += 1) {
      const changed = sweep();
      if (changed || (pass + 1) % sweepsBetweenSolves !== 0) continue;
      solveFree(solveDense);
      const now = residual();
      // At the level of rounding nothing is gained any more.
      if (now <= target || now >= last) return;
      last = now;
    }
  };
  return { point, minimise };
}

/** Backtracking to a sufficient decrease of the objective, or no worse than rounding. */
function searched(
  problem: Separable,
  x: Float64Array,
  here: { readonly value: number; readonly slope: Float64Array },
  next: Float64Array,
): Float64Array | undefined {
  const penalty = (at: Float64Array): number =>
    at.reduce(
      (sum, value, j) => sum + (problem.weight[j] as number) * Math.abs(value - (problem.centre[j] as number)),
      0,
    );
  const step = next.map((value, j) => value - (x[j] as number));
  const before = here.value + penalty(x);
  const decrease = dot(here.slope, step) + penalty(next) - penalty(x);
  for (let length = 1; length > 1e-10; length /= 2) {
    const trial = length === 1 ? next : x.map((value, j) => value + length * (step[j] as number));
    const after = problem.at(trial).value + penalty(trial);
    if (after <= before + 1e-4 * length * decrease + 1e-14 * Math.abs(before)) return trial;
  }
  return undefined;
}
