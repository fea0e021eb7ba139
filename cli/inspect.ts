/** What is known of a program before anything is computed: its data's sizes and the plan that follows. */
import type { Model } from "../compiler/check/model.ts";
import type { Compiled } from "../compiler/compile.ts";
import { type Plan, planOf } from "../compiler/plan/plan.ts";
import { BilevelError, type Diagnostic } from "../grammar/diagnostics.ts";
import { type LoadedData, loadData } from "../runtime/data/load.ts";
import type { LoadOptions } from "../runtime/data/sources.ts";
import type { SolveEntries } from "./options.ts";

export interface ReadSizes {
  readonly sizes: ReadonlyMap<string, number>;
  readonly warnings: readonly Diagnostic[];
}

/** Throws a BilevelError with everything that is wrong in the data. */
export async function readData(
  model: Model,
  files: ReadonlyMap<string, string>,
  options: SolveEntries,
  streams?: LoadOptions["streams"],
): Promise<LoadedData> {
  const draws = options.get("draws") ?? model.solve.get("draws");
  return loadData(model, { files, draws: draws?.kind === "number" ? draws.value : undefined, streams });
}

/** For what needs no data: what is wrong with it becomes warnings, and sizes stay names. */
export async function sizesIfRead(
  model: Model,
  files: ReadonlyMap<string, string>,
  options: SolveEntries,
): Promise<ReadSizes> {
  try {
    return await readData(model, files, options, "later");
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    const warnings = error.diagnostics.map((each) => ({ ...each, severity: "warning" as const }));
    return { sizes: new Map(), warnings };
  }
}

/** Absent for a file of declarations. Sizes that are missing stay names. Throws a BilevelError where the problem is refused. */
export function planFor(compiled: Compiled, options: SolveEntries, sizes: ReadSizes["sizes"]): Plan | undefined {
  const { model, problem, derivation } = compiled;
  if (model?.problemSpan === undefined || problem === undefined || derivation === undefined) return undefined;
  return planOf(problem.graph, derivation, new Map([...model.solve, ...options]), sizes);
}
