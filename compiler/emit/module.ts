/**
 * A compiled problem as one ES module that runs without this project. It holds the tensor program rather than WebAssembly
 * bytes: the runtime emits them when the module loads, in a few milliseconds. Bytes hold for one set of sizes and one kind of host
 * (relaxed SIMD, threads), and some kernels are only asked for where a solve goes wrong. In base64 they are three to four times the
 * program's text, which about pays for the emitter; and one module serves any rows of data, with the very kernels of `bilevel run`.
 */
import type { Model, OptionValue } from "../check/model.ts";
import type { ArrayType, TableType } from "../check/types.ts";
import type { Derivation } from "../derive/implicit.ts";
import type { Problem } from "../lower/problem.ts";
import type { Plan } from "../plan/plan.ts";
import { builderNames, writeProgram } from "./module-program.ts";

export interface ModuleColumn {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export interface ModuleTable {
  readonly fields: ReadonlyMap<string, ModuleColumn>;
}

/** What a module is made from. */
export interface ModuleParts {
  readonly model: Model;
  readonly problem: Problem;
  readonly derivation: Derivation;
  readonly plan: Plan;
  /** The solve block, with what replaces its entries. */
  readonly solve: ReadonlyMap<string, OptionValue>;
  readonly sizes: ReadonlyMap<string, number>;
  /** Params that replace the source's: numbers and nested arrays. */
  readonly set: ReadonlyMap<string, unknown>;
  readonly data: ReadonlyMap<string, ModuleTable>;
}

/** What a module's runtime computes with. */
export const moduleTargets = ["wasm", "tfjs"] as const;
export type ModuleTarget = (typeof moduleTargets)[number];

/** What the text around the program says and holds. */
export interface ModuleWrapping {
  /** The module's own file name, for its example. */
  readonly name: string;
  readonly version: string;
  readonly target: ModuleTarget;
  /** A statement that declares `bilevel`, with what runtime/standalone.ts exports. */
  readonly runtime: string;
  /** Without it, the module only has `load`. */
  readonly embedData: boolean;
}

/** The module's text. */
export function moduleText(parts: ModuleParts, wrapping: ModuleWrapping): string {
  const { runtime, embedData } = wrapping;
  const { model, problem, derivation, plan, solve, sizes, set } = parts;
  const tables = tablesRead(model, problem);
  const declared = [...model.unknowns, ...model.params].map((each) => ({ name: each.name, type: each.type }));
  const { dims, requirements } = model;
  const program = {
    problem,
    derivation,
    plan,
    declared,
    solve,
    tables,
    dims,
    requirements,
    sizes,
    set,
  };
  const exported = exportedNames(problem).join(", ");
  const embedded = embedData
    ? [
        `/** The columns that the program reads. */\nconst data = ${dataText(parts.data, tables)};`,
        `const problem = await load(data);\nexport default problem;\nexport const { ${exported} } = problem;`,
      ]
    : [];
  return [
    header(parts, wrapping),
    functionText(writeProgram(program)),
    `/** The engine, the solvers and the methods. */\n${runtime}`,
    "export const load = bilevel.loader(program);",
    ...embedded,
    "",
  ].join("\n\n");
}

/** A file without an upper level has nothing to differentiate. */
export function exportedNames(problem: Problem): readonly string[] {
  return problem.upper === undefined ? ["value", "solve"] : ["value", "gradient", "hypergradient", "solve"];
}

function header({ model, problem }: ModuleParts, { name, version, target, embedData }: ModuleWrapping): string {
  const variables = problem.upper?.variables.map((variable) => variable.name) ?? [];
  const at = variables.length === 0 ? "" : `{ ${variables.join(", ")} }`;
  const exported = exportedNames(problem);
  const uses = {
    value: [
      `value(${at})`,
      problem.upper === undefined
        ? "what the lower level minimizes, at its solution"
        : "the upper objective, the lower level solved",
    ],
    gradient: [`gradient(${at})`, "its partial derivatives in either level, { upper, lower }"],
    hypergradient: [`hypergradient(${at})`, "its total derivative, the lower level's solution and the residuals"],
    solve: ["await solve()", "the solution and the reports"],
  } as const satisfies Record<string, readonly [string, string]>;
  const loading = "await load(tables, params)";
  const width = Math.max(loading.length, ...Object.values(uses).map(([call]) => call.length)) + 4;
  const lines = exported.map((each) => {
    const [call, meaning] = uses[each as keyof typeof uses];
    return `    ${call.padEnd(width)}${meaning}`;
  });
  const importing = embedData
    ? [`    import { ${exported.join(", ")} } from "./${name}";`]
    : [`    import { load } from "./${name}";`, `    const { ${exported.join(", ")} } = await load(tables);`];
  const rest = [
    `${model.file.split(/[\\/]/).at(-1)} as a module that runs by itself, in Node.js and in browsers. Written by Bilevel ${version}, whose`,
    "runtime it contains (MIT licence).",
    "",
    ...importing,
    "",
    ...lines,
    `    ${loading.padEnd(width)}these functions for ${embedData ? "other " : ""}data`,
    "",
    "The tensor program comes first: a line a node, then its parts under the formulas that they compute. The runtime turns it into",
    ...turnedInto[target],
  ];
  return `/**\n${rest.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */`;
}

const turnedInto = {
  wasm: ["WebAssembly when the module loads."],
  tfjs: [
    "operations of TensorFlow.js when the module loads, in single precision. That library (Apache licence 2.0) is within, with its",
    "backend for any processor; `await load(tables, params, tf)` takes another one, such as @tensorflow/tfjs-node.",
  ],
} as const satisfies Record<ModuleTarget, readonly string[]>;

/** The program's statements as a function of the builders that they call. */
function functionText(body: string): string {
  const called = builderNames.filter(
    (name) => name === "graph" || body.includes(` ${name}(`) || body.includes(`[${name}(`),
  );
  return `function program({ ${called.join(", ")} }) {\n${indented(body)}\n}`;
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");

export interface TableRead extends TableType {
  readonly fields: ReadonlyMap<string, ArrayType>;
}

/** The tables of which the program reads a field, with those fields alone. Of the parts of a fold it reads which rows they have. */
export function tablesRead(model: Model, problem: Problem): ReadonlyMap<string, TableRead> {
  const { inputs } = problem.graph;
  const declared = model.data.flatMap((declaration) => declaration.tables);
  return new Map(
    declared.flatMap(({ name, type }) => {
      const fields = [...type.fields].flatMap(([field, fieldType]) => {
        const input = inputs.get(`${name}.${field}`);
        if (input?.role !== "data") return [];
        const rowsTaken: ArrayType = { kind: "array", element: "bool", shape: input.shape };
        return [[field, fieldType.kind === "table" ? rowsTaken : fieldType] as const];
      });
      return fields.length === 0 ? [] : [[name, { ...type, fields: new Map(fields) }] as const];
    }),
  );
}

// ------------------------------------------------------------------------------------------------------------- data

function dataText(data: ModuleParts["data"], types: ReadonlyMap<string, TableRead>): string {
  const tables = [...types].map(([name, type]) => {
    const table = data.get(name);
    if (table === undefined) throw new Error(`the table ${name} was not read`);
    return `${JSON.stringify(name)}: ${tableText(table, [...type.fields.keys()])}`;
  });
  return braced(tables);
}

function tableText({ fields }: ModuleTable, names: readonly string[]): string {
  const texts = names.map((name) => {
    const field = fields.get(name);
    if (field === undefined) throw new Error(`the field ${name} was not read`);
    return `${JSON.stringify(name)}: ${columnText(field)}`;
  });
  return braced(texts);
}

const braced = (items: readonly string[]): string =>
  `{\n${items.map((item) => `  ${item.replaceAll("\n", "\n  ")},\n`).join("")}}`;

/** The narrowest first; the runtime knows them by these names. */
const packings = [
  ["u8", Uint8Array],
  ["f32", Float32Array],
  ["f64", Float64Array],
] as const;

function columnText({ shape, values }: ModuleColumn): string {
  for (const [name, Packed] of packings) {
    const packed = Packed.from(values);
    if (values.every((value, i) => Object.is(packed[i], value))) {
      return `bilevel.unpack("${name}", [${shape.join(", ")}], "${base64(new Uint8Array(packed.buffer))}")`;
    }
  }
  throw new Error("a column holds what is no number");
}

function base64(bytes: Uint8Array): string {
  let text = "";
  // A call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}
