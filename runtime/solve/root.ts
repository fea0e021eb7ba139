/**
 * Newton's method for a square system F(y) = 0, damped so that ‖F‖ decreases: the equilibrium of several clauses, or a fixed
 * point y − T(y) = 0. The step comes from a factorised Jacobian or from GMRES with forcing terms (Eisenstat and Walker 1996,
 * choice 2: η = 0.9 (‖F‖ / ‖F₋‖)²).
 */
import type { Engine, Vector } from "../engine/engine.ts";
import { gmres } from "./linear/gmres.ts";
import { createShiftedSolve, type Factorise } from "./minimise/shift.ts";
import { atRoundingFloor, type Stopping } from "./stopping.ts";
import type { LinearOperator } from "./types.ts";
import { createWorkspace, machineEpsilon } from "./workspace.ts";

export interface Equations {
  readonly size: number;
  /** residual ← F(y); whether F has a value there. Values that are not finite count as none. */
  evaluate(y: Vector, residual: Vector): boolean;
}

/** The Jacobian at y, as the caller has it. */
export type Jacobian =
  | { readonly kind: "factorised"; readonly factorise: Factorise }
  /** out ← F′(y) v */
  | { readonly kind: "products"; readonly apply: (y: Vector, v: Vector, out: Vector) => void };

/** `gradientScale` is the reference ‖F‖; `relativeToValue` is not read. */
export interface RootOptions extends Stopping {
  readonly jacobian: Jacobian;
}

export interface RootIterate {
  readonly step: number;
  readonly residualNorm: number;
  readonly y: Vector;
}

/** `singular`: the Jacobian could not be factorised, with any shift. The others are as for minimisers. */
export type RootStatus = "converged" | "max_iterations" | "stagnated" | "diverged" | "singular" | "not_evaluable";

export interface RootOutcome {
  readonly status: RootStatus;
  readonly iterations: number;
  readonly evaluations: number;
  readonly residualNorm: number;
  /** ‖F‖ over its scale. */
  readonly stationarity: number;
}

const sufficientDecrease = 1e-4;
const smallestStep = 2 ** -40;
/** Solved once the next step is estimated to be shorter than this part of y: a far-away start makes every residual look small. */
const settledStep = 1e-9;
/** Steps taken beyond a small residual at most, where none settles: there may be a multiple root. */
const polishing = 50;

/** y holds the start and is overwritten by the iterates. */
export function* root(
  engine: Engine,
  equations: Equations,
  y: Vector,
  options: RootOptions,
): Generator<RootIterate, RootOutcome, void> {
  const workspace = createWorkspace(engine, equations.size);
  try {
    const [f, step, trial, trialF] = [workspace.vector(), workspace.vector(), workspace.vector(), workspace.vector()];
    const direction = createDirection(engine, equations.size, options.jacobian);
    let evaluations = 0;
    const norm = (at: Vector, out: Vector): number => {
      evaluations++;
      return equations.evaluate(at, out) ? engine.norm(out) : Number.NaN;
    };
    let residualNorm = norm(y, f);
    const scale = options.gradientScale ?? residualNorm;
    const stationarity = (): number => (residualNorm === 0 ? 0 : residualNorm / scale);
    const finish = (status: RootStatus, iterations: number): RootOutcome => ({
      status,
      iterations,
      evaluations,
      residualNorm,
      stationarity: stationarity(),
    });
    if (!Number.isFinite(residualNorm)) return finish("not_evaluable", 0);

    let [nextStep, polished] = [0, 0];
    for (let iteration = 0; ; iteration++) {
      yield { step: iteration, residualNorm, y };
      if (stationarity() <= options.tolerance) {
        const settled = options.settles !== true || residualNorm === 0 || nextStep <= settledStep * engine.norm(y);
        if (settled || polished++ >= polishing) return finish("converged", iteration);
      }
      if (iteration >= options.maxIterations) return finish("max_iterations", iteration);

      engine.copy(f, step);
      engine.scale(-1, step);
      if (!direction(y, residualNorm, step)) return finish("singular", iteration);
      let accepted = false;
      for (let alpha = 1; !accepted && alpha >= smallestStep; alpha /= 2) {
        engine.copy(y, trial);
        engine.axpy(alpha, step, trial);
        const next = norm(trial, trialF);
        accepted = next <= (1 - sufficientDecrease * alpha) * residualNorm;
        if (!accepted) continue;
        nextStep = alpha * engine.norm(step) * (next / residualNorm);
        residualNorm = next;
      }
      if (!accepted) {
        const negligible = engine.norm(step) <= 16 * machineEpsilon(engine) * engine.norm(y);
        const atFloor = negligible || atRoundingFloor(stationarity(), options.tolerance, machineEpsilon(engine));
        return finish(atFloor ? "converged" : "stagnated", iteration);
      }
      engine.copy(trial, y);
      engine.copy(trialF, f);
    }
  } finally {
    workspace.release();
  }
}

/** (y, ‖F‖, b) overwrites b = −F by the step; false where the Jacobian gives none. */
function createDirection(
  engine: Engine,
  size: number,
  jacobian: Jacobian,
): (y: Vector, norm: number, b: Vector) => boolean {
  if (jacobian.kind === "factorised") {
    const solve = createShiftedSolve(engine, jacobian.factorise);
    return (y, norm, b) => !Number.isNaN(solve(y, norm / Math.max(1, engine.norm(y)), b));
  }
  let at: Vector | undefined;
  let [normOld, etaOld] = [Number.NaN, 0.5];
  const operator: LinearOperator = { size, apply: (v, out) => jacobian.apply(at as Vector, v, out) };
  return (y, norm, b) => {
    at = y;
    const proposed = Number.isNaN(normOld) ? 0.5 : 0.9 * (norm / normOld) ** 2;
    // The safeguard of the same paper: do not tighten faster than the last steps did.
    const guarded = 0.9 * etaOld ** 2 > 0.1 ? Math.max(proposed, 0.9 * etaOld ** 2) : proposed;
    const tolerance = Math.min(0.9, Math.max(guarded, 1e-10));
    [normOld, etaOld] = [norm, tolerance];
    const workspace = createWorkspace(engine, size);
    try {
      const solution = workspace.vector();
      const outcome = gmres(engine, operator, b, solution, { tolerance });
      engine.copy(solution, b);
      return outcome.status !== "breakdown" && engine.norm(solution) > 0;
    } finally {
      workspace.release();
    }
  };
}
