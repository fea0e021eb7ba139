/**
 * The upper level's loop: step, observe, stop. The minimisers are step machines over an objective that answers with the
 * hypergradient; this file drives one, keeps the last good and the best point, and says how it ended.
 */
import type { Plan } from "../compiler/plan/plan.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { Engine, Vector } from "./engine/engine.ts";
import type { Aid, Hypergradient } from "./method/aid.ts";
import { numberOf } from "./method/inner.ts";
import { outerStopping } from "./solve/defaults.ts";
import { adam } from "./solve/minimise/adam.ts";
import { gradientDescent } from "./solve/minimise/gradient-descent.ts";
import { lbfgs } from "./solve/minimise/lbfgs.ts";
import { projectedGradient } from "./solve/minimise/projected.ts";
import type { Minimisation, MinimiserOutcome, Objective } from "./solve/types.ts";
import { toleranceFor } from "./solve/workspace.ts";
import type { Status, TraceEntry } from "./types.ts";

export interface SolveOptions {
  readonly signal?: AbortSignal;
  readonly onStep?: (entry: TraceEntry) => void;
  /** Seconds. */
  readonly timeLimit?: number;
}

export interface OuterRun {
  readonly status: Status;
  readonly steps: number;
  readonly seconds: number;
  readonly trace: readonly TraceEntry[];
  readonly message?: string;
}

/** Leaves the answer in aid.w. Throws refusals that concern the start; later ones make a line search back off. */
export async function runOuter(
  engine: Engine,
  aid: Aid,
  plan: Plan,
  direction: 1 | -1,
  options: SolveOptions,
): Promise<OuterRun> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const x = engine.allocate(aid.w.length);
  engine.copy(aid.w, x);
  const evaluations = observed(engine, aid, direction);
  const steps = plan.steps;
  const machine = minimiserOf(engine, plan, evaluations.objective, x, steps, aid.project);
  const best = engine.allocate(x.length);
  let bestValue = Number.POSITIVE_INFINITY;
  const trace: TraceEntry[] = [];

  const finish = (status: Status, from: Vector, message?: string): OuterRun => {
    engine.copy(from, aid.w);
    for (const vector of [x, best]) engine.release(vector);
    const last = trace[trace.length - 1];
    return { status, steps: last?.step ?? 0, seconds: seconds(), trace, message };
  };

  let rested = performance.now();
  for (;;) {
    const next = machine.next();
    if (next.done === true) {
      const outcome = next.value;
      if (outcome.status === "not_evaluable" && evaluations.failure() !== undefined) throw evaluations.failure();
      const status = statusOf(outcome);
      return finish(
        status,
        status === "diverged" && bestValue < Number.POSITIVE_INFINITY ? best : x,
        messageOf(outcome, evaluations.failure()),
      );
    }
    const iterate = next.value;
    const { residuals } = evaluations.at(iterate.value);
    const entry: TraceEntry = {
      step: iterate.step,
      value: direction * iterate.value,
      gradient_norm: iterate.gradientNorm,
      seconds: seconds(),
      inner_residual: residuals.inner,
      adjoint_residual: residuals.adjoint,
    };
    trace.push(entry);
    options.onStep?.(entry);
    if (iterate.value < bestValue) {
      bestValue = iterate.value;
      engine.copy(iterate.x, best);
    }
    if (performance.now() - rested > breathing) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      rested = performance.now();
    }
    const limit = options.timeLimit ?? Number.POSITIVE_INFINITY;
    const stopped: Status | undefined = options.signal?.aborted
      ? "interrupted"
      : seconds() >= limit
        ? "time_limit"
        : undefined;
    if (stopped === undefined) continue;
    machine.return({} as MinimiserOutcome);
    return finish(stopped, best);
  }
}

/** How long the loop keeps the event loop waiting, in milliseconds: Ctrl-C is heard in between. */
const breathing = 30;

function minimiserOf(
  engine: Engine,
  plan: Plan,
  objective: Objective,
  x: Vector,
  steps: number,
  project: Aid["project"],
): Minimisation {
  const { solver, arguments: given } = plan.outer;
  const stopping = {
    ...outerStopping,
    tolerance: numberOf(given, "tol") ?? toleranceFor(engine, outerStopping.tolerance),
    maxIterations: steps,
  };
  switch (solver) {
    case "gd":
      return gradientDescent(engine, objective, x, { ...stopping, rate: numberOf(given, "rate") });
    case "adam":
      return adam(engine, objective, x, { ...stopping, rate: numberOf(given, "rate") });
    case "projected_gd":
      return projectedGradient(engine, objective, x, {
        ...stopping,
        rate: numberOf(given, "rate"),
        project: project ?? (() => {}),
      });
    case "lbfgs":
      return lbfgs(engine, objective, x, { ...stopping, memory: numberOf(given, "memory") });
  }
}

function statusOf(outcome: MinimiserOutcome): Status {
  switch (outcome.status) {
    case "converged":
      return "converged";
    case "max_iterations":
    case "stagnated":
      return "max_steps";
    case "diverged":
    case "unbounded":
    case "not_evaluable":
      return "diverged";
  }
}

function messageOf(outcome: MinimiserOutcome, failure: BilevelError | undefined): string | undefined {
  if (outcome.status === "stagnated")
    return `no step improves the objective further, and the gradient is not small (${outcome.gradientNorm.toExponential(1)})`;
  if (outcome.status === "unbounded") return "the upper objective is unbounded";
  if (outcome.status === "diverged" || outcome.status === "not_evaluable") return failure?.message ?? outcome.reason;
  return undefined;
}

/** The objective for minimisers, remembering what each evaluation said beyond its value. */
function observed(engine: Engine, aid: Aid, direction: 1 | -1) {
  const answers = new Map<number, Hypergradient>();
  let failure: BilevelError | undefined;
  const objective: Objective = {
    size: aid.w.length,
    evaluate: (point, gradient) => {
      engine.copy(point, aid.w);
      try {
        const answer = aid.hypergradient(gradient);
        engine.scale(direction, gradient);
        if (answers.size > rememberedAnswers) answers.clear();
        answers.set(direction * answer.value, answer);
        return { ok: true, value: direction * answer.value };
      } catch (error) {
        if (!(error instanceof BilevelError)) throw error;
        failure = error;
        return { ok: false, reason: error.message };
      }
    },
  };
  const none: Pick<Hypergradient, "residuals"> = { residuals: { inner: Number.NaN, adjoint: Number.NaN } };
  return {
    objective,
    at: (value: number): Pick<Hypergradient, "residuals"> => answers.get(value) ?? none,
    failure: (): BilevelError | undefined => failure,
  };
}

/** Trials of one line search are far fewer. */
const rememberedAnswers = 100;
