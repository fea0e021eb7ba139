/** What a node means, computed entry by entry: slow, plain, and the reference that everything faster is compared with. */
import { type Node, type NodeKind, operandsOf, reachable } from "../../compiler/ir/node.ts";
import { applyScalar } from "../../compiler/ir/scalar.ts";
import { evaluateSize, type Size, type SizeBindings } from "../../compiler/ir/size.ts";

/** Row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export const volume = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The flat position of an index. */
function position(shape: readonly number[], index: readonly number[]): number {
  return shape.reduce((at, size, axis) => at * size + (index[axis] as number), 0);
}

/** Every index of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  for (let at = 0; at < volume(shape); at++) {
    const index: number[] = [];
    let rest = at;
    for (const size of shape.toReversed()) {
      index.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    yield index;
  }
}

const at = (x: Tensor, index: readonly number[]): number => x.values[position(x.shape, index)] as number;

function fill(shape: readonly number[], entry: (index: readonly number[]) => number): Tensor {
  return { shape, values: Float64Array.from(indices(shape), entry) };
}

interface Context {
  readonly shape: readonly number[];
  readonly size: (size: Size) => number;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

type Meaning<K extends NodeKind> = (node: Extract<Node, { kind: K }>, x: readonly Tensor[], context: Context) => Tensor;

const one = (x: readonly Tensor[]): Tensor => x[0] as Tensor;

/** The matrix of a batch index in [...b, s, s]. */
function matrixAt(x: Tensor, batch: readonly number[]): number[][] {
  const s = x.shape.at(-1) as number;
  return Array.from({ length: s }, (_, i) => Array.from({ length: s }, (_, j) => at(x, [...batch, i, j])));
}

/** Gaussian elimination with partial pivoting: the solution for one right-hand side, and the determinant. */
function eliminate(
  matrix: readonly (readonly number[])[],
  rhs: readonly number[],
): { solution: number[]; determinant: number } {
  const s = rhs.length;
  const a = matrix.map((row, i) => [...row, rhs[i] as number]);
  let determinant = 1;
  for (let k = 0; k < s; k++) {
    let pivot = k;
    for (let i = k + 1; i < s; i++) if (Math.abs(a[i]![k]!) > Math.abs(a[pivot]![k]!)) pivot = i;
    if (pivot !== k) {
      [a[k], a[pivot]] = [a[pivot]!, a[k]!];
      determinant = -determinant;
    }
    determinant *= a[k]![k]!;
    for (let i = k + 1; i < s; i++) {
      const factor = a[i]![k]! / a[k]![k]!;
      for (let j = k; j <= s; j++) a[i]![j]! -= factor * a[k]![j]!;
    }
  }
  const solution = new Array<number>(s).fill(0);
  for (let i = s - 1; i >= 0; i--) {
    let value = a[i]![s]!;
    for (let j = i + 1; j < s; j++) value -= a[i]![j]! * solution[j]!;
    solution[i] = value / a[i]![i]!;
  }
  return { solution, determinant };
}

function lowerTriangular(a: readonly (readonly number[])[]): number[][] {
  const l = a.map((row) => row.map(() => 0));
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j <= i; j++) {
      let value = (a[i]![j]! + a[j]![i]!) / 2;
      for (let k = 0; k < j; k++) value -= l[i]![k]! * l[j]![k]!;
      l[i]![j] = i === j ? Math.sqrt(value) : value / l[j]![j]!;
    }
  }
  return l;
}

