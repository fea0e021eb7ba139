/**
 * The upper level's loop: step, observe, stop. The minimisers are step machines over an objective that answers with the
 * hypergradient; this file drives one, keeps the last good and the best point, and says how it ended.
 */
import type { Plan } from "../compiler/plan/plan.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { Engine, Vector } from "./engine/engine.ts";
import { infeasibleUpper } from "./errors.ts";
import type { Ledger } from "./ledger.ts";
import type { Aid, Hypergradient, UpperBounds } from "./method/aid.ts";
import { hoag } from "./method/hoag.ts";
import { numberOf } from "./method/inner.ts";
import type { PointAnswer, Together } from "./method/points.ts";
import { isSearch, search, type Trials } from "./method/search.ts";
import { hoagDefaults, outerStopping } from "./solve/defaults.ts";
import { adam } from "./solve/minimise/adam.ts";
import { type AugmentedOptions, augmentedLagrangian, type ConstrainedObjective } from "./solve/minimise/augmented.ts";
import { gradientDescent } from "./solve/minimise/gradient-descent.ts";
import { lbfgs } from "./solve/minimise/lbfgs.ts";
import { projectedGradient } from "./solve/minimise/projected.ts";
import { scheduleOf } from "./solve/schedule.ts";
import type { Stopping } from "./solve/stopping.ts";
import type { Evaluation, Minimisation, MinimiserOutcome, Objective } from "./solve/types.ts";
import { toleranceFor } from "./solve/workspace.ts";
import type { Status, TraceEntry } from "./types.ts";
import { createWatch } from "./watch.ts";

export interface SolveOptions {
  readonly signal?: AbortSignal;
  /** The run goes on when what it returns is settled. */
  readonly onStep?: (entry: TraceEntry) => unknown;
  /** Seconds. */
  readonly timeLimit?: number;
  /** An objective at least as good ends the run. */
  readonly target?: number;
  /** Upper variables, flat, in place of their `init`s; moved to their sets. */
  readonly from?: Float64Array;
  /** Keeps what the run goes on from, should it be stopped. */
  readonly ledger?: Ledger;
  /** Called between steps, where the ledger may be written down. */
  readonly onPause?: (pause: Pause) => void;
}

export interface Pause {
  readonly step: number;
  /** The run ends here. */
  readonly isLast: boolean;
}

export interface OuterOptions extends SolveOptions {
  /** Puts the next step's rows of streams in place, or names the one that has no more. */
  readonly nextRows?: () => Promise<string | undefined>;
  /** What a search tries points with; `batch` solves several together. */
  readonly trials?: Omit<Trials, "evaluate"> & { readonly batch: Together };
}

export interface OuterRun {
  readonly status: Status;
  readonly steps: number;
  readonly seconds: number;
  readonly trace: readonly TraceEntry[];
  readonly message?: string;
  /** The answer, where the method has it already. */
  readonly evaluated?: {
    readonly answer: Hypergradient;
    readonly gradient: Float64Array;
    readonly contraction?: number;
  };
}

