/** `bilevel compile`: the problem as a module that runs without this project, and the types of its functions. */
import { basename } from "node:path";
import type { Model } from "../compiler/check/model.ts";
import { type ModuleParts, moduleText } from "../compiler/emit/module.ts";
import { moduleTypes } from "../compiler/emit/module-types.ts";
import { noProblem } from "../compiler/errors.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import manifest from "../package.json" with { type: "json" };
import { commandLine, commandUnavailable } from "./errors.ts";
import { planFor, readData, sizesIfRead } from "./inspect.ts";
import type { ExitStatus, Output } from "./output.ts";
import { compileFile, type ProgramFlags } from "./program.ts";
import { writeWhole } from "./write-file.ts";

/** runtime/standalone.ts as a statement that declares `bilevel`; the build puts it here (scripts/build.mjs). */
declare const STANDALONE_RUNTIME: string;

export interface CompileFlags extends ProgramFlags {
  readonly target: string;
  /** Where the module goes, its types beside it; standard output takes the module alone. */
  readonly out?: string;
  readonly embedData: boolean;
}

/** The language's targets, and whether this version has them. */
const targets: Readonly<Record<string, boolean>> = { wasm: true, tfjs: false, jax: false, onnx: false };

export async function compileModule(file: string, flags: CompileFlags, output: Output): Promise<ExitStatus> {
  checkTarget(flags.target);
  const { compiled, set, data, options } = await compileFile(file, flags, output);
  output.diagnose(compiled.diagnostics);
  const model = compiled.model as Model;
  const { problem, derivation } = compiled;
  const { out, embedData } = flags;
  const { sizes, warnings, tables } = embedData
    ? await readData(model, data, options)
    : { ...(await sizesIfRead(model, data, options)), tables: new Map() };
  const plan = planFor(compiled, options, sizes);
  if (plan === undefined || problem === undefined || derivation === undefined)
    throw new BilevelError([noProblem(compiled.file)]);
  output.diagnose(warnings);
  const solve = new Map([...model.solve, ...options]);
  const params = new Map([...set].filter(([name]) => model.params.some((param) => param.name === name)));
  const parts: ModuleParts = { model, problem, derivation, plan, solve, sizes, set: params, data: tables };
  const name = basename(out ?? `${basename(file, ".bilevel")}.js`);
  const text = moduleText(parts, { name, version: manifest.version, runtime: STANDALONE_RUNTIME, embedData });
  if (out === undefined) output.print(text);
  else {
    writeWhole(out, text);
    writeWhole(declarationsOf(out), moduleTypes(parts, { embedData }));
  }
  return 0;
}

function checkTarget(target: string): void {
  const known = targets[target];
  const available = Object.keys(targets)
    .filter((name) => targets[name])
    .join(", ");
  if (known === undefined)
    throw new BilevelError([commandLine(`there is no target ${target}`, `write --target ${available}`)]);
  if (!known) throw new BilevelError([commandUnavailable(`--target ${target}`, `write --target ${available}`)]);
}

/** ridge.js has ridge.d.ts, ridge.mjs has ridge.d.mts. */
function declarationsOf(out: string): string {
  return /\.[cm]?js$/.test(out) ? out.replace(/\.([cm]?)js$/, ".d.$1ts") : `${out}.d.ts`;
}