const meanings: { readonly [K in NodeKind]: Meaning<K> } = {
  input: (node, _, { inputs }) => {
    const value = inputs.get(node.name);
    if (value === undefined) throw new Error(`no value for ${node.name}`);
    return value;
  },
  constant: (node, _, { shape }) => fill(shape, () => node.value),
  literal: (node, _, { shape }) => ({ shape, values: node.values }),
  size: (node, _, { shape, size }) => fill(shape, () => size(node.size)),
  iota: (_, __, { shape }) => fill(shape, ([i]) => i as number),
  delta: (_, __, { shape }) => fill(shape, ([i, j]) => (i === j ? 1 : 0)),
  einsum: (node, x, { shape, size }) => {
    const summed = node.sizes.map((_, label) => label).filter((label) => !node.output.includes(label));
    const range = summed.map((label) => size(node.sizes[label] as Size));
    return fill(shape, (index) => {
      const value = new Map(node.output.map((label, axis) => [label, index[axis] as number]));
      let total = 0;
      for (const inner of indices(range)) {
        summed.forEach((label, k) => value.set(label, inner[k] as number));
        total += x.reduce(
          (product, operand, k) =>
            product *
            at(
              operand,
              (node.labels[k] ?? []).map((label) => value.get(label) as number),
            ),
          1,
        );
      }
      return total;
    });
  },
  add: (node, x, { shape }) => ({
    shape,
    values: (x[0] as Tensor).values.map((_, i) =>
      x.reduce((sum, operand, k) => sum + (node.coefficients[k] as number) * (operand.values[i] as number), 0),
    ),
  }),
  map: (node, x, { shape }) => ({
    shape,
    values: one(x).values.map((_, i) =>
      applyScalar(
        node.fn,
        x.map((operand) => operand.values[i] as number),
      ),
    ),
  }),
  reduce: (node, x, { shape }) =>
    fill(shape, (index) => {
      const line = Array.from({ length: one(x).shape[node.axis] as number }, (_, i) =>
        at(one(x), index.toSpliced(node.axis, 0, i)),
      );
      const largest = Math.max(...line);
      if (node.fn === "max") return largest;
      if (node.fn === "min") return Math.min(...line);
      if (node.fn === "argmax") return line.indexOf(largest);
      return largest + Math.log(line.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    }),
  gather: (node, x, { shape }) =>
    fill(shape, (index) => at(one(x), index.with(node.axis, at(x[1] as Tensor, [index[node.axis] as number])))),
  scatter: (node, x, { shape }) => {
    const result = fill(shape, () => 0);
    for (const index of indices(one(x).shape)) {
      const target = index.with(node.axis, at(x[1] as Tensor, [index[node.axis] as number]));
      (result.values[position(shape, target)] as number) += at(one(x), index);
    }
    return result;
  },
  reshape: (_, x, { shape }) => ({ shape, values: one(x).values }),
  solve: (_, x, { shape }) => {
    const [matrix, rhs] = x as readonly [Tensor, Tensor];
    const s = matrix.shape.at(-1) as number;
    return fill(shape, (index) => {
      const lead = index.slice(0, -2);
      const batch = lead.slice(lead.length - (matrix.shape.length - 2));
      const column = Array.from({ length: s }, (_, i) => at(rhs, [...lead, i, index.at(-1) as number]));
      return eliminate(matrixAt(matrix, batch), column).solution[index.at(-2) as number] as number;
    });
  },
  logdet: (_, x, { shape }) =>
    fill(shape, (index) =>
      Math.log(
        eliminate(matrixAt(one(x), index), new Array<number>(one(x).shape.at(-1) as number).fill(0)).determinant,
      ),
    ),
  cholesky: (_, x, { shape }) =>
    fill(
      shape,
      (index) =>
        lowerTriangular(matrixAt(one(x), index.slice(0, -2)))[index.at(-2) as number]?.[
          index.at(-1) as number
        ] as number,
    ),
};

/** The values of several roots; shared nodes are computed once. Inputs by name, sizes by name. */
export function interpretAll(
  roots: readonly Node[],
  values: ReadonlyMap<string, Tensor>,
  sizes: SizeBindings = new Map(),
): readonly Tensor[] {
  const size = (own: Size): number => {
    const value = evaluateSize(own, sizes);
    if (value === undefined) throw new Error(`size ${own.key} is not bound`);
    return value;
  };
  const done = new Map<Node, Tensor>();
  for (const node of reachable(roots)) {
    const operands = operandsOf(node).map((operand) => done.get(operand) as Tensor);
    const context = { shape: node.shape.map(size), size, inputs: values };
    done.set(node, (meanings[node.kind] as Meaning<NodeKind>)(node, operands, context));
  }
  return roots.map((root) => done.get(root) as Tensor);
}

/** The value of one root: a tensor of its shape, row-major. */
export function interpret(root: Node, values: ReadonlyMap<string, Tensor>, sizes: SizeBindings = new Map()): Tensor {
  return interpretAll([root], values, sizes)[0] as Tensor;
}
