/**
 * What a bound problem answers: its value, its derivatives, the run. Whoever has the problem's parts at hand may ask: the API
 * compiles them from a source, a compiled module brings them along.
 */
import type { OptionValue, UnknownDeclaration } from "../compiler/check/model.ts";
import { nearest } from "../compiler/check/nearest.ts";
import { showType } from "../compiler/check/types.ts";
import type { Derivation } from "../compiler/derive/implicit.ts";
import { declaredName, type Input, tensorName } from "../compiler/ir/node.ts";
import type { Problem } from "../compiler/lower/problem.ts";
import type { Choice, Plan } from "../compiler/plan/plan.ts";
import type { Search } from "../compiler/plan/solvers.ts";
import { BilevelError, type Diagnostic, type Span } from "../grammar/diagnostics.ts";
import { type Binding, evaluateNode, feed, flatKernel, lengthOf, sizeNumber } from "./bind.ts";
import type { NextBatch } from "./data/stream.ts";
import type { Engine, Vector } from "./engine/engine.ts";
import { notFinite, pointName, pointShape, zeroGradient } from "./errors.ts";
import { solvedFunctions, withPoints } from "./functions.ts";
import { type Aid, createAid, type Hypergradient, type UpperBounds } from "./method/aid.ts";
import type { BlockRuntime } from "./method/block.ts";
import { contractionOf } from "./method/contraction.ts";
import { crossingWarnings } from "./method/crossings.ts";
import { byName } from "./method/gradcheck.ts";
import { runKkt } from "./method/kkt.ts";
import { batchLimit, createTogether } from "./method/points.ts";
import { edgeWarnings, isSearch, searchBox } from "./method/search.ts";
import { runStochastic } from "./method/stochastic/run.ts";
import { runOuter, type SolveOptions } from "./run.ts";
import { norm } from "./solve/arrays.ts";
import type {
  ConstraintValues,
  FunctionInput,
  GradientResult,
  NestedArray,
  Partials,
  Point,
  Present,
  RunResult,
  Value,
} from "./types.ts";
import { isWeights, numbersFor, shapeOfNested, toNested } from "./values.ts";

/** What was declared under a name, for messages. */
export type Declared = Pick<UnknownDeclaration, "name" | "type"> & { readonly span?: Span };

export interface Parts {
  /** The unknowns and the params. */
  readonly declared: readonly Declared[];
  readonly problem: Problem;
  readonly derivation: Derivation;
  readonly plan: Plan;
  readonly binding: Binding;
  /** The entries of the solve block that hold for a whole run. */
  readonly solve: ReadonlyMap<string, OptionValue>;
  readonly warnings: readonly Diagnostic[];
  /** Where the arguments of functions came from, where that is known. */
  readonly inputs?: ReadonlyMap<string, readonly FunctionInput[]>;
  /** Where further rows of streams come from. */
  readonly feeds?: ReadonlyMap<string, NextBatch>;
}

export interface Answers {
  readonly aid: Aid;
  /** f at a point, the lower level solved. Names that are missing take their `init`. Throws BilevelError for refusals, as all do. */
  readonly value: (at?: Point) => number;
  /** ∂f/∂w and ∂f/∂y at the lower level's solution, each with the other held constant. */
  readonly partials: (at?: Point) => Partials;
  readonly hypergradient: (at?: Point) => GradientResult;
  /** Puts a point where the next evaluation is, and gives it flat. */
  readonly place: (at: Point) => Float64Array;
  /** The same, flat and as the method says it; what it solved stays in `aid`. */
  readonly evaluate: (at: Point) => Evaluated;
  readonly solve: (options?: SolveOptions) => Promise<RunResult>;
}

export interface Evaluated {
  readonly answer: Hypergradient;
  readonly gradient: Float64Array;
  /** Of the fixed points, where there are any. */
  readonly contraction?: number;
}

