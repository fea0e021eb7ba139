/** Methods that prescribe solvers: a name for options, which those that are written beside it override. */
import { BilevelError } from "../../grammar/diagnostics.ts";
import { solverUnavailable } from "../errors.ts";
import { scalars } from "./asked.ts";
import { type BlockFacts, unknownsOf } from "./facts.ts";
import type { Choice, Options } from "./plan.ts";
import { type adjointSolvers, type innerSolvers, type OuterSolver, searches } from "./solvers.ts";

export interface Recipe {
  readonly inner?: Choice<(typeof innerSolvers)[number]>;
  readonly adjoint?: Choice<(typeof adjointSolvers)[number]>;
}

type Given = ReadonlyMap<string, number | boolean>;

/** What the method says of a block; throws a refusal where it has nothing to offer. */
export function recipeOf(options: Options, facts: BlockFacts): Recipe {
  const [method, adjoint] = [options.get("method"), options.get("adjoint")];
  const given: Given = new Map(method?.kind === "word" ? scalars(method.arguments) : []);
  const isPlain =
    facts.minimisation && facts.block.nonsmooth === undefined && facts.block.path === undefined;
  if (method?.kind === "word" && method.value === "hoag" && isPlain)
    return {
      inner: choice("lbfgs", "HOAG: it can be stopped at the tolerance of each step"),
      adjoint: choice("cg", "HOAG: it can be stopped at the tolerance of each step"),
    };
  if (method?.kind === "word" && method.value === "bgs") {
    if (!isPlain) throw notFor("bgs", "takes steps of gradient descent", facts, options);
    const rate = renamed(given, { inner_rate: "rate" });
    return {
      inner: choice("gd", "a few steps at each upper step, from where the last ones ended", [
        ["max", given.get("inner_steps") ?? gaussSeidelSteps],
        ...rate,
      ]),
      adjoint: choice("gd", "a few steps at each upper step, from where the last ones ended", [
        ["max", given.get("adjoint_steps") ?? gaussSeidelSteps],
        ...rate,
      ]),
    };
  }
  const isShine = method?.kind === "word" && method.value === "shine";
  if (!isShine && !(adjoint?.kind === "word" && adjoint.value === "shared")) return {};
  if (isShine && !isPlain && !facts.fixedPoint)
    throw notFor("shine", "shares the quasi-Newton matrix of the inner solver", facts, options);
  if (!isPlain && !facts.fixedPoint) return {};
  const pairs = isPlain ? "it learns the curvature as it goes" : "a quasi-Newton method for equations";
  return {
    inner: choice(isPlain ? "lbfgs" : "anderson", `its matrix serves the adjoint: ${pairs}`, [["memory", sharedMemory]]),
    ...(isShine && { adjoint: choice("shared", "the inner solver's matrix in place of the curvature (SHINE)", given) }),
  };
}

/** Steps of each level at an upper step of block Gauss-Seidel. */
const gaussSeidelSteps = 10;
/** Pairs that are kept where the adjoint depends on them. */
const sharedMemory = 60;

/** `isFixed`: the method has no use for another solver, and keeps the upper variables in their sets by itself. */
export interface OuterRecipe {
  readonly method: string;
  readonly choice: Choice<OuterSolver>;
  readonly isFixed: boolean;
}

export function outerRecipe(options: Options): OuterRecipe | undefined {
  const method = options.get("method");
  if (method?.kind !== "word") return undefined;
  const given: Given = new Map(scalars(method.arguments));
  const search = searches.find((name) => name === method.value);
  if (search !== undefined) {
    const seed = options.get("seed");
    const own = new Map([...(seed === undefined ? [] : scalars(new Map([["seed", seed]]))), ...given]);
    return { method: search, choice: { solver: search, arguments: own, reason: searchReasons[search] }, isFixed: true };
  }
  if (method.value === "hoag") {
    const reason = "steps of 1 / L, where L is made smaller as long as the value falls as it should";
    return { method: "hoag", choice: { solver: "hoag", arguments: given, reason }, isFixed: true };
  }
  if (method.value !== "bgs") return undefined;
  const rate = renamed(given, { outer_rate: "rate" });
  return { method: "bgs", choice: choice("gd", "the upper level's block of the sweep", rate), isFixed: false };
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
function renamed(given: Given, names: Readonly<Record<string, string>>): readonly (readonly [string, number | boolean])[] {
  return [...given].flatMap(([name, value]) => (names[name] === undefined ? [] : [[names[name], value] as const]));
}

function notFor(method: string, does: string, facts: BlockFacts, options: Options): BilevelError {
  const asked = options.get("method");
  const why = `${does}, and ${unknownsOf(facts)} is not given by a smooth minimisation`;
  return new BilevelError([
    solverUnavailable("method", method, why, asked?.kind === "word" ? asked.span : undefined, "write method: aid"),
  ]);
}
