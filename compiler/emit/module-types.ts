/** The declarations beside a compiled module: its functions, typed by the model's own names and shapes. */
import type { Model } from "../check/model.ts";
import { showType } from "../check/types.ts";
import { declaredName, type Input, type Node, tensorName } from "../ir/node.ts";
import { type Size, showSizes } from "../ir/size.ts";
import { clausesOf, type Problem } from "../lower/problem.ts";
import {
  exportedNames,
  type ModuleParts,
  type ModuleTarget,
  type ModuleWrapping,
  type TableRead,
  tablesRead,
} from "./module.ts";

/** The text of the `.d.ts`. */
export function moduleTypes(
  { model, problem }: Pick<ModuleParts, "model" | "problem">,
  { target, embedData }: Pick<ModuleWrapping, "target" | "embedData">,
): string {
  const upper = problem.upper?.variables ?? [];
  const lower = clausesOf(problem.level).flatMap(({ unknowns }) => unknowns);
  const params = problem.params.map(({ input }) => input);
  const docs = docsOf(model);
  const exported = exportedNames(problem);
  const interfaces = [
    ["Upper", "The upper variables.", unknownProperties(upper, problem, docs)],
    ["Lower", "The unknowns of all levels below.", unknownProperties(lower, problem, docs)],
    [
      "Reports",
      "What `solve` reports at the end.",
      problem.reports.map(({ name, value }) => reported(name, value, docs)),
    ],
    ["Params", "Constants that may be replaced.", params.map((input) => property(input, docs))],
    ["Tables", "The data: nested arrays, or flat row-major numbers with their shape.", tableProperties(model, problem)],
  ] as const;
  const functions = functionTexts.filter(({ name }) => exported.includes(name));
  return [
    ...interfaces.map(([name, doc, properties]) => {
      const body = properties.length === 0 ? "{}" : `{\n${properties.join("\n")}\n}`;
      return `/** ${doc} */\nexport interface ${name} ${body}`;
    }),
    shared,
    `export interface Module {\n${functions.map(({ text }) => indented(text)).join("\n")}\n}`,
    loadTexts[target],
    ...(embedData
      ? [
          ...functions.map(
            ({ name, text }) => `${commentOf(text)}\nexport declare const ${name}: Module[${JSON.stringify(name)}];`,
          ),
          "declare const problem: Module;\nexport default problem;",
        ]
      : []),
    "",
  ].join("\n\n");
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");
const commentOf = (text: string): string => text.slice(0, text.indexOf("*/") + 2);

function docsOf(model: Model): ReadonlyMap<string, string> {
  const declared = [...model.unknowns, ...model.params, ...model.reports];
  return new Map(declared.flatMap(({ name, doc }) => (doc === undefined ? [] : [[name, doc] as const])));
}

// ------------------------------------------------------------------------------------------------------- properties

const nested = (rank: number): string => `number${"[]".repeat(rank)}`;
const shapeText = (shape: readonly Size[]): string => (shape.length === 0 ? "real" : `real[${showSizes(shape)}]`);
const named = (name: string): string => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : JSON.stringify(name));

function documented(name: string, what: string, doc: string | undefined, type: string): string {
  const comment = (doc === undefined ? what : `${what}: ${doc}`).replaceAll("*/", "* /").replaceAll("\n", " ");
  return `  /** ${comment} */\n  ${named(name)}: ${type};`;
}

function property(input: Input, docs: ReadonlyMap<string, string>): string {
  return documented(input.name, shapeText(input.shape), docs.get(input.name), nested(input.shape.length));
}

/** The weights of a map are one value: an array for each of their names. A function in an RKHS is its points and coefficients. */
function unknownProperties(
  inputs: readonly Input[],
  { expansions }: Problem,
  docs: ReadonlyMap<string, string>,
): readonly string[] {
  return [...Map.groupBy(inputs, declaredName)].map(([name, own]) => {
    const [first] = own;
    const expansion = expansions.find(({ coefficients }) => coefficients === first);
    if (expansion !== undefined) {
      const coefficients = nested(expansion.weights.shape.length);
      return documented(name, "a function", docs.get(name), `{ points: number[][]; coefficients: ${coefficients} }`);
    }
    if (first !== undefined && tensorName(first) === undefined) return property(first, docs);
    const tensors = own.map((input) => `${named(tensorName(input) ?? "")}: ${nested(input.shape.length)}`);
    return documented(name, "weights", docs.get(name), `{ ${tensors.join("; ")} }`);
  });
}

