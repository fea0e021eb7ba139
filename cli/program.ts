/** What every command that computes does first: compile the file, read its data, plan it. */
import { type Compiled, compile } from "../compiler/compile.ts";
import { differentiatedBy } from "../compiler/plan/method.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { type Prepared, prepare, replacedParams, replacedSizes } from "../runtime/api.ts";
import { checkReadable, readableFolders } from "../runtime/data/sources.ts";
import type { Value } from "../runtime/types.ts";
import { type SolveEntries, solveEntries } from "./options.ts";
import type { Output } from "./output.ts";
import { readPaths, readValues } from "./values.ts";

/** What the command line may replace in a program, as written there. */
export interface ProgramFlags {
  readonly set: readonly string[];
  readonly data: readonly string[];
  /** Folders that the program may read in, beside its own. */
  readonly allowRead: readonly string[];
  /** `--KEY` and `--KEY.ARG` without their dashes. */
  readonly solve: ReadonlyMap<string, string>;
}

export interface CompiledFile {
  readonly compiled: Compiled;
  /** What replaces params, and the files that replace those in the source. */
  readonly set: ReadonlyMap<string, Value>;
  readonly data: ReadonlyMap<string, string>;
  readonly allowRead: readonly string[];
  readonly options: SolveEntries;
}

/** Throws a BilevelError with everything that is wrong in the program or the flags. Its warnings are still to be shown. */
export async function compileFile(path: string, flags: ProgramFlags, output: Output): Promise<CompiledFile> {
  const { text, file } = output.sources.read(path);
  const set = await readValues("--set", flags.set);
  const folders = readableFolders(file, flags.allowRead);
  const compiled = compile(text, file, { imports: output.sources.importer(folders), replaced: replacedSizes(set) });
  if (compiled.diagnostics.some((each) => each.severity !== "warning")) throw new BilevelError(compiled.diagnostics);
  if (compiled.model !== undefined) replacedParams(compiled.model, set);
  const options = solveEntries(flags.solve, compiled.model?.solve ?? new Map(), output.sources);
  const data = readPaths(flags.data);
  checkReadable(compiled.model?.data ?? [], data, folders);
  return { compiled: differentiatedBy(compiled, options), set, data, allowRead: flags.allowRead, options };
}

export interface ReadyProgram extends CompiledFile {
  readonly problem: Prepared;
  /** The texts of the program and of what it imports, by path. */
  readonly sources: ReadonlyMap<string, string>;
  /** Seconds. */
  readonly phases: { readonly compile: number; readonly prepare: number };
}

/** A problem ready to be asked. Shows the program's and the data's warnings. */
export async function prepareFile(path: string, flags: ProgramFlags, output: Output): Promise<ReadyProgram> {
  const began = performance.now();
  const file = await compileFile(path, flags, output);
  output.diagnose(file.compiled.diagnostics);
  const compiled = performance.now();
  const problem = await prepare(file.compiled, file);
  const phases = { compile: (compiled - began) / 1000, prepare: (performance.now() - compiled) / 1000 };
  const sources = new Map([...output.sources.texts].filter(([source]) => !source.startsWith("--")));
  return { ...file, problem, sources, phases };
}
