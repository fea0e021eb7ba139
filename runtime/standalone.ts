/**
 * What a compiled module brings along: the engine, the solvers and the methods, bundled into one expression. It takes the tensor
 * program as the module writes it down and gives the function that binds it to data. No Node API: it runs in a page.
 */
import type { DataRequirement, DimDeclaration } from "../compiler/check/model.ts";
import type { TableType } from "../compiler/check/types.ts";
import * as build from "../compiler/ir/graph.ts";
import type { InputRole, MapFunction, Node, ReduceFunction } from "../compiler/ir/node.ts";
import { readSize, readSizes } from "../compiler/ir/read-size.ts";
import { largestArray } from "../compiler/plan/memory.ts";
import { BilevelError, type Diagnostic } from "../grammar/diagnostics.ts";
import { createAnswers, fitted, type Parts, unknownName } from "./answers.ts";
import { bind } from "./bind.ts";
import { type Packed, type TableGiven, tableFrom } from "./data/given.ts";
import { checkRequirements } from "./data/requirements.ts";
import { settleShapes, shapeClaims } from "./data/shapes.ts";
import { createSizes } from "./data/sizes.ts";
import { isColumn } from "./data/table.ts";
import type { Engine } from "./engine/engine.ts";
import { createWasmEngine } from "./engine/wasm/engine.ts";
import type { SolveOptions } from "./run.ts";
import { runWithSteps } from "./steps.ts";
import type { NestedArray, Point } from "./types.ts";

export type TablesGiven = Readonly<Record<string, TableGiven>>;

/** A program as a module writes it down. It has no spans, and nothing here looks at one. */
export interface ModuleProgram extends Omit<Parts, "binding" | "warnings"> {
  /** The tables with the fields that the program reads. */
  readonly tables: ReadonlyMap<string, TableType>;
  readonly dims: readonly DimDeclaration[];
  readonly requirements: readonly DataRequirement[];
  /** Sizes that no column that is read tells. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Params that replace the source's. */
  readonly set: ReadonlyMap<string, NestedArray>;
}

/** The graph's builders with short arguments: shapes as `n, d`, einsums as `ij,j->i`. */
export function createBuilders() {
  const graph = build.createGraph();
  return {
    graph,
    size: readSize,
    input: (name: string, role: InputRole, shape = "") => build.input(graph, name, role, readSizes(shape)),
    constant: (value: number, shape = "") => build.constant(graph, value, readSizes(shape)),
    literal: (values: readonly number[], shape = "") =>
      build.literal(graph, Float64Array.from(values), readSizes(shape)),
    sizeNode: (size: string) => build.sizeNode(graph, readSize(size)),
    iota: (size: string) => build.iota(graph, readSize(size)),
    delta: (size: string) => build.delta(graph, readSize(size)),
    /** `sizes` names those of labels that no operand has, or has by another name. */
    einsum: (form: string, operands: readonly Node[], sizes: Readonly<Record<string, string>> = {}) => {
      const [inputs = "", output = ""] = form.split("->").map((part) => part.split(","));
      const labels = (text: string): readonly number[] => [...text].map((letter) => letter.codePointAt(0) as number);
      const named = Object.entries(sizes).map(
        ([label, size]) => [label.codePointAt(0) as number, readSize(size)] as const,
      );
      const own = operands.length === 0 ? [] : [...inputs].map(labels);
      return build.einsum(graph, operands, own, labels(output[0] ?? ""), new Map(named));
    },
    /** Σ coefficient · operand */
    add: (...terms: readonly (readonly [coefficient: number, operand: Node])[]) =>
      build.add(
        graph,
        terms.map(([coefficient]) => coefficient),
        terms.map(([, operand]) => operand),
      ),
    map: (fn: MapFunction, ...operands: readonly Node[]) => build.map(graph, fn, ...operands),
    reduce: (fn: ReduceFunction, operand: Node, axis: number) => build.reduce(graph, fn, operand, axis),
    gather: (operand: Node, index: Node, axis: number) => build.gather(graph, operand, index, axis),
    scatter: (operand: Node, index: Node, axis: number, size: string) =>
      build.scatter(graph, operand, index, axis, readSize(size)),
    reshape: (operand: Node, shape: string) => build.reshape(graph, operand, readSizes(shape)),
    solve: (matrix: Node, rhs: Node) => build.solve(graph, matrix, rhs),
    logdet: (matrix: Node) => build.logdet(graph, matrix),
    cholesky: (matrix: Node) => build.cholesky(graph, matrix),
  };
}

