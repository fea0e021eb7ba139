/** What every command that computes does first: compile the file, read its data, plan it. */
import { type Compiled, compile } from "../compiler/compile.ts";
import { differentiatedBy } from "../compiler/plan/method.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { type Prepared, prepare, replacedParams, replacedSizes } from "../runtime/api.ts";
import type { Value } from "../runtime/types.ts";
import { type SolveEntries, solveEntries } from "./options.ts";
import type { Output } from "./output.ts";
import { readPaths, readValues } from "./values.ts";

/** What the command line may replace in a program, as written there. */
export interface ProgramFlags {
  readonly set: readonly string[];
  readonly data: readonly string[];
  /** `--KEY` and `--KEY.ARG` without their dashes. */
  readonly solve: ReadonlyMap<string, string>;
}

export interface CompiledFile {
  readonly compiled: Compiled;
  /** What replaces params, and the files that replace those in the source. */
  readonly set: ReadonlyMap<string, Value>;
  readonly data: ReadonlyMap<string, string>;
  readonly options: SolveEntries;
}

/** Throws a BilevelError with everything that is wrong in the program or the flags. Its warnings are still to be shown. */
export async function compileFile(path: string, flags: ProgramFlags, output: Output): Promise<CompiledFile> {
  const { text, file } = output.sources.read(path);
  const set = await readValues("--set", flags.set);
  const compiled = compile(text, file, { imports: output.sources.imported, replaced: replacedSizes(set) });
  if (compiled.diagnostics.some((each) => each.severity !== "warning")) throw new BilevelError(compiled.diagnostics);
  if (compiled.model !== undefined) replacedParams(compiled.model, set);
  const options = solveEntries(flags.solve, compiled.model?.solve ?? new Map(), output.sources);
  return { compiled: differentiatedBy(compiled, options), set, data: readPaths(flags.data), options };
}

/** A problem ready to be asked, and the files that replaced those in the source. Shows the program's and the data's warnings. */
export async function prepareFile(
  path: string,
  flags: ProgramFlags,
  output: Output,
): Promise<{ readonly problem: Prepared; readonly files: ReadonlyMap<string, string> }> {
  const { compiled, set, data, options } = await compileFile(path, flags, output);
  output.diagnose(compiled.diagnostics);
  const problem = await prepare(compiled, { set, data, options });
  return { problem, files: data };
}
