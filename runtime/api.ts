/**
 * From a compiled program to something that computes: data read, sizes bound, solvers planned, kernels on an engine. One
 * prepared problem answers any number of gradients and runs; several live side by side.
 */

import type { Model, OptionValue } from "../compiler/check/model.ts";
import { nearest } from "../compiler/check/nearest.ts";
import { showType } from "../compiler/check/types.ts";
import type { Compiled } from "../compiler/compile.ts";
import type { Derivation } from "../compiler/derive/implicit.ts";
import { noProblem } from "../compiler/errors.ts";
import type { Input } from "../compiler/ir/node.ts";
import type { Problem } from "../compiler/lower/problem.ts";
import { type Plan, planOf } from "../compiler/plan/plan.ts";
import { BilevelError, type Diagnostic } from "../grammar/diagnostics.ts";
import { type Binding, bind, evaluateNode, lengthOf, sizeNumber } from "./bind.ts";
import { loadData } from "./data/load.ts";
import type { LoadOptions } from "./data/sources.ts";
import { createWasmEngine } from "./engine/wasm/engine.ts";
import { notFinite, pointName, pointShape, zeroGradient } from "./errors.ts";
import { createAid } from "./method/aid.ts";
import { byName, checkGradient } from "./method/gradcheck.ts";
import { runOuter, type SolveOptions } from "./run.ts";
import type { GradcheckResult, GradientResult, NestedArray, Point, RunResult } from "./types.ts";
import { numbersFor, shapeOfNested, toNested } from "./values.ts";

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
  const engine = await createWasmEngine();
  const shaped = new Map(
    problem.params.flatMap(({ input }) => {
      const value = params.get(input.name);
      return value === undefined ? [] : [[input.name, fitted(model, input, value, data.sizes)] as const];
    }),
  );
  const binding = bind(problem, engine, data.tables, data.sizes, shaped);
  return createPrepared({ model, problem, derivation, plan, binding, solve, warnings: data.warnings });
}

interface Parts {
  readonly model: Model;
  readonly problem: Problem;
  readonly derivation: Derivation;
  readonly plan: Plan;
  readonly binding: Binding;
  readonly solve: ReadonlyMap<string, OptionValue>;
  readonly warnings: readonly Diagnostic[];
}

function createPrepared(parts: Parts): Prepared {
  const { model, problem, derivation, plan, binding, warnings } = parts;
  const { engine, sizes } = binding;
  const variables = problem.upper?.variables ?? [];
  const starts = new Map(variables.map((variable) => [variable, startOf(binding, problem, variable)]));
  const aid = createAid(binding, problem, derivation, plan);
  const gradientVector = engine.allocate(aid.w.length);

  /** Puts a point into w and forgets what earlier calls left to start from. */
  const moveTo = (at: Point): void => {
    checkNames(model, variables, at);
    const values = variables.flatMap((variable) => {
      const given = at[variable.name];
      return [
        ...(given === undefined ? (starts.get(variable) as Float64Array) : fitted(model, variable, given, sizes)),
      ];
    });
    engine.write(aid.w, values);
    for (const block of aid.blocks) {
      block.refreshStart();
      engine.copy(block.start, block.y);
      engine.fill(block.v, 0);
    }
  };
  /** Multipliers are not the author's. */
  const declared = (values: Record<string, NestedArray>): Record<string, NestedArray> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => problem.starts.has(name)));
  const lower = (): Record<string, NestedArray> =>
    Object.assign(
      {},
      ...aid.blocks.map((block) => declared(byName(binding, block.plan.facts.block.unknowns, engine.read(block.y)))),
    );
  const distinct = (list: readonly Diagnostic[]): readonly Diagnostic[] => [
    ...new Map(list.map((d) => [d.message, d])).values(),
  ];
  const evaluate = () => {
    const answer = aid.hypergradient(gradientVector);
    const gradient = engine.read(gradientVector);
    if (!Number.isFinite(answer.value)) throw new BilevelError([notFinite("the upper objective", problem.upper?.span)]);
    const bad = variables.find((variable) => !isFiniteIn(binding, variables, gradient, variable));
    if (bad !== undefined) throw new BilevelError([notFinite(`the gradient in ${bad.name}`, problem.upper?.span)]);
    return { answer, gradient };
  };
  const named = { method: plan.method, engine: engine.name };

  return {
    model,
    plan,
    sizes,
    warnings,
    gradient: (at = {}) => {
      moveTo(at);
      const { answer, gradient } = evaluate();
      const { value, residuals, complete } = answer;
      const zero = Object.keys(at).length === 0 ? zeroGradients(problem, gradient) : [];
      return {
        value,
        gradient: byName(binding, variables, gradient),
        lower: lower(),
        residuals,
        ...named,
        warnings: distinct([...warnings, ...answer.warnings, ...zero]),
        complete,
      };
    },

    gradcheck: (at = {}) => {
      moveTo(at);
      const { answer, gradient } = evaluate();
      const { rows, estimators } = checkGradient(binding, problem.graph, aid, variables, gradient, answer.value);
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
        passed: worst <= gradcheckTolerance,
        tolerance: gradcheckTolerance,
        warnings: distinct([...warnings, ...answer.warnings]),
      };
    },

    solve: async (options = {}) => {
      moveTo({});
      const direction = problem.upper?.direction === "maximize" ? -1 : 1;
      const limit = parts.solve.get("time_limit");
      const timeLimit = options.timeLimit ?? (limit?.kind === "number" ? limit.value : undefined);
      const run =
        variables.length === 0 ? undefined : await runOuter(engine, aid, plan, direction, { ...options, timeLimit });
      const began = performance.now();
      const { answer, gradient } = evaluate();
      const norm = Math.hypot(...gradient);
      const reports = reportsOf(binding, problem);
      const status = run?.status ?? (answer.complete ? "converged" : "max_steps");
      const stepsAsked = parts.solve.has("steps");
      const zero = run?.steps === 0 ? zeroGradients(problem, gradient) : [];
      return {
        status,
        value: answer.value,
        gradient_norm: norm,
        steps: run?.steps ?? 0,
        seconds: run?.seconds ?? (performance.now() - began) / 1000,
        ...named,
        upper: byName(binding, variables, engine.read(aid.w)),
        lower: lower(),
        reports,
        residuals: answer.residuals,
        trace: run?.trace ?? [],
        warnings: distinct([...warnings, ...answer.warnings, ...zero]),
        message: run?.message,
        complete:
          answer.complete &&
          (status === "converged" || (status === "max_steps" && stepsAsked && run?.message === undefined)),
      };
    },
  };
}

