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
import { createDifferences, type Difference, type Differences } from "./differences.ts";
import type { Equations, RootIterate, RootOutcome, RootStatus } from "./root.ts";
import { atRoundingFloor, type Stopping } from "./stopping.ts";
import { createWorkspace, machineEpsilon } from "./workspace.ts";

/** `gradientScale` is the reference ‖R‖; `relativeToValue` is not read. */
export interface AndersonOptions extends Stopping {
  /** Differences kept; 0 is plain iteration. */
  readonly memory?: number;
  /** β */
  readonly rate?: number;
  /** Differences of the caller, to be read afterwards; `memory` is then theirs. */
  readonly differences?: Differences;
}

/** An accelerated step that makes the residual this many times the best one is taken back, and the memory emptied. */
const growth = 2;
/** The residual that says plain steps diverge, relative to the first one. */
const divergence = 1e8;
/** Steps without a better residual than the best: it stalls. */
const idleLimit = 100;
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
    const differences = options.differences ?? createDifferences(engine, workspace, memory);
    const { kept } = differences;
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
      differences
        .combine(({ dr }) => engine.dot(dr, r))
        .forEach((gamma, i) => {
          const { dx, dr } = kept[i] as Difference;
          engine.axpy(-gamma, dr, rest);
          engine.axpy(-gamma, dx, trial);
        });
      engine.axpy(-rate, rest, trial);
      const next = norm(trial, trialR);
      idle = next < bestNorm ? 0 : idle + 1;
      if (kept.length > 0 && !(next <= growth * bestNorm)) {
        differences.forget();
        engine.copy(best, y);
        engine.copy(bestR, r);
        residualNorm = bestNorm;
        continue;
      }
      if (!(next <= divergence * start)) return finish("diverged", iteration);
      differences.add({ x: y, r }, { x: trial, r: trialR });
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