export function createAnswers(parts: Parts): Answers {
  const { declared, problem, derivation, plan, binding, warnings } = parts;
  const { engine, sizes } = binding;
  const variables = problem.upper?.variables ?? [];
  const starts = new Map(variables.map((variable) => [variable, startOf(binding, problem, variable)]));
  const aid = createAid(binding, problem, derivation, plan);
  const gradientVector = engine.allocate(aid.w.length);

  const place = (at: Point): Float64Array => {
    checkNames(problem, at);
    const values = variables.flatMap((variable) => {
      const given = givenFor(at, variable);
      return [
        ...(given === undefined ? (starts.get(variable) as Float64Array) : fitted(declared, variable, given, sizes)),
      ];
    });
    engine.write(aid.w, values);
    // A start is moved to its set; a point that was asked for is taken as it is.
    if (variables.every((variable) => givenFor(at, variable) === undefined)) aid.project?.(aid.w);
    return engine.read(aid.w);
  };
  /** Puts a point into w and forgets what earlier calls left to start from. */
  const moveTo = (at: Point): void => {
    place(at);
    if (aid.bounds !== undefined) engine.fill(aid.bounds.multipliers, 0);
    aid.restart();
  };
  /** Multipliers are not the author's. */
  const authored = new Set([...problem.starts.keys()].map((name) => name.split(".")[0]));
  const { feeds = new Map<string, NextBatch>() } = parts;
  /** The next rows of every stream; the name of one that has no more. */
  const nextRows = async (): Promise<string | undefined> => {
    const present: Present = {
      get upper() {
        return byName(binding, variables, engine.read(aid.w));
      },
      get lower() {
        return lower();
      },
    };
    for (const [name, next] of feeds) {
      const table = await next(present);
      if (table === undefined) return name;
      feed(binding, new Map([[name, table]]));
    }
    return undefined;
  };
  const ofTheAuthor = (values: Record<string, Value>): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => authored.has(name)));
  const overBlocks = (vector: (block: BlockRuntime) => Vector): Record<string, Value> =>
    Object.assign(
      {},
      ...aid.blocks.map((block) =>
        ofTheAuthor(byName(binding, block.plan.facts.block.unknowns, engine.read(vector(block)))),
      ),
    );
  const lower = (): Record<string, Value> =>
    withPoints(
      binding,
      problem,
      overBlocks((block) => block.y),
    );
  const finiteValue = (value: number): number => {
    if (!Number.isFinite(value)) throw new BilevelError([notFinite("the upper objective", problem.upper?.span)]);
    return value;
  };
  const evaluate: Answers["evaluate"] = (at) => {
    moveTo(at);
    return evaluateHere();
  };
  const evaluateHere = (): Evaluated => {
    const answer = aid.hypergradient(gradientVector);
    const found = aid.verify();
    const contraction = contractionOf(binding, aid.blocks);
    const gradient = engine.read(gradientVector);
    finiteValue(answer.value);
    const bad = variables.find((variable) => !isFiniteIn(binding, variables, gradient, variable));
    if (bad !== undefined) throw new BilevelError([notFinite(`the gradient in ${bad.name}`, problem.upper?.span)]);
    const kinks = crossingWarnings(binding, aid.blocks);
    const warnings = [...answer.warnings, ...found, ...(contraction?.warnings ?? []), ...kinks];
    return { answer: { ...answer, warnings }, gradient, ...(contraction && { contraction: contraction.factor }) };
  };
  /** ‖P(w − ∇f) − w‖ for the direction of the optimisation. */
  const projectedNorm = (gradient: Float64Array, direction: 1 | -1): number => {
    const w = engine.read(aid.w);
    engine.write(
      gradientVector,
      w.map((value, i) => value - direction * (gradient[i] as number)),
    );
    aid.project?.(gradientVector);
    return norm(engine.read(gradientVector).map((value, i) => value - (w[i] as number)));
  };
  let direct: (() => void) | undefined;
  const named = { method: plan.method, engine: engine.name };

  return {
    aid,
    place,
    evaluate,
    value: (at = {}) => {
      moveTo(at);
      return finiteValue(aid.value("cold"));
    },

    partials: (at = {}) => {
      moveTo(at);
      finiteValue(aid.value("cold"));
      // A right-hand side is ∂f/∂y where the adjoints of later blocks are zero, as they are after a move.
      for (const block of aid.blocks) block.adjointRhs(block.v);
      const partialLower = overBlocks((block) => block.v);
      direct ??= flatKernel(binding, "direct gradient", derivation.direct, gradientVector);
      direct();
      return { upper: byName(binding, variables, engine.read(gradientVector)), lower: partialLower };
    },

    hypergradient: (at = {}) => {
      const { answer, gradient, contraction } = evaluate(at);
      const { value, residuals, complete } = answer;
      const zero = Object.keys(at).length === 0 ? zeroGradients(problem, gradient) : [];
      return {
        value,
        gradient: byName(binding, variables, gradient),
        lower: lower(),
        ...(aid.bounds && { constraints: byConstraint(aid.bounds, aid.bounds.values()).map((value) => ({ value })) }),
        residuals,
        ...(contraction !== undefined && { contraction }),
        ...named,
        // Both levels as one system, steps on drawn rows, and searches have no derivative of their own.
        ...((plan.method === "kkt" || plan.stochastic !== undefined || isSearch(plan.outer)) && { method: "aid" }),
        warnings: distinct([...warnings, ...answer.warnings, ...zero]),
        complete,
      };
    },

    solve: async (options = {}) => {
      moveTo({});
      if (options.from !== undefined) {
        engine.write(aid.w, options.from);
        aid.project?.(aid.w);
        aid.restart();
      }
      const direction = problem.upper?.direction === "maximize" ? -1 : 1;
      const limit = parts.solve.get("time_limit");
      const timeLimit = options.timeLimit ?? (limit?.kind === "number" ? limit.value : undefined);
      const limited = { ...options, timeLimit };
      const trials = isSearch(plan.outer) ? trialsFor(parts, plan.outer, engine.read(aid.w)) : undefined;
      const run =
        variables.length === 0
          ? undefined
          : plan.method === "kkt"
            ? await runKkt(binding, problem, aid, {
                ...limited,
                ...(parts.solve.has("steps") && { nodes: plan.steps }),
              })
            : plan.stochastic !== undefined
              ? await runStochastic(
                  binding,
                  problem,
                  aid,
                  { ...plan.stochastic, steps: plan.steps },
                  direction,
                  limited,
                )
              : await runOuter(engine, aid, plan, direction, {
                  ...limited,
                  ...(feeds.size > 0 && { nextRows }),
                  ...(trials && { trials }),
                });
      const began = performance.now();
      const evaluated: Evaluated = run?.evaluated ?? evaluateHere();
      const { answer, gradient, contraction } = evaluated;
      const gradientNorm = aid.project === undefined ? norm(gradient) : projectedNorm(gradient, direction);
      const reports = reportsOf(binding, problem);
      const status = run?.status ?? (answer.complete ? "converged" : "max_steps");
      const stepsAsked = parts.solve.has("steps") || plan.stochastic !== undefined || trials !== undefined;
      const edge = trials === undefined ? [] : edgeWarnings(trials.box, engine.read(aid.w), problem);
      const zero = run?.steps === 0 ? zeroGradients(problem, gradient) : [];
      const upper = byName(binding, variables, engine.read(aid.w));
      const below = lower();
      const functions = solvedFunctions(binding, problem, { ...upper, ...below }, parts.inputs);
      return {
        status,
        value: answer.value,
        gradient_norm: gradientNorm,
        steps: run?.steps ?? 0,
        seconds: run?.seconds ?? (performance.now() - began) / 1000,
        ...named,
        upper,
        lower: below,
        reports,
        ...(functions && { functions }),
        ...(aid.bounds && { constraints: constraintValues(engine, aid.bounds) }),
        residuals: answer.residuals,
        ...(contraction !== undefined && { contraction }),
        trace: run?.trace ?? [],
        warnings: distinct([...warnings, ...answer.warnings, ...edge, ...zero]),
        message: run?.message,
        complete:
          answer.complete &&
          (status === "converged" ||
            status === "reached" ||
            (status === "max_steps" && stepsAsked && run?.message === undefined)),
      };
    },
  };
}