/** Leaves the answer in aid.w. Throws refusals that concern the start; later ones make a line search back off. */
export async function runOuter(
  engine: Engine,
  aid: Aid,
  plan: Plan,
  direction: 1 | -1,
  options: OuterOptions,
): Promise<OuterRun> {
  const watch = createWatch(options, direction, () => (aid.bounds?.violation() ?? 0) <= feasibility);
  const { ledger } = watch;
  const x = engine.allocate(aid.w.length);
  engine.copy(aid.w, x);
  const evaluations = observed(engine, aid, direction);
  const { trials } = options;
  const machine =
    trials !== undefined && isSearch(plan.outer)
      ? search(engine, plan.outer, { ...trials, evaluate: evaluations.tried(trials.batch) }, x, ledger.part("search"))
      : machineOf(engine, aid, plan, evaluations, x, options.nextRows !== undefined, ledger.part("minimiser"));
  aid.keep(ledger.part("lower level"));
  const best = ledger.vector("best", engine.allocate(x.length));
  let [bestValue, passed] = [Number.POSITIVE_INFINITY, -1];
  ledger.keep(
    "outer",
    () => ({ bestValue, passed }),
    (written) => {
      ({ bestValue, passed } = written);
    },
  );

  const finish = (status: Status, from: Vector, message?: string): OuterRun => {
    engine.copy(from, aid.w);
    for (const vector of [x, best]) engine.release(vector);
    const { trace } = watch;
    return { status, steps: trace.at(-1)?.step ?? 0, seconds: watch.seconds(), trace, message };
  };

  for (;;) {
    const next = machine.next();
    if (next.done === true) {
      const outcome = next.value;
      if (outcome.status === "infeasible" && aid.bounds !== undefined) {
        engine.copy(x, aid.w);
        throw new BilevelError([infeasibleUpper(aid.bounds.violation(), aid.bounds.span)]);
      }
      if (outcome.status === "not_evaluable" && evaluations.failure() !== undefined) throw evaluations.failure();
      const status = statusOf(outcome);
      return finish(
        status,
        status === "diverged" && bestValue < Number.POSITIVE_INFINITY ? best : x,
        messageOf(outcome, evaluations.failure()),
      );
    }
    const iterate = next.value;
    // A run that is taken up comes to where it was.
    if (iterate.step <= passed) continue;
    passed = iterate.step;
    const { residuals = evaluations.at(iterate.value).residuals } = iterate;
    const entry = {
      step: iterate.step,
      value: direction * iterate.value,
      gradient_norm: iterate.gradientNorm,
      inner_residual: residuals.inner,
      adjoint_residual: residuals.adjoint,
      ...(trials && { best: direction * Math.min(bestValue, iterate.value) }),
    };
    // Under constraints a lower value may only be less feasible, so that the last point counts.
    if (iterate.value < bestValue || aid.bounds !== undefined) {
      bestValue = iterate.value;
      engine.copy(iterate.x, best);
    }
    watch.note(entry);
    const stopped: Status | undefined = await watch.pause(iterate.step, iterate.step >= plan.steps);
    const ended = stopped === undefined && iterate.step < plan.steps ? await options.nextRows?.() : undefined;
    if (stopped === undefined && ended === undefined) continue;
    machine.return({} as MinimiserOutcome);
    return stopped === undefined
      ? finish("max_steps", x, `the stream ${ended} has no more rows`)
      : finish(stopped, best);
  }
}

/** By how much constraints may be missed where the target counts as reached. */
const feasibility = 1e-8;

/** The plan's outer solver, at its start. */
function machineOf(
  engine: Engine,
  aid: Aid,
  plan: Plan,
  evaluations: Observed,
  x: Vector,
  isStreamed: boolean,
  ledger: Ledger,
): Minimisation {
  const { solver, arguments: given } = plan.outer;
  const { project, bounds } = aid;
  const rate = numberOf(given, "rate");
  const stopping: Stopping = {
    ...outerStopping,
    tolerance: numberOf(given, "tol") ?? toleranceFor(engine, outerStopping.tolerance),
    maxIterations: plan.steps,
    ledger,
    estimated:
      isStreamed ||
      given.has("batch") ||
      plan.blocks.some(({ inner }) => inner.solver === "adam" || inner.solver === "sgd"),
  };
  if (solver === "hoag") {
    const [first, decrease] = [numberOf(given, "first"), numberOf(given, "decrease")];
    const tolerances = { first: first ?? hoagDefaults.first, decrease: decrease ?? hoagDefaults.decrease };
    const power = numberOf(given, "power");
    return hoag(engine, evaluations.within, x, { ...stopping, ...tolerances, power, rate, project });
  }
  const minimise: AugmentedOptions["minimise"] = (objective, x, stop) => {
    switch (solver) {
      case "gd":
        return gradientDescent(engine, objective, x, { ...stop, rate });
      case "adam":
        return adam(engine, objective, x, { ...stop, rate, schedule: scheduleOf(given) });
      case "projected_gd":
        return projectedGradient(engine, objective, x, { ...stop, rate, project: project ?? (() => {}) });
      case "lbfgs":
        return lbfgs(engine, objective, x, { ...stop, memory: numberOf(given, "memory") });
      case "grid":
      case "random":
      case "bayes":
        throw new Error("a search needs points to try");
    }
  };
  return bounds === undefined
    ? minimise(evaluations.objective, x, stopping)
    : augmentedLagrangian(engine, evaluations.constrained(bounds), x, { minimise, stopping });
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
    case "infeasible":
    case "not_evaluable":
      return "diverged";
  }
}

