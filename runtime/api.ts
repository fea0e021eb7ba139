/**
 * From a compiled program to something that computes: data read, sizes bound, solvers planned, kernels on an engine. One
 * prepared problem answers any number of gradients and runs; several live side by side.
 */

import type { Model, OptionValue } from "../compiler/check/model.ts";
import type { Compiled } from "../compiler/compile.ts";
import { noProblem } from "../compiler/errors.ts";
import { largestArray } from "../compiler/plan/memory.ts";
import { differentiatedBy } from "../compiler/plan/method.ts";
import { type Plan, planOf } from "../compiler/plan/plan.ts";
import { BilevelError, type Diagnostic } from "../grammar/diagnostics.ts";
import { createAnswers, distinct, fitted, unknownName } from "./answers.ts";
import { bind } from "./bind.ts";
import { loadData } from "./data/load.ts";
import { checkReadable, type LoadOptions, readableFolders } from "./data/sources.ts";
import type { Batches } from "./data/stream.ts";
import { counting, type Work } from "./engine/counting.ts";
import { openEngine } from "./engine/open.ts";
import { pointShape } from "./errors.ts";
import { gradientsAtSteps } from "./estimators.ts";
import { functionInputs } from "./inputs.ts";
import { withCopiesHeld } from "./method/frozen.ts";
import { checkGradient } from "./method/gradcheck.ts";
import { createGradients } from "./points.ts";
import { type Predictor, predictor, type Solved } from "./predict.ts";
import { toleranceFor } from "./solve/workspace.ts";
import { type StartsOptions, solveFromStarts } from "./starts.ts";
import { type Run, runWithSteps } from "./steps.ts";
import type {
  AnyNames,
  GradcheckResult,
  GradientResult,
  Names,
  NestedArray,
  PointOf,
  RunResult,
  Value,
} from "./types.ts";
import { isWeights, shapeOfNested } from "./values.ts";

export interface PrepareOptions {
  /** Values that replace `param`s and constant `dim`s; the latter must have been given to the compiler too. */
  readonly set?: ReadonlyMap<string, Value>;
  /** Files that replace the sources of tables. */
  readonly data?: ReadonlyMap<string, string>;
  /** Folders that the program's own paths may lead to, beside its own folder. */
  readonly allowRead?: readonly string[];
  /** Entries that override the solve block's. */
  readonly options?: ReadonlyMap<string, OptionValue>;
  /** What feeds the tables declared as `stream()`: the first batch now, another one for each upper step. */
  readonly streams?: ReadonlyMap<string, Batches>;
  /** Where bytes come from, in place of the disk. */
  readonly read?: LoadOptions["read"];
}

/** `N` is what the program calls its unknowns and reports: `bilevel types` writes it down. */
export interface Prepared<N extends Names = AnyNames> {
  readonly model: Model;
  readonly plan: Plan;
  /** Its name. */
  readonly engine: string;
  readonly sizes: ReadonlyMap<string, number>;
  /** What its kernels have read so far, whatever was asked of it. */
  readonly work: Readonly<Work>;
  /** What reading the data said. */
  readonly warnings: readonly Diagnostic[];
  /** Value, hypergradient and residuals at a point; names that are missing take their `init`. Throws BilevelError for refusals. */
  readonly gradient: (at?: PointOf<N>) => GradientResult<N>;
  /** The same at each of many points, with one pass over the data for all of them where the algebra allows. */
  readonly gradients: (points: readonly PointOf<N>[]) => readonly GradientResult<N>[];
  /** From the declared start, or from several of which the best end is given. */
  readonly solve: (options?: StartsOptions) => Run<RunResult<N>>;
  readonly gradcheck: (at?: PointOf<N>) => GradcheckResult;
  /** A network or function that a result holds, by its name where there are several, at points: the entries of all its arguments each. */
  readonly predict: (
    result: Pick<RunResult<N>, keyof Solved>,
    points: Parameters<Predictor>[0],
    name?: string,
  ) => Promise<NestedArray>;
}

