/** A compiled problem on an engine: every input has a vector, every kernel reads and writes fixed ones. */

import type { Graph } from "../compiler/ir/graph.ts";
import { type Input, type Node, reachable } from "../compiler/ir/node.ts";
import { evaluateSize, type Size, type SizeBindings } from "../compiler/ir/size.ts";
import type { Problem } from "../compiler/lower/problem.ts";
import { type Compile, staged } from "./blocks.ts";
import { foldMask } from "./data/folds.ts";
import { generate } from "./data/generators.ts";
import { type Column, isColumn, type Table } from "./data/table.ts";
import type { Engine, Vector } from "./engine/engine.ts";

export interface Binding {
  readonly engine: Engine;
  readonly sizes: SizeBindings;
  /** Inputs that do not change: data, params, generated arrays. */
  readonly constants: ReadonlyMap<Input, Vector>;
  /** Columns of streams, whose rows change between steps. */
  readonly fed: ReadonlyMap<Input, Vector>;
  /** Where the changing inputs are read from. */
  readonly slots: Map<Input, Vector>;
  /** Arrays with more entries than the largest are computed in blocks; without this, nothing is. */
  readonly arrays?: { readonly graph: Graph; readonly largest: number };
}

export function lengthOf(shape: readonly Size[], sizes: SizeBindings): number {
  return shape.reduce((product, size) => product * sizeNumber(size, sizes), 1);
}

export function sizeNumber(size: Size, sizes: SizeBindings): number {
  const value = evaluateSize(size, sizes);
  if (value === undefined) throw new Error(`size ${size.key} is not bound`);
  return value;
}

/** Puts data, generated arrays and params into the engine, which empties the tables. `params` holds replaced ones by name; `largest` as in `arrays`. */
export function bind(
  problem: Problem,
  engine: Engine,
  tables: ReadonlyMap<string, Table>,
  sizes: SizeBindings,
  params: ReadonlyMap<string, Float64Array>,
  largest: number,
  isFed: (table: string) => boolean = () => false,
): Binding {
  const constants = new Map<Input, Vector>();
  const fed = new Map<Input, Vector>();
  /** Room first: what does not fit is refused before it is computed. */
  const put = (input: Input, length: number, values: () => ArrayLike<number>): void => {
    const vector = engine.allocate(length);
    engine.write(vector, values());
    constants.set(input, vector);
  };
  const columns = new Map<Input, Float64Array>();
  for (const input of problem.graph.inputs.values()) {
    if (input.role !== "data") continue;
    const field = fieldOf(input, tables);
    if (field !== undefined && !isColumn(field))
      put(input, lengthOf(input.shape, sizes), () => foldMask(field, lengthOf(input.shape, sizes)));
    if (field !== undefined && isColumn(field)) columns.set(input, field.values);
  }
  for (const [input, values] of columns) {
    if (!isFed(tableName(input))) continue;
    const vector = engine.allocate(values.length);
    engine.write(vector, values);
    fed.set(input, vector);
    columns.delete(input);
  }
  takeColumns(engine, columns, constants);
  for (const { input, generator } of problem.generated) {
    const shape = input.shape.map((size) => sizeNumber(size, sizes));
    put(input, lengthOf(input.shape, sizes), () => generate(generator, shape, sizes));
  }

  const arrays = { graph: problem.graph, largest };
  const binding: Binding = { engine, sizes, constants, fed, slots: new Map(), arrays };
  for (const param of inReadingOrder(problem.params))
    put(
      param.input,
      lengthOf(param.input.shape, sizes),
      () => params.get(param.input.name) ?? evaluateNode(binding, param.value),
    );
  return binding;
}

/** Data inputs are called `table.field`. */
const tableName = ({ name }: Input): string => name.slice(0, name.indexOf("."));
const fieldOf = (input: Input, tables: ReadonlyMap<string, Table>): Column | readonly Table[] | undefined =>
  tables.get(tableName(input))?.fields.get(input.name.slice(tableName(input).length + 1));

