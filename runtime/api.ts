/**
 * From a compiled program to something that computes: data read, sizes bound, solvers planned, kernels on an engine. One
 * prepared problem answers any number of gradients and runs; several live side by side.
 */

import type { Model, OptionValue } from "../compiler/check/model.ts";
import type { Compiled } from "../compiler/compile.ts";
import { noProblem } from "../compiler/errors.ts";
import { type Plan, planOf } from "../compiler/plan/plan.ts";
import { BilevelError, type Diagnostic } from "../grammar/diagnostics.ts";
import { createAnswers, distinct, fitted, unknownName } from "./answers.ts";
import { bind } from "./bind.ts";
import { loadData } from "./data/load.ts";
import type { LoadOptions } from "./data/sources.ts";
import { systemBlas } from "./engine/blas/find.ts";
import { createWasmEngine } from "./engine/wasm/engine.ts";
import type { WasmEngineOptions } from "./engine/wasm/host.ts";
import { defaultThreads, spawnWorker } from "./engine/wasm/worker-threads.ts";
import { pointShape } from "./errors.ts";
import { checkGradient } from "./method/gradcheck.ts";
import type { SolveOptions } from "./run.ts";
import { toleranceFor } from "./solve/workspace.ts";
import type { GradcheckResult, GradientResult, NestedArray, Point, RunResult } from "./types.ts";
import { shapeOfNested } from "./values.ts";

export interface PrepareOptions {
  /** Values that replace `param`s and constant `dim`s; the latter must have been given to the compiler too. */
  readonly set?: ReadonlyMap<string, NestedArray>;
  /** Files that replace the sources of tables. */
  readonly data?: ReadonlyMap<string, string>;
  /** Entries that override the solve block's. */
  readonly options?: ReadonlyMap<string, OptionValue>;
  /** Where bytes come from, in place of the disk. */
  readonly read?: LoadOptions["read"];
}

export interface Prepared {
  readonly model: Model;
  readonly plan: Plan;
  readonly sizes: ReadonlyMap<string, number>;
  /** What reading the data said. */
  readonly warnings: readonly Diagnostic[];
  /** Value, hypergradient and residuals at a point; names that are missing take their `init`. Throws BilevelError for refusals. */
  readonly gradient: (at?: Point) => GradientResult;
  readonly solve: (options?: SolveOptions) => Promise<RunResult>;
  readonly gradcheck: (at?: Point) => GradcheckResult;
}

/** Throws a BilevelError for what is wrong with the program, the data or the options. */
export async function prepare(compiled: Compiled, options: PrepareOptions = {}): Promise<Prepared> {
  const { model, problem, derivation } = compiled;
  const serious = compiled.diagnostics.filter((diagnostic) => diagnostic.severity !== "warning");
  if (serious.length > 0 || model === undefined || problem === undefined || derivation === undefined)
    throw new BilevelError(serious);
  if (model.problemSpan === undefined) throw new BilevelError([noProblem(compiled.file)]);
  const params = replacedParams(model, options.set ?? new Map());
  const solve = new Map([...model.solve, ...(options.options ?? [])]);
  const draws = solve.get("draws");
  const data = await loadData(model, {
    files: options.data,
    draws: draws?.kind === "number" ? draws.value : undefined,
    read: options.read,
  });
  const plan = planOf(problem.graph, derivation, solve, data.sizes);
  const engine = await createWasmEngine(engineOptions(solve));
  const declared = [...model.unknowns, ...model.params];
  const shaped = new Map(
    problem.params.flatMap(({ input }) => {
      const value = params.get(input.name);
      return value === undefined ? [] : [[input.name, fitted(declared, input, value, data.sizes)] as const];
    }),
  );
  const binding = bind(problem, engine, data.tables, data.sizes, shaped);
  const answers = createAnswers({ declared, problem, derivation, plan, binding, solve, warnings: data.warnings });
  const variables = problem.upper?.variables ?? [];
  return {
    model,
    plan,
    sizes: data.sizes,
    warnings: data.warnings,
    gradient: answers.hypergradient,
    solve: answers.solve,

    gradcheck: (at = {}) => {
      const { answer, gradient } = answers.evaluate(at);
      const { rows, estimators } = checkGradient(
        binding,
        problem.graph,
        answers.aid,
        variables,
        gradient,
        answer.value,
      );
      const tolerance = toleranceFor(engine, gradcheckTolerance);
      const worst = Math.max(
        0,
        ...rows.map((row) => row.error),
        ...estimators.map((estimator) => estimator.difference),
      );
      return {
        value: answer.value,
        rows,
        worst,
        estimators,
        residuals: answer.residuals,
        passed: worst <= tolerance,
        tolerance,
        warnings: distinct([...data.warnings, ...answer.warnings]),
      };
    },
  };
}

/** The engine that the options ask for. */
function engineOptions(solve: ReadonlyMap<string, OptionValue>): WasmEngineOptions {
  const [threads, precision] = [solve.get("threads"), solve.get("precision")];
  return {
    blas: systemBlas,
    spawn: spawnWorker,
    threads: threads?.kind === "number" ? threads.value : defaultThreads(),
    precision: precision?.kind === "word" && precision.value === "f32" ? "f32" : "f64",
  };
}

/** Relative to the gradient's largest entry: what finite differences of a solve to 1e-12 can be asked for. */
const gradcheckTolerance = 1e-6;

/** What replaces sizes, for the compiler: it knows which of the names are dims. */
export function replacedSizes(set: ReadonlyMap<string, NestedArray>): ReadonlyMap<string, number> {
  return new Map([...set].flatMap(([name, value]) => (typeof value === "number" ? [[name, value] as const] : [])));
}

/** The params among the replaced names; sizes were replaced when the program was compiled. */
export function replacedParams(model: Model, set: ReadonlyMap<string, NestedArray>): ReadonlyMap<string, NestedArray> {
  const dims = model.dims.filter((dim) => dim.kind === "defined").map((dim) => dim.name);
  const params = model.params.map((param) => param.name);
  for (const [name, value] of set) {
    if (dims.includes(name) && typeof value !== "number")
      throw new BilevelError([pointShape(name, "a size", shapeOfNested(value), undefined)]);
    if (!dims.includes(name) && !params.includes(name)) throw unknownName(name, [...params, ...dims], "param or dim");
  }
  return new Map([...set].filter(([name]) => params.includes(name)));
}