export type Builders = ReturnType<typeof createBuilders>;

/** How a target makes its engine, from what the caller of `load` gives it beside data and params. */
type EngineMaker<Given> = (precision: Engine["precision"], given: Given | undefined) => Promise<Engine>;

/** WebAssembly is emitted as the module loads. */
export const loader = loaderOn((precision) => createWasmEngine({ precision }));

/**
 * `load` of a module's program: its functions for given tables and params. They throw a BilevelError for what is wrong with them.
 */
export function loaderOn<Given>(createEngine: EngineMaker<Given>) {
  return (program: (builders: Builders) => ModuleProgram) =>
    async (given: TablesGiven = {}, set: Readonly<Record<string, NestedArray>> = {}, device?: Given) => {
      const parts = program(createBuilders());
      const { tables, sizes } = await bindData(parts, given);
      const params = new Map(
        [...parts.set, ...Object.entries(set)].map(([name, value]) => {
          const inputs = parts.problem.params.map(({ input }) => input);
          const input = inputs.find((each) => each.name === name);
          if (input === undefined)
            throw unknownName(
              name,
              inputs.map((each) => each.name),
              "param",
            );
          return [name, fitted(parts.declared, input, value, sizes)] as const;
        }),
      );
      const precision = parts.solve.get("precision");
      const engine = await createEngine(
        precision?.kind === "word" && precision.value === "f32" ? "f32" : "f64",
        device,
      );
      const binding = bind(parts.problem, engine, tables, sizes, params, largestArray(parts.solve));
      const answers = createAnswers({ ...parts, binding, warnings: [] });
      return {
        value: answers.value,
        gradient: answers.partials,
        hypergradient: (at?: Point) => withMessages(answers.hypergradient(at)),
        solve: (given: SolveOptions = {}) =>
          runWithSteps(async (options) => withMessages(await answers.solve(options)), given),
      };
    };
}

/** A result as its JSON document has it: warnings are sentences. */
function withMessages<R extends { readonly warnings: readonly Diagnostic[]; readonly complete: boolean }>(result: R) {
  const { complete, warnings, ...document } = result;
  return { ...document, warnings: warnings.map((warning) => warning.message) };
}

async function bindData(program: ModuleProgram, given: TablesGiven) {
  const problems: Diagnostic[] = [];
  const tables = new Map(
    [...program.tables].map(
      ([name, type]) => [name, tableFrom(name, type, given[name] ?? {}, origin, nowhere)] as const,
    ),
  );
  const classesOf = (table: string, field: string): number | undefined => {
    const column = tables.get(table)?.fields.get(field);
    return column === undefined || !isColumn(column)
      ? undefined
      : column.values.reduce((most, label) => Math.max(most, label + 1), 0);
  };
  const sizes = createSizes(program.dims, new Map(), classesOf, (problem) => problems.push(problem));
  const claims = [...tables].flatMap(([name, table]) => [
    ...shapeClaims(name, program.tables.get(name) as TableType, table, origin, nowhere),
  ]);
  settleShapes(claims, sizes, problems);
  for (const [name, value] of program.sizes) {
    if (sizes.value(readSize(name)) === undefined) sizes.bound.set(name, value);
  }
  settleShapes(claims, sizes, problems);
  problems.push(...(await checkRequirements(program.requirements, tables, sizes)));
  if (problems.length > 0) throw new BilevelError(problems);
  return { tables, sizes: sizes.bound };
}

const origin = "the given data";
const nowhere = { file: origin, start: 0, end: 0 };

/** How the embedded columns are packed: the narrowest that holds every number exactly. */
const packings = { u8: Uint8Array, f32: Float32Array, f64: Float64Array } as const;

/** A column that was embedded as base64 of little-endian numbers. */
export function unpack(packing: keyof typeof packings, shape: readonly number[], base64: string): Packed {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return { shape, values: new packings[packing](bytes.buffer) };
}
