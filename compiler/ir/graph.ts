/**
 * Builders: the only way to make a node. They check shapes and hash-cons, nothing else; rewriting is in simplify/.
 * There is no global table: every compilation has its own graph.
 */
import { type Input, type InputRole, type MapFunction, mapArity, type Node, type ReduceFunction } from "./node.ts";
import { constantSize, multiplySizes, oneSize, type Size, sameSize, showSizes } from "./size.ts";

/** What a node is before it has an id; distributes over the union. */
type Fresh<N extends Node = Node> = N extends Node ? Omit<N, "id"> : never;

export interface Graph {
  readonly intern: (key: string, node: Fresh) => Node;
  readonly inputs: ReadonlyMap<string, Input>;
}

export function createGraph(): Graph {
  const table = new Map<string, Node>();
  const inputs = new Map<string, Input>();
  const intern = (key: string, fresh: Fresh): Node => {
    const known = table.get(key);
    if (known !== undefined) return known;
    const node = Object.freeze({ ...fresh, id: table.size }) as Node;
    table.set(key, node);
    if (node.kind === "input") inputs.set(node.name, node);
    return node;
  };
  return { intern, inputs };
}

/** A builder was given operands that do not fit: a defect in the compiler, never in the user's program. */
function require(condition: boolean, what: () => string): void {
  if (!condition) throw new Error(`tensor expression: ${what()}`);
}

/** Sizes may differ in name where only the data can settle it; two different numbers never agree. */
export function compatible(a: Size, b: Size): boolean {
  const [x, y] = [constantSize(a), constantSize(b)];
  return x === undefined || y === undefined || x === y;
}

function agree(a: readonly Size[], b: readonly Size[]): boolean {
  return a.length === b.length && a.every((size, i) => compatible(size, b[i] as Size));
}

const shapeKey = (shape: readonly Size[]): string => shape.map((s) => s.key).join(",");

// ----------------------------------------------------------------------------------------------------- leaves

/** The same name twice gives the same node; its shape and role must then agree. */
export function input(g: Graph, name: string, role: InputRole, shape: readonly Size[]): Input {
  const node = g.intern(`input ${name}`, { kind: "input", name, role, shape });
  require(node.kind === "input" && agree(node.shape, shape), () => `input ${name} has two shapes`);
  return node as Input;
}

export function constant(g: Graph, value: number, shape: readonly Size[] = []): Node {
  return g.intern(`constant ${Object.is(value, -0) ? "0" : value} [${shapeKey(shape)}]`, {
    kind: "constant",
    value: value + 0,
    shape,
  });
}

export function literal(g: Graph, values: Float64Array, shape: readonly Size[]): Node {
  return g.intern(`literal [${shapeKey(shape)}] ${values.join(",")}`, { kind: "literal", values, shape });
}

export function sizeNode(g: Graph, size: Size): Node {
  const value = constantSize(size);
  return value === undefined ? g.intern(`size ${size.key}`, { kind: "size", size, shape: [] }) : constant(g, value);
}

export function iota(g: Graph, size: Size): Node {
  return g.intern(`iota ${size.key}`, { kind: "iota", shape: [size] });
}

export function delta(g: Graph, size: Size): Node {
  return g.intern(`delta ${size.key}`, { kind: "delta", shape: [size, size] });
}

// ----------------------------------------------------------------------------------------------------- algebra

/**
 * Labels may be any integers; they are renumbered by first appearance. `broadcast` gives the size of output labels that no operand has;
 * where it has another label, it names that one's size too, so that rebuilding an einsum keeps the names of its sizes.
 */
export function einsum(
  g: Graph,
  operands: readonly Node[],
  labels: readonly (readonly number[])[],
  output: readonly number[],
  broadcast: ReadonlyMap<number, Size> = new Map(),
): Node {
  require(operands.length === labels.length, () => "einsum needs one label list an operand");
  require(new Set(output).size === output.length, () => "einsum repeats an output label");
  const renumbered = new Map<number, number>();
  const sizes: Size[] = [];
  const rename = (label: number, size: Size): number => {
    const known = renumbered.get(label);
    if (known !== undefined) {
      require(compatible(sizes[known] as Size, size), () =>
        `einsum label has sizes ${sizes[known]?.key} and ${size.key}`);
      return known;
    }
    const named = broadcast.get(label) ?? size;
    require(compatible(named, size), () => `einsum label has sizes ${named.key} and ${size.key}`);
    renumbered.set(label, sizes.length);
    sizes.push(named);
    return sizes.length - 1;
  };
  const newLabels = operands.map((operand, i) => {
    const own = labels[i] ?? [];
    require(own.length === operand.shape.length, () =>
      `einsum operand [${showSizes(operand.shape)}] has ${own.length} labels`);
    return own.map((label, axis) => rename(label, operand.shape[axis] as Size));
  });
  const newOutput = output.map((label) => {
    const size = broadcast.get(label);
    require(renumbered.has(label) || size !== undefined, () => "einsum output label has no size");
    return rename(label, size ?? (sizes[renumbered.get(label) as number] as Size));
  });
  const shape = newOutput.map((label) => sizes[label] as Size);
  const parts = operands.map((operand, i) => `${operand.id}(${newLabels[i]?.join(" ")})`);
  const key = `einsum ${parts.join(" ")} -> ${newOutput.join(" ")} [${shapeKey(shape)}]`;
  return g.intern(key, { kind: "einsum", operands, labels: newLabels, output: newOutput, sizes, shape });
}