/** Puts a batch in place of the last one. */
export function feed({ engine, fed }: Binding, tables: ReadonlyMap<string, Table>): void {
  for (const [input, vector] of fed) {
    const field = fieldOf(input, tables);
    if (field !== undefined && isColumn(field)) engine.write(vector, field.values);
  }
}

/** The engine's memory takes the columns over; one that tables share is taken for its last input. */
function takeColumns(engine: Engine, columns: ReadonlyMap<Input, Float64Array>, constants: Map<Input, Vector>): void {
  const last = new Map([...columns].map(([input, values]) => [values, input]));
  for (const [input, values] of columns)
    constants.set(input, engine.take(last.get(values) === input ? values : values.slice()));
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
  const { run } = compiled(binding, name, outputs);
  return () => run(into);
}

/** The same, where the outputs are written only if an input has changed since the last call. */
export function kernelOfChanges(
  binding: Binding,
  name: string,
  outputs: readonly Node[],
  into: readonly Vector[],
): () => void {
  const run = kernelOf(binding, name, outputs, into);
  const isChanged = changesIn(binding, [...changingInputs(binding, name, outputs).values()]);
  return () => {
    if (isChanged()) run();
  };
}

/** Numbers that are compared at the most, a tenth of a millisecond's worth: more count as changed. */
const mostCompared = 2 ** 16;

/** Whether any of the vectors has changed since the last call; so it counts at the first. */
export function changesIn({ engine }: Binding, vectors: readonly Vector[]): () => boolean {
  if (vectors.reduce((sum, { length }) => sum + length, 0) > mostCompared) return () => true;
  let seen: readonly Float64Array[] | undefined;
  return () => {
    const present = vectors.map((vector) => engine.read(vector));
    const isSame = seen?.every((values, k) => isEqual(values, present[k] as Float64Array));
    seen = present;
    return isSame !== true;
  };
}

function isEqual(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** What the nodes read that can change, with the vectors that it stands in. */
export function changingInputs(
  { constants, slots, fed }: Binding,
  name: string,
  nodes: readonly Node[],
): ReadonlyMap<Input, Vector> {
  const read = reachable(nodes).filter((node): node is Input => node.kind === "input" && !constants.has(node));
  return new Map(
    read.map((input) => {
      const vector = slots.get(input) ?? fed.get(input);
      if (vector === undefined) throw new Error(`${name} reads ${input.name}, which has no vector`);
      return [input, vector];
    }),
  );
}

/** Writes the outputs once and keeps nothing. */
export function runOnce(binding: Binding, name: string, outputs: readonly Node[], into: readonly Vector[]): void {
  const { run, release } = compiled(binding, name, outputs);
  run(into);
  release();
}

/** In blocks where arrays would be too large. */
const compiled = (binding: Binding, name: string, outputs: readonly Node[]): ReturnType<Compile> => {
  const stages = staged(binding, name, outputs, (...own) => compiledWhole(binding, ...own));
  if (stages === undefined) return compiledWhole(binding, name, outputs);
  const { run, release } = compiledWhole(binding, name, stages.outputs);
  return {
    run: (into) => {
      stages.prepare();
      run(into);
    },
    release: () => {
      stages.release();
      release();
    },
  };
};

function compiledWhole(binding: Binding, name: string, outputs: readonly Node[]): ReturnType<Compile> {
  const { engine, constants, sizes } = binding;
  const read = changingInputs(binding, name, outputs);
  const kernel = engine.compile({ name, arguments: [...read.keys()], outputs }, constants, sizes);
  const vectors = [...read.values()];
  return { run: (into) => kernel.run(vectors, into), release: kernel.release };
}

/** The same with one flat vector for all outputs. */
export function flatKernel(binding: Binding, name: string, outputs: readonly Node[], into: Vector): () => void {
  const lengths = outputs.map((output) => lengthOf(output.shape, binding.sizes));
  return kernelOf(binding, name, outputs, partsOf(binding, into, lengths));
}
