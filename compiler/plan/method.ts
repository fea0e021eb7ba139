/** What the chosen method differentiates, where that is not what the clauses say. */

import type { Compiled } from "../compile.ts";
import { onWeights } from "../derive/functional.ts";
import { deriveImplicit } from "../derive/implicit.ts";
import { unrolled } from "../derive/unroll.ts";
import { clausesOf, type Problem, selectionOf } from "../lower/problem.ts";
import type { Options } from "./plan.ts";

/**
 * Methods that do not know functions work on their weights. `itd` replaces minimisations by steps of descent; `aid` and `analytic` look
 * at the end of steps of descent alone, as if it were the minimiser. Every other method takes the problem as it is. `overrides` are
 * entries that replace the solve block's. Throws a BilevelError with refusals.
 */
export function differentiatedBy<Of extends Pick<Compiled, "model" | "problem" | "derivation">>(
  of: Of,
  overrides: Options = new Map(),
): Of {
  const options = new Map([...(of.model?.solve ?? []), ...overrides]);
  const method = options.get("method");
  if (of.problem === undefined || method?.kind !== "word") return of;
  const problem = inUnknowns(of.problem, options);
  if (problem !== of.problem) return differentiatedBy({ ...of, problem, derivation: deriveImplicit(problem) }, options);
  if (method.value === "itd") {
    const given = (name: string): number | undefined => {
      const value = method.arguments.get(name);
      return value?.kind === "number" ? value.value : undefined;
    };
    const unrolling = { steps: given("steps"), rate: given("rate"), momentum: given("momentum") };
    const stepped = unrolled(problem, unrolling, method.span);
    return stepped === problem ? of : { ...of, problem: stepped, derivation: deriveImplicit(stepped) };
  }
  const atEnd = method.value === "aid" || method.value === "analytic";
  return atEnd && clausesOf(problem.level).some((clause) => selectionOf(clause) !== undefined)
    ? { ...of, derivation: deriveImplicit(problem, "end") }
    : of;
}

/** `funcid`, which functions in L2 take by themselves, differentiates in their values; every other method in their weights. */
export function inUnknowns(problem: Problem, options: Options): Problem {
  const method = options.get("method");
  const isFunctional = method?.kind !== "word" || ["auto", "exact", "funcid"].includes(method.value);
  return isFunctional || problem.functions.length === 0 ? problem : onWeights(problem);
}
