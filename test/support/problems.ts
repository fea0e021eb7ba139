/** Whole programs in tests: compiled from text, prepared without a disk. */

import type { OptionValue } from "../../compiler/check/model.ts";
import { type Compiled, compile } from "../../compiler/compile.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { type Prepared, type PrepareOptions, prepare } from "../../runtime/api.ts";

/** Throws what the compiler says, so that a test shows it. */
export function compiled(source: string): Compiled {
  const result = compile(source, "test.bilevel");
  const serious = result.diagnostics.filter((d) => d.severity !== "warning");
  if (serious.length > 0) throw new BilevelError(serious);
  return result;
}

export async function prepared(source: string, options?: PrepareOptions): Promise<Prepared> {
  return prepare(compiled(source), options);
}

/** The diagnostics that a program ends with, whether the compiler or the run gives them. */
export async function refusals(source: string, options?: PrepareOptions): Promise<readonly Diagnostic[]> {
  try {
    const problem = await prepared(source, options);
    problem.gradient();
    return [];
  } catch (error) {
    if (error instanceof BilevelError) return error.diagnostics;
    throw error;
  }
}

/** `word("cg", { tol: 1e-3 })`: an entry of the solve block. */
export function word(value: string, arguments_: Readonly<Record<string, number | boolean>> = {}): OptionValue {
  const span = { file: "test", start: 0, end: 0 };
  const entries = Object.entries(arguments_).map(([name, v]): [string, OptionValue] => [
    name,
    typeof v === "number" ? { kind: "number", value: v, span } : { kind: "boolean", value: v, span },
  ]);
  return { kind: "word", value, arguments: new Map(entries), span };
}

/** A matrix as the language writes it. */
export function matrixText(rows: readonly (readonly number[])[]): string {
  return `[${rows.map((row) => `[${row.join(", ")}]`).join(", ")}]`;
}