/** Relative to the gradient's largest entry: what finite differences of a solve to 1e-12 can be asked for. */
const gradcheckTolerance = 1e-6;

function startOf(binding: Binding, problem: Problem, variable: Input): Float64Array {
  const start = problem.starts.get(variable.name);
  if (start === undefined) throw new Error(`${variable.name} has no start`);
  return evaluateNode(binding, start);
}

function reportsOf(binding: Binding, problem: Problem): Record<string, NestedArray> {
  return Object.fromEntries(
    problem.reports.map(({ name, value }) => {
      const shape = value.shape.map((size) => sizeNumber(size, binding.sizes));
      return [name, toNested(evaluateNode(binding, value), shape)];
    }),
  );
}

function zeroGradients(problem: Problem, gradient: Float64Array): readonly Diagnostic[] {
  const { upper } = problem;
  if (upper === undefined || !gradient.every((entry) => entry === 0)) return [];
  return [
    zeroGradient(
      upper.variables.map((variable) => variable.name),
      upper.span,
    ),
  ];
}

function isFiniteIn(binding: Binding, variables: readonly Input[], gradient: Float64Array, variable: Input): boolean {
  const before = variables
    .slice(0, variables.indexOf(variable))
    .reduce((sum, v) => sum + lengthOf(v.shape, binding.sizes), 0);
  return gradient.subarray(before, before + lengthOf(variable.shape, binding.sizes)).every(Number.isFinite);
}

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
      throw new BilevelError([
        pointShape(name, "a size", `[${shapeOfNested(value)?.join(", ") ?? "ragged"}]`, undefined),
      ]);
    if (!dims.includes(name) && !params.includes(name)) throw unknownName(name, [...params, ...dims], "param or dim");
  }
  return new Map([...set].filter(([name]) => params.includes(name)));
}

function checkNames(model: Model, variables: readonly Input[], at: Point): void {
  const known = variables.map((variable) => variable.name);
  for (const name of Object.keys(at))
    if (!known.includes(name))
      throw unknownName(
        name,
        known,
        model.upper === undefined ? "upper variable (it has no upper level)" : "upper variable",
      );
}

function unknownName(name: string, known: readonly string[], what: string): BilevelError {
  return new BilevelError([pointName(name, what, known, nearest(name, known))]);
}

/** A given value in the declared shape; one number fills it. */
function fitted(model: Model, input: Input, value: NestedArray, sizes: ReadonlyMap<string, number>): Float64Array {
  const numbers = numbersFor(
    value,
    input.shape.map((size) => sizeNumber(size, sizes)),
  );
  if (numbers !== undefined) return numbers;
  const declaration = [...model.unknowns, ...model.params].find((declared) => declared.name === input.name);
  const bound = input.shape.map((size) => sizeNumber(size, sizes));
  const type = declaration === undefined ? "an array" : `${showType(declaration.type)} ([${bound.join(", ")}])`;
  const given = shapeOfNested(value);
  throw new BilevelError([
    pointShape(input.name, type, given === undefined ? "ragged" : `[${given.join(", ")}]`, declaration?.span),
  ]);
}