/** Throws a BilevelError for what is wrong with the program, the data or the options. */
export async function prepare(compiled: Compiled, options: PrepareOptions = {}): Promise<Prepared> {
  const solve = new Map([...(compiled.model?.solve ?? []), ...(options.options ?? [])]);
  const { model, problem, derivation } = differentiatedBy(compiled, options.options);
  const serious = compiled.diagnostics.filter((diagnostic) => diagnostic.severity !== "warning");
  if (serious.length > 0 || model === undefined || problem === undefined || derivation === undefined)
    throw new BilevelError(serious);
  if (model.problemSpan === undefined) throw new BilevelError([noProblem(compiled.file)]);
  checkReadable(model.data, options.data, readableFolders(compiled.file, options.allowRead));
  const params = replacedParams(model, options.set ?? new Map());
  const draws = solve.get("draws");
  const data = await loadData(model, {
    files: options.data,
    draws: draws?.kind === "number" ? draws.value : undefined,
    read: options.read,
    streams: options.streams,
  });
  const plan = planOf(problem.graph, derivation, solve, data.sizes);
  const inputs = await functionInputs(model, data.tables, { files: options.data, read: options.read });
  const { engine, work } = counting(await openEngine(solve));
  const declared = [...model.unknowns, ...model.params];
  const shaped = new Map(
    problem.params.flatMap(({ input }) => {
      const value = params.get(input.name);
      return value === undefined ? [] : [[input.name, fitted(declared, input, value, data.sizes)] as const];
    }),
  );
  const { feeds } = data;
  const isFed = (table: string): boolean => feeds.has(table);
  const binding = bind(problem, engine, data.tables, data.sizes, shaped, largestArray(solve), isFed);
  const parts = { declared, problem, derivation, plan, binding, solve, warnings: data.warnings, inputs, feeds };
  const answers = createAnswers(parts);
  const variables = problem.upper?.variables ?? [];
  return {
    model,
    plan,
    engine: engine.name,
    work,
    sizes: data.sizes,
    warnings: data.warnings,
    gradient: answers.hypergradient,
    gradients: createGradients(parts, answers),
    solve: (given = {}) => {
      const [seed, limit] = [solve.get("seed"), solve.get("time_limit")];
      const numberIn = (value: OptionValue | undefined): number | undefined =>
        value?.kind === "number" ? value.value : undefined;
      const timeLimit = given.timeLimit ?? numberIn(limit);
      const sign = problem.upper?.direction === "maximize" ? -1 : 1;
      const run = (options: StartsOptions): Promise<RunResult> =>
        solveFromStarts(
          answers.solve,
          engine,
          options,
          () => answers.place({}),
          numberIn(seed) ?? 0,
          (value, than) => sign * value < sign * than,
        );
      return runWithSteps(run, { ...given, ...(timeLimit !== undefined && { timeLimit }) });
    },

    gradcheck: (at = {}) => {
      const { answer, gradient } = answers.evaluate(at);
      const { rows, estimators, warnings } = checkGradient(
        binding,
        problem.graph,
        answers.aid,
        variables,
        gradient,
        answer.value,
        gradientsAtSteps(parts, at),
        withCopiesHeld(parts, answers.aid),
      );
      const tolerance = toleranceFor(engine, gradcheckTolerance);
      const worst = Math.max(
        0,
        ...rows.map((row) => row.error),
        ...estimators.filter(({ exact }) => exact).map(({ difference }) => difference),
      );
      return {
        value: answer.value,
        rows,
        worst,
        estimators,
        residuals: answer.residuals,
        passed: worst <= tolerance && (rows.length > 0 || variables.length === 0),
        tolerance,
        warnings: distinct([...data.warnings, ...answer.warnings, ...warnings]),
      };
    },

    predict: async (result, points, name) => (await predictor(result, name))(points),
  };
}

/** Relative to the gradient's largest entry: what finite differences of a solve to 1e-12 can be asked for. */
const gradcheckTolerance = 1e-6;

/** What replaces sizes, for the compiler: it knows which of the names are dims. */
export function replacedSizes(set: ReadonlyMap<string, Value>): ReadonlyMap<string, number> {
  return new Map([...set].flatMap(([name, value]) => (typeof value === "number" ? [[name, value] as const] : [])));
}

/** The params among the replaced names; sizes were replaced when the program was compiled. */
export function replacedParams(model: Model, set: ReadonlyMap<string, Value>): ReadonlyMap<string, NestedArray> {
  const dims = model.dims.filter((dim) => dim.kind === "defined").map((dim) => dim.name);
  const params = model.params.map((param) => param.name);
  for (const [name, value] of set) {
    if (dims.includes(name) && typeof value !== "number")
      throw new BilevelError([
        pointShape(name, "a size", isWeights(value) ? undefined : shapeOfNested(value), undefined),
      ]);
    if (!dims.includes(name) && !params.includes(name)) throw unknownName(name, [...params, ...dims], "param or dim");
  }
  return new Map(
    [...set].flatMap(([name, value]) => {
      if (!params.includes(name)) return [];
      if (isWeights(value)) throw new BilevelError([pointShape(name, "an array", undefined, undefined)]);
      return [[name, value] as const];
    }),
  );
}
