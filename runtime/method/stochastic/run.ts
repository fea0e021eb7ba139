/**
 * Runs a stochastic method: its steps, a look at the whole problem now and then, and the end. Looks solve nothing: value, hypergradient
 * and residuals over all rows at the method's own (w, y, v). They are spaced so that they take a small share of all rows evaluated.
 */
import { deriveDirections } from "../../../compiler/derive/stochastic.ts";
import type { Input } from "../../../compiler/ir/node.ts";
import type { Problem } from "../../../compiler/lower/problem.ts";
import type { StochasticMethod, StochasticPlan } from "../../../compiler/plan/stochastic.ts";
import { BilevelError, type Diagnostic } from "../../../grammar/diagnostics.ts";
import { type Binding, lengthOf } from "../../bind.ts";
import type { Engine, Vector } from "../../engine/engine.ts";
import type { Ledger } from "../../ledger.ts";
import { createRandom } from "../../random.ts";
import type { OuterRun, SolveOptions } from "../../run.ts";
import { largestMagnitude } from "../../solve/arrays.ts";
import type { Status } from "../../types.ts";
import { createWatch } from "../../watch.ts";
import type { Aid, Hypergradient } from "../aid.ts";
import { type BlockRuntime, refusalOf } from "../block.ts";
import { isSingular } from "../pivots.ts";
import { amigo } from "./amigo.ts";
import { bome } from "./bome.ts";
import { bsa } from "./bsa.ts";
import { f2sa } from "./f2sa.ts";
import type { Rates, Setting, StochasticRule } from "./method.ts";
import { createOracle, createPoint, type RowCount, rowsRead, type StochasticPoint } from "./oracle.ts";
import { saba } from "./saba.ts";
import { soba } from "./soba.ts";
import { srba } from "./srba.ts";
import { baseRates, farthestMove, unitOf } from "./start.ts";
import { stocbio } from "./stocbio.ts";
import { ttsa } from "./ttsa.ts";

const rules: Readonly<Record<StochasticMethod, StochasticRule>> = {
  soba,
  saba,
  srba,
  amigo,
  stocbio,
  bsa,
  ttsa,
  f2sa,
  bome,
};

/** Of all rows evaluated, looks take at the most one in so many; each reads the tables some times over. */
const lookShare = 5;
const passesOfALook = 8;
/** Steps between looks grow at least by this factor. */
const lookSpacing = 1.3;
/** Steps between tests that the point is finite, and how far beyond its start it may grow. */
const testedEvery = 64;
const farthest = 1e12;

/** Leaves the last point in `aid`. Throws refusals. */
export async function runStochastic(
  whole: Binding,
  problem: Problem,
  aid: Aid,
  plan: StochasticPlan & { readonly steps: number },
  direction: 1 | -1,
  options: SolveOptions,
): Promise<OuterRun> {
  const watch = createWatch(options, direction);
  const { ledger, trace } = watch;
  const { engine, keep: keepVectors, release } = leased(whole.engine);
  try {
    const { point, directions, places, count, rates, stepper, ...method } = createMethod(
      { ...whole, engine },
      problem,
      aid,
      plan,
      direction,
    );
    const [gradient, adjoint] = [engine.allocate(point.w.length), engine.allocate(point.v.length)];
    const look = (step: number): Hypergradient => {
      stepper.adjoint?.(adjoint);
      places.write(stepper.adjoint === undefined ? point.v : adjoint);
      const found = aid.assess(gradient);
      watch.note({
        step,
        value: found.value,
        gradient_norm: engine.norm(gradient),
        inner_residual: found.residuals.inner,
        adjoint_residual: found.residuals.adjoint,
        samples: count.rows,
      });
      return found;
    };
    const size = (): number => Math.max(...[point.w, point.y, point.v].map((part) => engine.norm(part)));
    const limit = farthest * (1 + size());
    const isGone = (): boolean => !(size() < limit);
    const lookRows = passesOfALook * rowsRead(whole, [], [directions.value, directions.minimand]);
    const end = (status: Status, step: number, answer: Hypergradient, message?: string): OuterRun => ({
      status,
      steps: step,
      seconds: watch.seconds(),
      trace,
      message,
      evaluated: { answer, gradient: engine.read(gradient) },
    });

    if (!ledger.resumes) stepper.begin?.();
    let last = ledger.resumes ? aid.assess(gradient) : look(0);
    let [lookAt, looks, t] = [1, 1, 1];
    ledger.keep(
      "stochastic",
      () => ({ last, lookAt, looks, t }),
      (written) => {
        ({ last, lookAt, looks, t } = written);
        t += 1;
      },
    );
    keepVectors(ledger);
    method.keep(ledger.part("method"));
    aid.keep(ledger.part("lower level"));
    for (; t <= plan.steps; t += 1) {
      stepper.step(t);
      const isLast = t === plan.steps;
      const isLook = t >= lookAt && looks * lookRows * lookShare <= count.rows;
      if ((isLast || isLook || t % testedEvery === 0) && isGone()) {
        return end("diverged", trace.at(-1)?.step ?? 0, last, advice(rates()));
      }
      if (isLast || isLook) {
        const found = look(t);
        if (!Number.isFinite(found.value)) return end("diverged", t, found, advice(rates()));
        last = found;
        lookAt = Math.ceil(t * lookSpacing);
        looks += 1;
      }
      const stopped = await watch.pause(t, isLast);
      if (isLast) break;
      if (stopped !== undefined) return end(stopped, t, look(t));
    }
    return end("max_steps", plan.steps, { ...last, warnings: findings(whole, aid) });
  } finally {
    release();
  }
}

