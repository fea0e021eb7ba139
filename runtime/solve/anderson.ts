/**
 * Anderson acceleration of x ← x − β R(x), type II (Walker and Ni 2011). Of the last steps it keeps the differences ΔX and ΔR and goes
 * on from the combination of points whose residual is least to first order:
 *
 *     γ = argmin ‖R − Σ γ_i ΔR_i‖,   x ← x − Σ γ_i ΔX_i − β (R − Σ γ_i ΔR_i).
 *
 * For a fixed point R is v − F(v); with β = 1 and no memory this is v ← F(v).
 */
import type { Engine, Vector } from "../engine/engine.ts";
import { fixedPointDefaults } from "./defaults.ts";
import type { Equations, RootIterate, RootOutcome, RootStatus } from "./root.ts";
import { atRoundingFloor, type Stopping } from "./stopping.ts";
import { createWorkspace, machineEpsilon } from "./workspace.ts";

/** `gradientScale` is the reference ‖R‖; `relativeToValue` is not read. */
export interface AndersonOptions extends Stopping {
  /** Differences kept; 0 is plain iteration. */
  readonly memory?: number;
  /** β */
  readonly rate?: number;
}

interface Difference {
  readonly dx: Vector;
  readonly dr: Vector;
  /** ⟨ΔR, ΔR_j⟩ with each difference that is kept, itself included. */
  readonly products: Map<Difference, number>;
}

/** An accelerated step that makes the residual this many times the best one is taken back, and the memory emptied. */
const growth = 2;
/** The residual that says plain steps diverge, relative to the first one. */
const divergence = 1e8;
/** Steps without a better residual than the best: it stalls. */
const idleLimit = 100;
/** How much of ‖ΔR‖² the newer ones must leave, at least in roundings: those older than the first that fails are not used. */
const independent = { share: 1e-8, roundings: 100 } as const;

/** y holds the start and is overwritten by the iterates, at the end by the one of least residual. */
export function* anderson(
  engine: Engine,
  equations: Equations,
  y: Vector,
  options: AndersonOptions,
): Generator<RootIterate, RootOutcome, void> {
  const workspace = createWorkspace(engine, equations.size);
  try {
    const memory = options.memory ?? fixedPointDefaults.memory;
    const rate = options.rate ?? fixedPointDefaults.rate;
    const vector = (): Vector => workspace.vector();
    const [r, rest, trial, trialR, best, bestR] = [vector(), vector(), vector(), vector(), vector(), vector()];
    const spare: Difference[] = Array.from({ length: memory }, () => ({
      dx: vector(),
      dr: vector(),
      products: new Map(),
    }));
    /** The newest first. */
    const kept: Difference[] = [];
    let evaluations = 0;
    const norm = (at: Vector, out: Vector): number => {
      evaluations++;
      return equations.evaluate(at, out) ? engine.norm(out) : Number.NaN;
    };
    const start = norm(y, r);
    let [residualNorm, bestNorm, idle] = [start, start, 0];
    const scale = options.gradientScale ?? start;
    const stationarity = (): number => (bestNorm === 0 ? 0 : bestNorm / scale);
    const finish = (status: RootStatus, iterations: number): RootOutcome => {
      if (bestNorm < residualNorm || status === "diverged") engine.copy(best, y);
      return { status, iterations, evaluations, residualNorm: bestNorm, stationarity: stationarity() };
    };
    if (!Number.isFinite(start))
      return { ...finish("not_evaluable", 0), residualNorm: start, stationarity: Number.NaN };
    engine.copy(y, best);
    engine.copy(r, bestR);

    for (let iteration = 0; ; iteration++) {
      yield { step: iteration, residualNorm, y };
      if (stationarity() <= options.tolerance) return finish("converged", iteration);
      if (iteration >= options.maxIterations) return finish("max_iterations", iteration);
      if (idle >= idleLimit) {
        const atFloor = atRoundingFloor(stationarity(), options.tolerance, machineEpsilon(engine));
        return finish(atFloor ? "converged" : "stagnated", iteration);
      }
      engine.copy(y, trial);
      engine.copy(r, rest);
      combination(engine, kept, r).forEach((gamma, i) => {
        const { dx, dr } = kept[i] as Difference;
        engine.axpy(-gamma, dr, rest);
        engine.axpy(-gamma, dx, trial);
      });
      engine.axpy(-rate, rest, trial);
      const next = norm(trial, trialR);
      idle = next < bestNorm ? 0 : idle + 1;
      if (kept.length > 0 && !(next <= growth * bestNorm)) {
        spare.push(...kept.splice(0));
        engine.copy(best, y);
        engine.copy(bestR, r);
        residualNorm = bestNorm;
        continue;
      }
      if (!(next <= divergence * start)) return finish("diverged", iteration);
      const added = kept.length === memory ? kept.pop() : spare.pop();
      if (added !== undefined) {
        difference(engine, trial, y, added.dx);
        difference(engine, trialR, r, added.dr);
        kept.unshift(added);
        for (const other of kept) {
          const product = engine.dot(added.dr, other.dr);
          added.products.set(other, product);
          other.products.set(added, product);
        }
      }
      engine.copy(trial, y);
      engine.copy(trialR, r);
      residualNorm = next;
      if (next < bestNorm) {
        bestNorm = next;
        engine.copy(y, best);
        engine.copy(r, bestR);
      }
    }
  } finally {
    workspace.release();
  }
}

/** out ← a − b */
function difference(engine: Engine, a: Vector, b: Vector, out: Vector): void {
  engine.copy(a, out);
  engine.axpy(-1, b, out);
}

/**
 * γ, of as many of the newest differences as are independent: the normal equations by Cholesky, L Lᵀ γ = (⟨ΔR_i, R⟩). The bound on
 * what must be left keeps the squared condition number well within the engine's digits.
 */
function combination(engine: Engine, kept: readonly Difference[], r: Vector): readonly number[] {
  const least = Math.max(independent.share, independent.roundings * machineEpsilon(engine));
  const rows: number[][] = [];
  const solved: number[] = [];
  for (const [i, own] of kept.entries()) {
    const row: number[] = [];
    for (const [j, other] of kept.slice(0, i).entries()) {
      const before = rows[j] as number[];
      row.push(((own.products.get(other) as number) - inner(row, before, j)) / (before[j] as number));
    }
    const length = own.products.get(own) as number;
    const pivot = length - inner(row, row, i);
    if (!(pivot > least * length)) break;
    row.push(Math.sqrt(pivot));
    solved.push((engine.dot(own.dr, r) - inner(row, solved, i)) / (row[i] as number));
    rows.push(row);
  }
  for (let i = rows.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < rows.length; k++) {
      solved[i] = (solved[i] as number) - (rows[k]?.[i] as number) * (solved[k] as number);
    }
    solved[i] = (solved[i] as number) / (rows[i]?.[i] as number);
  }
  return solved;
}

/** Of the first `count` entries. */
const inner = (a: readonly number[], b: readonly number[], count: number): number =>
  a.slice(0, count).reduce((sum, ai, k) => sum + ai * (b[k] as number), 0);