/** What a search around a start tries points with. */
function trialsFor({ problem, derivation, plan, binding, solve }: Parts, outer: Choice<Search>, start: Float64Array) {
  return {
    box: searchBox(binding, problem, outer, start),
    limit: solve.has("steps") ? plan.steps : Number.POSITIVE_INFINITY,
    together: batchLimit(binding),
    batch: createTogether(binding, problem, derivation, solve),
  };
}

function constraintValues(engine: Engine, bounds: UpperBounds): readonly ConstraintValues[] {
  const multipliers = byConstraint(bounds, engine.read(bounds.multipliers));
  return byConstraint(bounds, bounds.values()).map((value, k) => ({
    value,
    multiplier: multipliers[k] as NestedArray,
  }));
}

/** A flat vector over all entries of the constraints, one nested array a constraint. */
function byConstraint({ shapes }: UpperBounds, values: Float64Array): readonly NestedArray[] {
  let offset = 0;
  return shapes.map((shape) => {
    const start = offset;
    offset += shape.reduce((a, b) => a * b, 1);
    return toNested(values, shape, start);
  });
}

/** Each message once. */
export function distinct(list: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(list.map((d) => [d.message, d])).values()];
}

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
  return [zeroGradient([...new Set(upper.variables.map(declaredName))], upper.span)];
}

