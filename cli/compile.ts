/** `bilevel compile`: the problem as a module that runs without this project, and the types of its functions. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Model } from "../compiler/check/model.ts";
import {
  type ModuleColumn,
  type ModuleParts,
  type ModuleTarget,
  moduleTargets,
  moduleText,
} from "../compiler/emit/module.ts";
import { moduleTypes } from "../compiler/emit/module-types.ts";
import { noProblem } from "../compiler/errors.ts";
import type { SizeBindings } from "../compiler/ir/size.ts";
import type { Problem } from "../compiler/lower/problem.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import manifest from "../package.json" with { type: "json" };
import { sizeNumber } from "../runtime/bind.ts";
import { foldMask } from "../runtime/data/folds.ts";
import { pathOf } from "../runtime/data/sources.ts";
import { type Column, isColumn, type Table } from "../runtime/data/table.ts";
import { commandLine, commandUnavailable } from "./errors.ts";
import { planFor, readData, sizesIfRead } from "./inspect.ts";
import type { ExitStatus, Output } from "./output.ts";
import { compileFile, type ProgramFlags } from "./program.ts";
import { writeWhole } from "./write-file.ts";

export interface CompileFlags extends ProgramFlags {
  readonly target: string;
  /** Where the module goes, its types beside it; standard output takes the module alone. */
  readonly out?: string;
  readonly embedData: boolean;
}

/** The language's targets that this version does not have. */
const later: readonly string[] = ["jax", "onnx"];

export async function compileModule(file: string, flags: CompileFlags, output: Output): Promise<ExitStatus> {
  const { text, types } = await moduleOf(file, flags, output);
  const { out } = flags;
  if (out === undefined) output.print(text);
  else {
    writeWhole(out, text);
    writeWhole(declarationsOf(out), types);
  }
  return 0;
}

export interface Module {
  readonly text: string;
  /** Its declarations. */
  readonly types: string;
  /** Every file that it was made from. */
  readonly files: readonly string[];
}

/** Throws a BilevelError with everything that is wrong in the program, its data or the flags. */
export async function moduleOf(file: string, flags: CompileFlags, output: Output): Promise<Module> {
  const target = targetOf(flags.target);
  // The target is the engine that the solvers are planned for.
  const onTarget = { ...flags, solve: new Map([...flags.solve, ["engine", target]]) };
  const { compiled, set, data, options } = await compileFile(file, onTarget, output);
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
  const parts: ModuleParts = {
    model,
    problem,
    derivation,
    plan,
    solve,
    sizes,
    set: params,
    data: columnsIn(tables, problem, sizes),
  };
  const name = basename(out ?? `${basename(file, ".bilevel")}.js`);
  const text = moduleText(parts, {
    name,
    version: manifest.version,
    target,
    runtime: standaloneRuntime(target),
    embedData,
  });
  const dataFiles = model.data.map((declaration) => pathOf(declaration, data)).filter((path) => path !== undefined);
  return {
    text,
    types: moduleTypes(parts, { target, embedData }),
    files: [...output.sources.texts.keys(), ...dataFiles],
  };
}

/** The columns that the program reads; of the parts of a fold, which rows they have. */
function columnsIn(
  tables: ReadonlyMap<string, Table>,
  { graph }: Problem,
  sizes: SizeBindings,
): ReadonlyMap<string, { readonly fields: ReadonlyMap<string, ModuleColumn> }> {
  const columnOf = (path: string, field: Column | readonly Table[]): readonly ModuleColumn[] => {
    if (isColumn(field)) return [field];
    const shape = graph.inputs.get(path)?.shape.map((size) => sizeNumber(size, sizes));
    return shape === undefined
      ? []
      : [
          {
            shape,
            values: foldMask(
              field,
              shape.reduce((a, b) => a * b, 1),
            ),
          },
        ];
  };
  return new Map(
    [...tables].map(([name, table]) => {
      const columns = [...table.fields].flatMap(([field, values]) =>
        columnOf(`${name}.${field}`, values).map((column) => [field, column] as const),
      );
      return [name, { fields: new Map(columns) }];
    }),
  );
}

function targetOf(name: string): ModuleTarget {
  const target = moduleTargets.find((each) => each === name);
  if (target !== undefined) return target;
  const suggestion = `write --target ${moduleTargets.join(", ")}`;
  if (later.includes(name)) throw new BilevelError([commandUnavailable(`--target ${name}`, suggestion)]);
  throw new BilevelError([commandLine(`there is no target ${name}`, suggestion)]);
}

/** A statement that declares `bilevel`: runtime/standalone.ts as the build bundles it (scripts/build.mjs). */
function standaloneRuntime(target: ModuleTarget): string {
  const folder = import.meta.url.endsWith(".ts") ? "../dist/" : "./";
  return readFileSync(new URL(`${folder}standalone-${target}.js`, import.meta.url), "utf8").trim();
}

/** ridge.js has ridge.d.ts, ridge.mjs has ridge.d.mts. */
function declarationsOf(out: string): string {
  return /\.[cm]?js$/.test(out) ? out.replace(/\.([cm]?)js$/, ".d.$1ts") : `${out}.d.ts`;
}