function reported(name: string, value: Node, docs: ReadonlyMap<string, string>): string {
  return documented(name, shapeText(value.shape), docs.get(name), nested(value.shape.length));
}

function tableProperties(model: Model, problem: Problem): readonly string[] {
  return [...tablesRead(model, problem)].map(([name, type]) => `  ${named(name)}: ${tableType(type)};`);
}

function tableType({ fields }: TableRead): string {
  const lines = [...fields].map(
    ([name, type]) => `    /** ${showType(type)} */\n    ${named(name)}: ${nested(type.shape.length)} | Column;`,
  );
  return `{\n${lines.join("\n")}\n  }`;
}

// -------------------------------------------------------------------------------------------- what all modules share

const shared = `/** Numbers of any shape, row-major. */
export interface Column {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** For the library's \`compile<Names>\`. */
export interface Names {
  readonly upper: Upper;
  readonly lower: Lower;
  readonly reports: Reports;
}

/** Where the upper variables are; one that is missing takes its start, and one number fills an array. */
export type Point = { readonly [Name in keyof Upper]?: Upper[Name] | number };

/**
 * Relative and computed afresh. \`inner\`: of the lower level's optimality condition. \`adjoint\`: of the linear system behind the
 * hypergradient.
 */
export interface Residuals {
  inner: number;
  adjoint: number;
}

export type Nested = number | Nested[];

export interface Hypergradient {
  value: number;
  gradient: Upper;
  lower: Lower;
  /** Of the upper problem, in the order written: left − right, or right − left for >=. The gradient is the objective's alone. */
  constraints?: { value: Nested }[];
  residuals: Residuals;
  contraction?: number;
  method: string;
  engine: string;
  warnings: string[];
}

export interface TraceEntry {
  step: number;
  value: number;
  gradient_norm: number;
  seconds: number;
  inner_residual: number;
  adjoint_residual: number;
}

export interface SolveOptions {
  /** Ends the run with the best point so far. */
  readonly signal?: AbortSignal;
  /** The run goes on when what it returns is settled. */
  readonly onStep?: (entry: TraceEntry) => unknown;
  /** Seconds. */
  readonly timeLimit?: number;
  /** An objective at least as good ends the run. */
  readonly target?: number;
}

export interface Solution {
  status: "converged" | "reached" | "max_steps" | "time_limit" | "diverged" | "interrupted";
  value: number;
  gradient_norm: number;
  steps: number;
  seconds: number;
  method: string;
  engine: string;
  upper: Upper;
  lower: Lower;
  reports: Reports;
  constraints?: { value: Nested; multiplier: Nested }[];
  residuals: Residuals;
  contraction?: number;
  trace: TraceEntry[];
  warnings: string[];
  message?: string;
}

/**
 * Awaited, it gives the solution. \`for await (const step of run)\` gives its steps, and the run goes on only as they are asked for: leaving
 * the loop ends it there, with its best point so far.
 */
export interface Run extends Promise<Solution>, AsyncIterable<TraceEntry> {}`;

/** Every function throws an Error whose `diagnostics` say what is wrong. */
const functionTexts = [
  {
    name: "value",
    text: `/** The upper objective at a point, the lower level solved; without an upper level, what the lower one minimizes. */
value(at?: Point): number;`,
  },
  {
    name: "gradient",
    text: `/**
 * Partial derivatives of the upper objective at the lower level's solution, in the variables of either level with the other held
 * constant. The derivative through the lower level is \`hypergradient\`.
 */
gradient(at?: Point): { upper: Upper; lower: Lower };`,
  },
  {
    name: "hypergradient",
    text: `/** The total derivative of the upper objective, through the lower level's solution. */
hypergradient(at?: Point): Hypergradient;`,
  },
  {
    name: "solve",
    text: `/** Solves the problem from its start. */
solve(options?: SolveOptions): Run;`,
  },
] as const;

const loadDoc = `/**
 * The functions for these tables, as the problem reads them: split and scaled already. They throw an Error whose \`diagnostics\` say
 * what is wrong with the data or the problem.`;

const loadTexts = {
  wasm: `${loadDoc}
 */
export declare function load(tables: Tables, params?: Partial<Params>): Promise<Module>;`,
  tfjs: `${loadDoc} \`tf\` is the TensorFlow.js to compute with, its backend set, by default the one
 * within; its numbers must be there at once, which rules out WebGPU.
 */
export declare function load(tables: Tables, params?: Partial<Params>, tf?: object): Promise<Module>;`,
} as const satisfies Record<ModuleTarget, string>;