/** The method at aid's present point, with all that it steps with. */
function createMethod(whole: Binding, problem: Problem, aid: Aid, plan: StochasticPlan, direction: 1 | -1) {
  const { engine, sizes } = whole;
  const directions = deriveDirections(problem, sizes, plan.batch);
  const { binding, point } = createPoint(whole, directions);
  const random = createRandom(plan.seed);
  const count: RowCount = { rows: 0 };
  const places = createPlaces(binding, aid, point, directions.unknowns);
  places.read();
  const oracle = createOracle(binding, point, directions, random, count);
  const withBatch: Setting["withBatch"] = (rows) =>
    rows === plan.batch ? oracle : createOracle(binding, point, deriveDirections(problem, sizes, rows), random, count);
  const remembered: object[] = [];
  const remember: Setting["remember"] = (own) => {
    remembered.push(own);
    return own;
  };
  const { exponents, automatic = exponents, caution = () => ({ inner: 1, outer: 1 }), create } = rules[plan.method];
  const asked = { inner: plan.arguments.get("inner_rate"), outer: plan.arguments.get("outer_rate") };
  const batches = [...directions.samples.upper, ...directions.samples.lower].map(({ scale }) => Math.ceil(scale));
  const factors = caution(Math.max(1, ...batches));
  const base = baseRates({ engine, oracle, withBatch, remember }, plan.batch, asked, factors);
  const falls: Rates = {
    inner: (asked.inner === undefined ? automatic : exponents).inner,
    outer: (asked.outer === undefined ? automatic : exponents).outer,
  };
  /** The rate at which no entry moves farther than automatic steps may, which is as fast as y and v can follow. */
  const farthestRate = (d: Vector): number =>
    (factors.outer * farthestMove * unitOf(engine.read(point.w))) / largestMagnitude(engine.read(d));
  let rates = base(0);
  let fallen = 1;
  const stepper = create({
    engine,
    oracle,
    withBatch,
    base: () => rates,
    ratesAt: (t): Rates => {
      rates = base(t);
      fallen = 1 / t ** falls.inner;
      return { inner: rates.inner * fallen, outer: rates.outer / t ** falls.outer };
    },
    direction,
    moveUpper: (rate, d) => {
      const allowed = asked.outer === undefined ? Math.min(rate, fallen * farthestRate(d)) : rate;
      engine.axpy(-direction * allowed, d, point.w);
      aid.project?.(point.w);
    },
    random,
    remember,
    argument: (name) => plan.arguments.get(name) as number,
  });
  const keep = (ledger: Ledger): void => {
    ledger.keep("random", random.state, random.restore);
    ledger.keep(
      "remembered",
      () => [count, ...remembered],
      (written) => written.forEach((own, k) => Object.assign([count, ...remembered][k] as object, own)),
    );
  };
  return { point, directions, places, count, rates: () => rates, stepper, keep };
}

const advice = ({ inner, outer }: Rates): string =>
  `the steps grow without bound; this is the last point before: try smaller step sizes than inner_rate: ${inner.toPrecision(2)}, outer_rate: ${outer.toPrecision(2)}, or a larger batch`;

/** What would refuse a solved lower level, a curvature that does not determine it, warns of one that was stepped on. */
function findings(binding: Binding, aid: Aid): readonly Diagnostic[] {
  const warned = (diagnostic: Diagnostic): Diagnostic => ({ ...diagnostic, severity: "warning" });
  const singular = aid.blocks.flatMap((block) => {
    if (block.plan.adjoint.solver !== "cholesky") return [];
    const made = block.factorise("cholesky")(0);
    if (!made.ok || isSingular(made, binding, block)) return [warned(refusalOf(binding, block))];
    made.factor.release();
    return [];
  });
  try {
    return [...singular, ...aid.verify()];
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    return [...singular, ...error.diagnostics.map(warned)];
  }
}

/** Moves (w, y, v) between a method's flat vectors and the blocks; the adjoint that is handed out may be another vector than v. */
function createPlaces(binding: Binding, aid: Aid, { w, y }: StochasticPoint, unknowns: readonly Input[]) {
  const { engine, sizes } = binding;
  const offsets = new Map<string, number>();
  let length = 0;
  for (const { name, shape } of unknowns) {
    offsets.set(name, length);
    length += lengthOf(shape, sizes);
  }
  const parts = (whole: Vector): readonly (readonly [BlockRuntime, Vector])[] =>
    aid.blocks.map((block) => {
      const at = offsets.get(block.plan.facts.block.unknowns[0]?.name ?? "") as number;
      return [block, engine.view(whole, at, block.size)];
    });
  return {
    read: (): void => {
      engine.copy(aid.w, w);
      for (const [block, part] of parts(y)) engine.copy(block.y, part);
    },
    write: (v: Vector): void => {
      engine.copy(w, aid.w);
      for (const [block, part] of parts(y)) engine.copy(part, block.y);
      for (const [block, part] of parts(v)) engine.copy(part, block.v);
    },
  };
}

/** The engine, with all that is taken from it given back at once. */
function leased(engine: Engine) {
  const taken: (() => void)[] = [];
  const vectors: Vector[] = [];
  return {
    engine: {
      ...engine,
      allocate: (length) => {
        const vector = engine.allocate(length);
        vectors.push(vector);
        taken.push(() => engine.release(vector));
        return vector;
      },
      compile: (program, bound, sizes) => {
        const kernel = engine.compile(program, bound, sizes);
        taken.push(() => kernel.release());
        return kernel;
      },
    } satisfies Engine,
    /** All vectors, which a run that is taken up takes in the same order. */
    keep: (ledger: Ledger): void => {
      for (const [k, vector] of vectors.entries()) ledger.vector(`vector ${k}`, vector);
    },
    release: (): void => {
      for (const giveBack of taken.splice(0)) giveBack();
    },
  };
}
