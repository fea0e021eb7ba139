/** A compiled problem on an engine: every input has a vector, every kernel reads and writes fixed ones. */

import { type Input, type Node, reachable } from "../compiler/ir/node.ts";
import { evaluateSize, type Size, type SizeBindings } from "../compiler/ir/size.ts";
import type { Problem } from "../compiler/lower/problem.ts";
import { generate } from "./data/generators.ts";
import { isColumn, type Table } from "./data/table.ts";
import type { Engine, Kernel, Vector } from "./engine/engine.ts";

export interface Binding {
  readonly engine: Engine;
  readonly sizes: SizeBindings;
  /** Inputs that do not change: data, params, generated arrays. */
  readonly constants: ReadonlyMap<Input, Vector>;
  /** Where the changing inputs are read from. */
  readonly slots: Map<Input, Vector>;
}

export function lengthOf(shape: readonly Size[], sizes: SizeBindings): number {
  return shape.reduce((product, size) => product * sizeNumber(size, sizes), 1);
}

export function sizeNumber(size: Size, sizes: SizeBindings): number {
  const value = evaluateSize(size, sizes);
  if (value === undefined) throw new Error(`size ${size.key} is not bound`);
  return value;
}

/** Puts data, generated arrays and params into the engine, which empties the tables. `params` holds replaced ones by name. */
export function bind(
  problem: Problem,
  engine: Engine,
  tables: ReadonlyMap<string, Table>,
  sizes: SizeBindings,
  params: ReadonlyMap<string, Float64Array>,
): Binding {
  const constants = new Map<Input, Vector>();
  /** Room first: what does not fit is refused before it is computed. */
  const put = (input: Input, length: number, values: () => ArrayLike<number>): void => {
    const vector = engine.allocate(length);
    engine.write(vector, values());
    constants.set(input, vector);
  };
  const columns = new Map<Input, Float64Array>();
  for (const input of problem.graph.inputs.values()) {
    if (input.role !== "data") continue;
    const dot = input.name.indexOf(".");
    const field = tables.get(input.name.slice(0, dot))?.fields.get(input.name.slice(dot + 1));
    if (field !== undefined && !isColumn(field))
      put(input, lengthOf(input.shape, sizes), () => foldMask(field, lengthOf(input.shape, sizes)));
    if (field !== undefined && isColumn(field)) columns.set(input, field.values);
  }
  takeColumns(engine, columns, constants);
  for (const { input, generator } of problem.generated) {
    const shape = input.shape.map((size) => sizeNumber(size, sizes));
    put(input, lengthOf(input.shape, sizes), () => generate(generator, shape));
  }

  const binding: Binding = { engine, sizes, constants, slots: new Map() };
  for (const param of inReadingOrder(problem.params))
    put(
      param.input,
      lengthOf(param.input.shape, sizes),
      () => params.get(param.input.name) ?? evaluateNode(binding, param.value),
    );
  return binding;
}

/** The engine's memory takes the columns over; one that tables share is taken for its last input. */
function takeColumns(engine: Engine, columns: ReadonlyMap<Input, Float64Array>, constants: Map<Input, Vector>): void {
  const last = new Map([...columns].map(([input, values]) => [values, input]));
  for (const [input, values] of columns)
    constants.set(input, engine.take(last.get(values) === input ? values : values.slice()));
}

/** [folds, rows]: 1 where the fold's part has the row. */
function foldMask(parts: readonly Table[], length: number): Float64Array {
  const mask = new Float64Array(length);
  const rows = length / parts.length;
  parts.forEach(({ taken = new Uint32Array() }, fold) => {
    for (const row of taken) mask[fold * rows + row] = 1;
  });
  return mask;
}

/** Each param after those that its value reads; the checker has refused cycles. */
function inReadingOrder(params: Problem["params"]): Problem["params"] {
  const ordered: Problem["params"][number][] = [];
  const place = (param: Problem["params"][number]): void => {
    if (ordered.includes(param)) return;
    const read = new Set<Node>(reachable([param.value]));
    for (const other of params) if (other !== param && read.has(other.input)) place(other);
    ordered.push(param);
  };
  params.forEach(place);
  return ordered;
}

/** A node that reads constants and slots, as numbers. */
export function evaluateNode(binding: Binding, node: Node): Float64Array {
  return evaluateNodes(binding, [node])[0] as Float64Array;
}

/** Several, by one kernel. */
export function evaluateNodes(binding: Binding, nodes: readonly Node[]): readonly Float64Array[] {
  const { engine } = binding;
  const outs = nodes.map((node) => engine.allocate(lengthOf(node.shape, binding.sizes)));
  runOnce(binding, "values", nodes, outs);
  return outs.map((out) => {
    const values = engine.read(out);
    engine.release(out);
    return values;
  });
}

/** A new vector for a changing input. */
export function addSlot(binding: Binding, input: Input): Vector {
  const vector = binding.engine.allocate(lengthOf(input.shape, binding.sizes));
  binding.slots.set(input, vector);
  return vector;
}

/** One flat vector for several changing inputs, each reading its part. */
export function addSlots(binding: Binding, inputs: readonly Input[]): Vector {
  const { engine, sizes, slots } = binding;
  const lengths = inputs.map((input) => lengthOf(input.shape, sizes));
  const vector = engine.allocate(lengths.reduce((a, b) => a + b, 0));
  partsOf(binding, vector, lengths).forEach((part, k) => slots.set(inputs[k] as Input, part));
  return vector;
}

/** Consecutive views of a flat vector. */
export function partsOf(binding: Binding, vector: Vector, lengths: readonly number[]): readonly Vector[] {
  let offset = 0;
  return lengths.map((length) => {
    const part = lengths.length === 1 ? vector : binding.engine.view(vector, offset, length);
    offset += length;
    return part;
  });
}

/** Compiles outputs over the slots' present vectors; calling it writes the outputs. */
export function kernelOf(
  binding: Binding,
  name: string,
  outputs: readonly Node[],
  into: readonly Vector[],
): () => void {
  const { kernel, vectors } = compiled(binding, name, outputs);
  return () => kernel.run(vectors, into);
}

/** Writes the outputs once and keeps nothing. */
export function runOnce(binding: Binding, name: string, outputs: readonly Node[], into: readonly Vector[]): void {
  const { kernel, vectors } = compiled(binding, name, outputs);
  kernel.run(vectors, into);
  kernel.release();
}

function compiled(
  binding: Binding,
  name: string,
  outputs: readonly Node[],
): { readonly kernel: Kernel; readonly vectors: readonly Vector[] } {
  const { engine, constants, slots, sizes } = binding;
  const read = reachable(outputs).filter((node): node is Input => node.kind === "input" && !constants.has(node));
  const kernel = engine.compile({ name, arguments: read, outputs }, constants, sizes);
  const vectors = read.map((input) => {
    const vector = slots.get(input);
    if (vector === undefined) throw new Error(`${name} reads ${input.name}, which has no vector`);
    return vector;
  });
  return { kernel, vectors };
}

/** The same with one flat vector for all outputs. */
export function flatKernel(binding: Binding, name: string, outputs: readonly Node[], into: Vector): () => void {
  const lengths = outputs.map((output) => lengthOf(output.shape, binding.sizes));
  return kernelOf(binding, name, outputs, partsOf(binding, into, lengths));
}
