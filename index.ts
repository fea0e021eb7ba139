/**
 * The library: what the command line is built on.
 *
 *     const { problem, diagnostics, explanation } = await compile({ file: "ridge.bilevel" });
 *     const { value, gradient } = problem.gradient({ lambda: -2 });
 *     const result = await problem.solve();
 */
import type { Importer } from "./compiler/check/imports.ts";
import { compile as compileText } from "./compiler/compile.ts";
import { type Explanation, explain } from "./compiler/emit/explanation.ts";
import { differentiatedBy } from "./compiler/plan/method.ts";
import { BilevelError, type Diagnostic } from "./grammar/diagnostics.ts";
import { type Prepared, type PrepareOptions, prepare, replacedSizes } from "./runtime/api.ts";
import { readableFolders } from "./runtime/data/sources.ts";
import { readImports, readSource } from "./runtime/sources.ts";
import type { AnyNames, Names } from "./runtime/types.ts";

export type { Explanation } from "./compiler/emit/explanation.ts";
export { BilevelError, type Diagnostic, type Fix, type Note, type Span } from "./grammar/diagnostics.ts";
export { print as format } from "./grammar/print.ts";
export { parse } from "./grammar/read.ts";
export type { Prepared, PrepareOptions } from "./runtime/api.ts";
export type { TableGiven } from "./runtime/data/given.ts";
export type { Batches } from "./runtime/data/stream.ts";
export type { Written } from "./runtime/ledger.ts";
export { type Predictor, predictor, type Solved } from "./runtime/predict.ts";
export type { Pause, SolveOptions } from "./runtime/run.ts";
export type { StartsOptions } from "./runtime/starts.ts";
export type { Run } from "./runtime/steps.ts";
export type * from "./runtime/types.ts";

/** A program: its text, or where it is. */
export type Source = string | { readonly file: string };

export interface CompileOptions extends PrepareOptions {
  /** Of a text, the name messages show, and what the paths in it are relative to. */
  readonly file?: string;
  /** Gives the text of an imported file, in place of the disk. */
  readonly imports?: Importer;
}

export interface Compilation<N extends Names = AnyNames> {
  /** Errors, refusals and warnings, in the order they were found. */
  readonly diagnostics: readonly Diagnostic[];
  /** The derived equations and the plan; absent where the program is wrong. */
  readonly explanation?: Explanation;
  /** Absent where the program, its data or the options are wrong, or the problem is refused. */
  readonly problem?: Prepared<N>;
}

/**
 * Compiles a program, reads its data and plans it. Never throws for what the program or its data say. `N` is what the program calls its
 * unknowns and reports, as `bilevel types` writes it down; nothing compares it with the source.
 */
export async function compile<N extends Names = AnyNames>(
  source: Source,
  options: CompileOptions = {},
): Promise<Compilation<N>> {
  let found: readonly Diagnostic[] = [];
  try {
    const file = typeof source === "string" ? (options.file ?? "problem.bilevel") : source.file;
    const text = typeof source === "string" ? source : await readSource(file, options.read);
    const folders = readableFolders(file, options.allowRead);
    const imports = options.imports ?? (await readImports(text, file, folders, options.read));
    const compiled = compileText(text, file, { imports, replaced: replacedSizes(options.set ?? new Map()) });
    found = compiled.diagnostics;
    const problem = await prepare(compiled, options);
    return {
      diagnostics: [...found, ...problem.warnings],
      explanation: explain(differentiatedBy(compiled, options.options), problem.plan, problem.sizes),
      problem: problem as unknown as Prepared<N>,
    };
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    return { diagnostics: [...found, ...error.diagnostics.filter((diagnostic) => !found.includes(diagnostic))] };
  }
}
