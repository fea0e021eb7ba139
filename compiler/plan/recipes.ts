/** Methods that prescribe solvers: a name for options, which those that are written beside it override. */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import { solverUnavailable } from "../errors.ts";
import { scalars } from "./asked.ts";
import { type BlockFacts, unknownsOf } from "./facts.ts";
import type { Choice, Options } from "./plan.ts";
import { type adjointSolvers, type innerSolvers, type OuterSolver, searches } from "./solvers.ts";

export interface Recipe {
  readonly inner?: Choice<(typeof innerSolvers)[number]> | undefined;
  readonly adjoint?: Choice<(typeof adjointSolvers)[number]>;
}

type Given = ReadonlyMap<string, number | boolean>;

/** What the method says of a block; throws a refusal where it has nothing to offer. */
export function recipeOf(options: Options, facts: BlockFacts): Recipe {
  const [method, adjoint] = [options.get("method"), options.get("adjoint")];
  if (method?.kind === "word" && Object.hasOwn(recipes, method.value))
    return recipes[method.value as keyof typeof recipes](facts, new Map(scalars(method.arguments)), method.span);
  return adjoint?.kind === "word" && adjoint.value === "shared" ? { inner: sharing(facts) } : {};
}

const recipes = {
  hoag: (facts: BlockFacts): Recipe => {
    if (!isSmoothMinimum(facts)) return {};
    const reason = "HOAG: it can be stopped at the tolerance of each step";
    return { inner: choice("lbfgs", reason), adjoint: choice("cg", reason) };
  },

  bgs: (facts: BlockFacts, given: Given, span: Span): Recipe => {
    if (!isSmoothMinimum(facts)) throw notFor("bgs", "takes steps of gradient descent", facts, span);
    const rate = renamed(given, { inner_rate: "rate" });
    const steps = (asked: string) =>
      choice("gd", "a few steps at each upper step, from where the last ones ended", [
        ["max", given.get(asked) ?? gaussSeidelSteps],
        ...rate,
      ]);
    return { inner: steps("inner_steps"), adjoint: steps("adjoint_steps") };
  },

  shine: (facts: BlockFacts, given: Given, span: Span): Recipe => {
    const inner = sharing(facts);
    if (inner === undefined) throw notFor("shine", "shares the quasi-Newton matrix of the inner solver", facts, span);
    const reason = "the inner solver's matrix in place of the curvature (SHINE)";
    return { inner, adjoint: choice("shared", reason, given) };
  },
};

const isSmoothMinimum = ({ minimisation, block }: BlockFacts): boolean =>
  minimisation && block.nonsmooth === undefined && block.path === undefined;

/** The solver that learns the curvature's inverse, where there is one. */
function sharing(facts: BlockFacts): Recipe["inner"] {
  const memory = [["memory", sharedMemory]] as const;
  if (isSmoothMinimum(facts))
    return choice("lbfgs", "its matrix serves the adjoint: it learns the curvature as it goes", memory);
  return facts.fixedPoint
    ? choice("anderson", "its matrix serves the adjoint: a quasi-Newton method for equations", memory)
    : undefined;
}

/** Steps of each level at an upper step of block Gauss-Seidel. */
const gaussSeidelSteps = 10;
/** Pairs that are kept where the adjoint depends on them. */
const sharedMemory = 60;

/** `isFixed`: the method has no use for another solver, and keeps the upper variables in their sets by itself. */
export interface OuterRecipe {
  readonly method: string;
  readonly span: Span;
  readonly choice: Choice<OuterSolver>;
  readonly isFixed: boolean;
}

export function outerRecipe(options: Options): OuterRecipe | undefined {
  const method = options.get("method");
  if (method?.kind !== "word") return undefined;
  const given: Given = new Map(scalars(method.arguments));
  const named = { method: method.value, span: method.span };
  const search = searches.find((name) => name === method.value);
  if (search !== undefined)
    return { ...named, choice: { solver: search, arguments: given, reason: searchReasons[search] }, isFixed: true };
  if (method.value === "hoag") {
    const reason = "steps of 1 / L, where L is made smaller as long as the value falls as it should";
    return { ...named, choice: { solver: "hoag", arguments: given, reason }, isFixed: true };
  }
  if (method.value !== "bgs") return undefined;
  const rate = renamed(given, { outer_rate: "rate" });
  const own =
    rate.length > 0
      ? choice("gd", "the upper level's part of the sweep, by steps of the length asked for", rate)
      : choice(
          "hoag",
          "the upper level's part of the sweep, by HOAG's steps: a sweep leaves an error, which they allow for",
        );
  return { ...named, choice: own, isFixed: false };
}

const searchReasons = {
  grid: "every point of a grid, and the best of them",
  random: "points that fill the range evenly (Sobol), and the best of them",
  bayes: "points where a Gaussian process expects to improve most, and the best of them",
} as const;

function choice<S extends string>(
  solver: S,
  reason: string,
  given: Iterable<readonly [string, number | boolean]> = [],
): Choice<S> {
  return { solver, arguments: new Map(given), reason };
}

/** The arguments that have another name there. */
function renamed(
  given: Given,
  names: Readonly<Record<string, string>>,
): readonly (readonly [string, number | boolean])[] {
  return [...given].flatMap(([name, value]) => (names[name] === undefined ? [] : [[names[name], value] as const]));
}

function notFor(method: string, does: string, facts: BlockFacts, span: Span): BilevelError {
  const why = `${does}, and ${unknownsOf(facts)} is not given by a smooth minimisation`;
  return new BilevelError([solverUnavailable("method", method, why, span, "write method: aid")]);
}
