/**
 * The whole compiler as one function, a line a stage: text → tree → checked model → tensor expressions → derived equations. Each
 * stage's result is kept, so that every one of them can be shown. Plans need sizes and come later (plan/plan.ts).
 */
import { BilevelError, type Diagnostic } from "../grammar/diagnostics.ts";
import { parse } from "../grammar/read.ts";
import type { Program } from "../grammar/syntax.ts";
import { type CheckOptions, check } from "./check/check.ts";
import type { Model } from "./check/model.ts";
import { expandDivergences } from "./derive/divergence.ts";
import { type Derivation, deriveImplicit } from "./derive/implicit.ts";
import { lowerModel } from "./lower/model.ts";
import type { Problem } from "./lower/problem.ts";
import { inUnknowns } from "./plan/method.ts";

/** What a program became, as far as it came. */
export interface Compiled {
  readonly file: string;
  readonly text: string;
  readonly program: Program;
  readonly model?: Model;
  readonly problem?: Problem;
  readonly derivation?: Derivation;
  /** Errors, refusals and warnings of every stage that ran. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Never throws for what the program says. A stage runs only where the one before it found no error. */
export function compile(text: string, file: string, options: CheckOptions = {}): Compiled {
  const { program, diagnostics: syntax } = parse(text, file);
  const parsed = { file, text, program };
  if (syntax.length > 0) return { ...parsed, diagnostics: syntax };
  const { model, diagnostics } = check(program, options);
  if (model === undefined) return { ...parsed, diagnostics };
  try {
    const problem = expandDivergences(lowerModel(model));
    const derivation = deriveImplicit(inUnknowns(problem, model.solve));
    return { ...parsed, model, problem, derivation, diagnostics };
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    return { ...parsed, model, diagnostics: [...diagnostics, ...error.diagnostics] };
  }
}
