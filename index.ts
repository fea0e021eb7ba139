/**
 * The library: what the command line is built on.
 *
 *     const { problem, diagnostics, explanation } = await compile(source);
 *     const { value, gradient } = problem.gradient({ lambda: -2 });
 *     const result = await problem.solve();
 */
import { type Compiled, compile as compileText } from "./compiler/compile.ts";
import { type Explanation, explain } from "./compiler/emit/explanation.ts";
import { differentiatedBy } from "./compiler/plan/method.ts";
import { BilevelError, type Diagnostic } from "./grammar/diagnostics.ts";
import { type Prepared, type PrepareOptions, prepare, replacedSizes } from "./runtime/api.ts";

export type { Explanation } from "./compiler/emit/explanation.ts";
export { BilevelError, type Diagnostic, type Fix, type Note, type Span } from "./grammar/diagnostics.ts";
export { print as format } from "./grammar/print.ts";
export { parse } from "./grammar/read.ts";
export type { Prepared, PrepareOptions } from "./runtime/api.ts";
export type { TableGiven } from "./runtime/data/given.ts";
export type { Batches } from "./runtime/data/stream.ts";
export { type Predictor, predictor, type Solved } from "./runtime/predict.ts";
export type { SolveOptions } from "./runtime/run.ts";
export type { StartsOptions } from "./runtime/starts.ts";
export type * from "./runtime/types.ts";

export interface CompileOptions extends PrepareOptions {
  /** The name messages show, and what data paths are relative to. */
  readonly file?: string;
  /** Gives the text of an imported file. */
  readonly imports?: NonNullable<Parameters<typeof compileText>[2]>["imports"];
}

export interface Compilation {
  /** Errors, refusals and warnings, in the order they were found. */
  readonly diagnostics: readonly Diagnostic[];
  /** The derived equations and the plan; absent where the program is wrong. */
  readonly explanation?: Explanation;
  /** Absent where the program, its data or the options are wrong, or the problem is refused. */
  readonly problem?: Prepared;
}

/** Compiles a program, reads its data and plans it. Never throws for what the program or its data say. */
export async function compile(source: string, options: CompileOptions = {}): Promise<Compilation> {
  const compiled: Compiled = compileText(source, options.file ?? "problem.bilevel", {
    imports: options.imports,
    replaced: replacedSizes(options.set ?? new Map()),
  });
  try {
    const problem = await prepare(compiled, options);
    return {
      diagnostics: [...compiled.diagnostics, ...problem.warnings],
      explanation: explain(differentiatedBy(compiled, options.options), problem.plan, problem.sizes),
      problem,
    };
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    const known = new Set(compiled.diagnostics);
    return {
      diagnostics: [...compiled.diagnostics, ...error.diagnostics.filter((diagnostic) => !known.has(diagnostic))],
    };
  }
}