export function add(g: Graph, coefficients: readonly number[], operands: readonly Node[]): Node {
  const first = operands[0];
  require(first !== undefined && coefficients.length === operands.length, () => "add needs one coefficient an operand");
  const shape = (first as Node).shape;
  for (const operand of operands) {
    require(agree(shape, operand.shape), () => `add of [${showSizes(shape)}] and [${showSizes(operand.shape)}]`);
  }
  const key = `add ${operands.map((operand, i) => `${coefficients[i]}*${operand.id}`).join(" ")}`;
  return g.intern(key, { kind: "add", coefficients, operands, shape });
}

export function map(g: Graph, fn: MapFunction, ...operands: readonly Node[]): Node {
  const shape = (operands[0] as Node).shape;
  require(operands.length === mapArity[fn], () => `${fn} takes ${mapArity[fn]} operands`);
  for (const operand of operands) require(agree(shape, operand.shape), () => `${fn} of different shapes`);
  return g.intern(`map ${fn} ${operands.map((o) => o.id).join(" ")}`, { kind: "map", fn, operands, shape });
}

export function reduce(g: Graph, fn: ReduceFunction, operand: Node, axis: number): Node {
  require(axis >= 0 && axis < operand.shape.length, () => `${fn} over axis ${axis} of [${showSizes(operand.shape)}]`);
  const shape = operand.shape.filter((_, i) => i !== axis);
  return g.intern(`reduce ${fn} ${axis} ${operand.id}`, { kind: "reduce", fn, operand, axis, shape });
}

export function gather(g: Graph, operand: Node, index: Node, axis: number): Node {
  require(index.shape.length === 1, () => "gather takes a vector of indices");
  const shape = operand.shape.map((size, i) => (i === axis ? (index.shape[0] as Size) : size));
  return g.intern(`gather ${axis} ${operand.id} ${index.id}`, { kind: "gather", operand, index, axis, shape });
}

export function scatter(g: Graph, operand: Node, index: Node, axis: number, size: Size): Node {
  require(index.shape.length === 1 && agree(index.shape, [operand.shape[axis] as Size]), () =>
    "scatter's index does not fit");
  const shape = operand.shape.map((own, i) => (i === axis ? size : own));
  return g.intern(`scatter ${axis} ${size.key} ${operand.id} ${index.id}`, {
    kind: "scatter",
    operand,
    index,
    axis,
    shape,
  });
}

export function reshape(g: Graph, operand: Node, shape: readonly Size[]): Node {
  if (operand.shape.length === shape.length && operand.shape.every((s, i) => sameSize(s, shape[i] as Size)))
    return operand;
  const [from, to] = [operand.shape, shape].map((sizes) => sizes.reduce(multiplySizes, oneSize));
  require(compatible(from as Size, to as Size), () => `reshape [${showSizes(operand.shape)}] to [${showSizes(shape)}]`);
  return g.intern(`reshape ${operand.id} [${shapeKey(shape)}]`, { kind: "reshape", operand, shape });
}

// -------------------------------------------------------------------------------------------------- structured

export function solve(g: Graph, matrix: Node, rhs: Node): Node {
  const batch = matrix.shape.slice(0, -2);
  const lead = rhs.shape.slice(0, -2);
  require(matrix.shape.length >= 2 && agree(matrix.shape.slice(-1), matrix.shape.slice(-2, -1)), () =>
    "solve needs a square matrix");
  require(agree(batch, lead.slice(lead.length - batch.length)), () => "solve: leading axes do not fit");
  require(agree(rhs.shape.slice(-2, -1), matrix.shape.slice(-1)), () => "solve: right-hand side does not fit");
  return g.intern(`solve ${matrix.id} ${rhs.id}`, { kind: "solve", matrix, rhs, shape: rhs.shape });
}

export function logdet(g: Graph, matrix: Node): Node {
  return g.intern(`logdet ${matrix.id}`, { kind: "logdet", matrix, shape: matrix.shape.slice(0, -2) });
}

export function cholesky(g: Graph, matrix: Node): Node {
  return g.intern(`cholesky ${matrix.id}`, { kind: "cholesky", matrix, shape: matrix.shape });
}

// ------------------------------------------------------------------------------------------------- conveniences

export function scale(g: Graph, factor: number, node: Node): Node {
  return factor === 1 ? node : add(g, [factor], [node]);
}

/** Element by element, equal shapes. */
export function multiply(g: Graph, ...operands: readonly Node[]): Node {
  const labels = (operands[0] as Node).shape.map((_, i) => i);
  return einsum(
    g,
    operands,
    operands.map(() => labels),
    labels,
  );
}

/** Repeats a node over new leading axes. */
export function broadcastLeading(g: Graph, node: Node, leading: readonly Size[]): Node {
  if (leading.length === 0) return node;
  const own = node.shape.map((_, i) => leading.length + i);
  const extra = leading.map((_, i) => i);
  return einsum(g, [node], [own], [...extra, ...own], new Map(leading.map((size, i) => [i, size])));
}

/** Σ over all axes. */
export function sumAll(g: Graph, node: Node): Node {
  return einsum(g, [node], [node.shape.map((_, i) => i)], []);
}

/** New axis i is old axis `order[i]`. */
export function permute(g: Graph, node: Node, order: readonly number[]): Node {
  return order.every((axis, i) => axis === i) ? node : einsum(g, [node], [node.shape.map((_, i) => i)], order);
}
