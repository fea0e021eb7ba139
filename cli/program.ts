/** What every command that computes does first: compile the file, read its data, plan it. */
import { type Compiled, compile } from "../compiler/compile.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { type Prepared, prepare } from "../runtime/api.ts";
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

/** Throws a BilevelError with everything that is wrong in the program. Its warnings are still to be shown. */
export function compileFile(path: string, output: Output): Compiled {
  const { text, file } = output.sources.read(path);
  const compiled = compile(text, file, { imports: output.sources.imported });
  if (compiled.diagnostics.some((each) => each.severity !== "warning")) throw new BilevelError(compiled.diagnostics);
  return compiled;
}

/** The flags' values, read. */
export async function readFlags(flags: ProgramFlags, compiled: Compiled, output: Output) {
  const data = readPaths(flags.data);
  const set = await readValues("--set", flags.set);
  const options: SolveEntries = solveEntries(flags.solve, compiled.model?.solve ?? new Map(), output.sources);
  return { set, data, options };
}

/** A problem ready to be asked, and the files that replaced those in the source. Shows the program's and the data's warnings. */
export async function prepareFile(
  path: string,
  flags: ProgramFlags,
  output: Output,
): Promise<{ readonly problem: Prepared; readonly files: ReadonlyMap<string, string> }> {
  const compiled = compileFile(path, output);
  output.diagnose(compiled.diagnostics);
  const read = await readFlags(flags, compiled, output);
  const problem = await prepare(compiled, read);
  return { problem, files: read.data };
}
