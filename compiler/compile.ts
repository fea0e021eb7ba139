/**
 * The whole compiler as one function, a line a stage: text → tree → checked model → tensor expressions → derived equations. Each
 * stage's result is kept, so that every one of them can be shown. Plans need sizes and come later (plan/plan.ts).
 */
import { BilevelError, type Diagnostic, type Span } from "../grammar/diagnostics.ts";
import { parse, type StatementMemory } from "../grammar/read.ts";
import type { Program } from "../grammar/syntax.ts";
import { type CheckOptions, check } from "./check/check.ts";
import type { DeclaredName } from "./check/context.ts";
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
  /** What every name stands for, by its place. */
  readonly names: ReadonlyMap<Span, DeclaredName>;
  readonly model?: Model;
  readonly problem?: Problem;
  readonly derivation?: Derivation;
  /** Errors, refusals and warnings of every stage that ran. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Never throws for what the program says. A stage runs only where the one before it found no error. */
export function compile(text: string, file: string, options: CheckOptions = {}): Compiled {
  return derive(analyse(text, file, options));
}

/** The stages up to the checked model. Names are found in a program with syntax errors too, as far as it was read. */
export function analyse(
  text: string,
  file: string,
  options: CheckOptions & { readonly memory?: StatementMemory } = {},
): Compiled {
  const { program, diagnostics: syntax } = parse(text, file, options.memory);
  const { model, diagnostics, names } = check(program, options);
  const parsed = { file, text, program, names };
  return syntax.length > 0 ? { ...parsed, diagnostics: syntax } : { ...parsed, model, diagnostics };
}

/** The stages after the checked model, where there is one. */
export function derive(analysed: Compiled): Compiled {
  const { model, diagnostics } = analysed;
  if (model === undefined) return analysed;
  try {
    const problem = expandDivergences(lowerModel(model));
    const derivation = deriveImplicit(inUnknowns(problem, model.solve));
    return { ...analysed, problem, derivation };
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    return { ...analysed, diagnostics: [...diagnostics, ...error.diagnostics] };
  }
}
