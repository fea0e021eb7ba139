/**
 * The augmented Lagrangian in its shifted form (Powell 1969; Hestenes 1969; Rockafellar 1973): to minimise f subject to h = 0 and c ≤ 0,
 * minimise in turn
 *
 *     f(x) + ρ/2 ‖h(x) + t‖² + ρ/2 ‖max(c(x) + t, 0)‖²
 *
 * and move the shifts, t ← h + t and t ← max(c + t, 0). Its gradient is that of the Lagrangian at the multipliers μ = ρ (h + t) and
 * ρ max(c + t, 0), so that where a round ends, stationarity holds and only feasibility and complementarity are left to reach: ρ grows
 * where a round does not bring them down to a quarter (Birgin and Martínez 2014, algorithm 4.1).
 */
import type { Engine, Vector } from "../../engine/engine.ts";
import { unwritten } from "../../ledger.ts";
import { largestMagnitude } from "../arrays.ts";
import type { Stopping } from "../stopping.ts";
import type { Evaluation, Minimisation, MinimiserOutcome, Objective } from "../types.ts";
import { notEvaluable } from "./descent.ts";

/** A differentiable function and the constraints on its argument. */
export interface ConstrainedObjective {
  readonly size: number;
  /** One an entry of the constraints: value <= 0 or value == 0. */
  readonly relations: readonly ("<=" | "==")[];
  /**
   * The value at x; `multipliers` is asked once the constraints are known there, and the gradient of value + ⟨μ, constraints⟩ with its
   * answer held constant is written to `gradient`.
   */
  evaluate(x: Vector, gradient: Vector, multipliers: (constraints: Float64Array) => Float64Array): Evaluation;
}

export interface AugmentedOptions {
  /** Of each round; the iterations are those of all rounds together. */
  readonly stopping: Stopping;
  /** What minimises within a round. */
  readonly minimise: (objective: Objective, x: Vector, stopping: Stopping) => Minimisation;
}

const rounds = 60;
/** Constraints count as met at this part of the tolerance, relative to their size at the start and at least 1. */
const feasibility = 0.1;
/** A penalty this many times the first that has not brought the violation down says that nothing will. */
const steepest = 1e9;

/** Overwrites x. Iterates report the value of f and the norm of the Lagrangian's gradient. */
export function* augmentedLagrangian(
  engine: Engine,
  f: ConstrainedObjective,
  x: Vector,
  { stopping, minimise }: AugmentedOptions,
): Minimisation {
  const { relations } = f;
  let shifts: Float64Array = new Float64Array(relations.length);
  let constraints: Float64Array = new Float64Array(relations.length);
  let [penalty, value] = [0, 0];
  const shifted = (): Float64Array =>
    constraints.map((c, i) => {
      const moved = c + (shifts[i] as number);
      return relations[i] === "==" ? moved : Math.max(moved, 0);
    });
  const objective: Objective = {
    size: f.size,
    evaluate: (point, gradient) => {
      const answer = f.evaluate(point, gradient, (found) => {
        constraints = Float64Array.from(found);
        return shifted().map((entry) => penalty * entry);
      });
      if (!answer.ok) return answer;
      value = answer.value;
      return { ok: true, value: value + (penalty / 2) * shifted().reduce((sum, entry) => sum + entry * entry, 0) };
    },
  };
  const scratch = engine.allocate(f.size);
  const { ledger = unwritten } = stopping;
  const origin = ledger.vector("origin of the round", engine.allocate(f.size));
  try {
    const start = ledger.resumes ? { ok: true as const } : objective.evaluate(x, scratch);
    if (!start.ok) return notEvaluable(start.reason);
    let bound = stopping.tolerance * feasibility * Math.max(1, largestMagnitude(constraints));
    const gap = violation(constraints, shifts, relations);
    penalty = Math.min(1e3, Math.max(1e-3, (10 * Math.max(1, Math.abs(value))) / Math.max(1, gap * gap)));
    let first = penalty;
    let [before, step, evaluations, reference] = [Number.POSITIVE_INFINITY, 0, 1, engine.norm(scratch)];
    let round = 0;
    ledger.keep(
      "augmented Lagrangian",
      () => ({ shifts, constraints, penalty, value, bound, first, before, step, evaluations, reference, round }),
      (written) => {
        ({ shifts, constraints, penalty, value, bound, first } = written);
        ({ before, step, evaluations, reference, round } = written);
      },
    );
    for (; ; round += 1) {
      const own = ledger.part("round");
      if (!own.resumes) engine.copy(x, origin);
      const machine = minimise(objective, x, {
        ...stopping,
        ledger: own,
        maxIterations: Math.max(0, stopping.maxIterations - step),
        ...(reference > 0 && { gradientScale: reference }),
      });
      let next = machine.next();
      for (; next.done !== true; next = machine.next()) {
        const iterate = next.value;
        if (reference === 0) reference = iterate.gradientNorm;
        // Every round but the first starts where the last one ended.
        if (round === 0 || iterate.step > 0) yield { ...iterate, step: step + iterate.step, value };
      }
      const outcome = next.value;
      step += outcome.iterations;
      evaluations += outcome.evaluations + 1;
      const ended = (status: MinimiserOutcome["status"]): MinimiserOutcome => ({
        ...outcome,
        status,
        iterations: step,
        evaluations,
        value,
      });
      const lost = outcome.status === "unbounded" || outcome.status === "diverged";
      if (lost) {
        if (penalty >= steepest * first) return ended(outcome.status);
        engine.copy(origin, x);
        shifts = shifts.map((entry) => entry / 10);
        penalty *= 10;
        continue;
      }
      if (outcome.status === "not_evaluable") return outcome;
      const last = objective.evaluate(x, scratch);
      if (!last.ok) return notEvaluable(last.reason);
      const now = violation(constraints, shifts, relations);
      if (now <= bound && outcome.status === "converged") return ended("converged");
      if (step >= stopping.maxIterations) return ended("max_iterations");
      if (now > bound && penalty >= steepest * first) {
        if (now > Math.sqrt(bound)) return ended("infeasible");
        const missed = `the constraints are missed by ${now.toExponential(1)} still: they may not determine their multipliers`;
        return { ...ended("stagnated"), reason: missed };
      }
      if (round >= rounds) return ended("stagnated");
      shifts = shifted();
      if (now > bound && now > 0.25 * before) {
        shifts = shifts.map((entry) => entry / 10);
        penalty *= 10;
      }
      before = now;
    }
  } finally {
    engine.release(scratch);
    engine.release(origin);
  }
}

/** The largest |h|, or the larger of c and −t: a constraint with a multiplier has to hold as an equation. */
function violation(c: Float64Array, t: Float64Array, relations: ConstrainedObjective["relations"]): number {
  return largestMagnitude(c.map((value, i) => (relations[i] === "==" ? value : Math.max(value, -(t[i] as number)))));
}