function messageOf(outcome: MinimiserOutcome, failure: BilevelError | undefined): string | undefined {
  if (outcome.status === "stagnated" && outcome.reason !== undefined) return outcome.reason;
  if (outcome.status === "stagnated")
    return `no step improves the objective further, and the gradient is not small (${outcome.gradientNorm.toExponential(1)})`;
  if (outcome.status === "unbounded") return "the upper objective is unbounded";
  if (outcome.status === "diverged" || outcome.status === "not_evaluable") return failure?.message ?? outcome.reason;
  return undefined;
}

type Observed = ReturnType<typeof observed>;

/** The objective for minimisers, remembering what each evaluation said beyond its value. */
function observed(engine: Engine, aid: Aid, direction: 1 | -1) {
  const answers = new Map<number, Hypergradient>();
  let failure: BilevelError | undefined;
  const evaluate = (point: Vector, gradient: Vector, weigh?: () => void, within?: number): Evaluation => {
    engine.copy(point, aid.w);
    try {
      const answer = aid.estimate(gradient, weigh, within);
      engine.scale(direction, gradient);
      if (answers.size > rememberedAnswers) answers.clear();
      answers.set(direction * answer.value, answer);
      return { ok: true, value: direction * answer.value };
    } catch (error) {
      if (!(error instanceof BilevelError)) throw error;
      failure = error;
      return { ok: false, reason: error.message };
    }
  };
  const size = aid.w.length;
  const objective: Objective = { size, evaluate: (point, gradient) => evaluate(point, gradient) };
  const constrained = ({ relations, values, multipliers }: UpperBounds): ConstrainedObjective => ({
    size,
    relations,
    evaluate: (point, gradient, weigh) => evaluate(point, gradient, () => engine.write(multipliers, weigh(values()))),
  });
  const none: Pick<Hypergradient, "residuals"> = { residuals: { inner: Number.NaN, adjoint: Number.NaN } };
  const [point, slope] = [engine.allocate(size), engine.allocate(size)];
  const alone = (at: Float64Array): PointAnswer | undefined => {
    engine.write(point, at);
    aid.restart();
    const answer = evaluate(point, slope);
    if (!answer.ok || !Number.isFinite(answer.value)) return undefined;
    const { residuals } = answers.get(answer.value) ?? none;
    return { value: answer.value, gradient: engine.read(slope), lower: new Map(), residuals };
  };
  return {
    objective,
    constrained,
    within: (x: Vector, gradient: Vector, tolerance: number) => evaluate(x, gradient, undefined, tolerance),
    /** The points of a search: as a batch, and those that it leaves open one by one. */
    tried: (batch: Together) => (points: readonly Float64Array[]) => {
      const together = points.length === 1 ? [] : batch(points);
      return points.map((at, k): PointAnswer | undefined => {
        const answer = together[k];
        return answer === undefined ? alone(at) : { ...answer, value: direction * answer.value };
      });
    },
    at: (value: number): Pick<Hypergradient, "residuals"> => answers.get(value) ?? none,
    failure: (): BilevelError | undefined => failure,
  };
}

/** Trials of one line search are far fewer. */
const rememberedAnswers = 100;