function isFiniteIn(binding: Binding, variables: readonly Input[], gradient: Float64Array, variable: Input): boolean {
  const before = variables
    .slice(0, variables.indexOf(variable))
    .reduce((sum, v) => sum + lengthOf(v.shape, binding.sizes), 0);
  return gradient.subarray(before, before + lengthOf(variable.shape, binding.sizes)).every(Number.isFinite);
}

function checkNames({ upper }: Problem, at: Point): void {
  const variables = upper?.variables ?? [];
  const known = [...new Set(variables.map(declaredName))];
  for (const [name, value] of Object.entries(at)) {
    if (!known.includes(name))
      throw unknownName(name, known, upper === undefined ? "upper variable (it has no upper level)" : "upper variable");
    if (!isWeights(value)) continue;
    const tensors = variables.filter((variable) => declaredName(variable) === name).map(tensorName);
    for (const tensor of Object.keys(value))
      if (!tensors.includes(tensor))
        throw unknownName(
          `${name}.${tensor}`,
          tensors.flatMap((own) => (own === undefined ? [] : [`${name}.${own}`])),
          "tensor of weights",
        );
  }
}

/** One number fills all tensors of weights; a tensor that is missing takes its start. */
function givenFor(at: Point, variable: Input): NestedArray | undefined {
  const given = at[declaredName(variable)];
  return given !== undefined && isWeights(given) ? given[tensorName(variable) ?? ""] : given;
}

export function unknownName(name: string, known: readonly string[], what: string): BilevelError {
  return new BilevelError([pointName(name, what, known, nearest(name, known))]);
}

/** A given value in the declared shape; one number fills it. */
export function fitted(
  declared: readonly Declared[],
  input: Input,
  value: NestedArray,
  sizes: ReadonlyMap<string, number>,
): Float64Array {
  const numbers = numbersFor(
    value,
    input.shape.map((size) => sizeNumber(size, sizes)),
  );
  if (numbers !== undefined) return numbers;
  const declaration = declared.find(({ name }) => name === declaredName(input));
  const bound = input.shape.map((size) => sizeNumber(size, sizes));
  const shown = bound.length === 0 ? "" : ` ([${bound.join(", ")}])`;
  const type = declaration === undefined ? "an array" : `${showType(declaration.type)}${shown}`;
  throw new BilevelError([pointShape(input.name, type, shapeOfNested(value), declaration?.span)]);
}
