/**
 * The tensor expression: a hash-consed graph of few node kinds. Equal sub-expressions are one node, across objective,
 * gradient, curvature and cross derivative, so `===` is equality and sharing needs no later pass.
 *
 * Every entry is a real number; booleans are 0 and 1, indices are whole reals. Axes are positional and carry symbolic sizes.
 * Scaling and adding happen in `add`, multiplying and summing out in `einsum`, everything scalar in `map`.
 */
import type { Size } from "./size.ts";

/** Where an input's value comes from; derivatives are taken with respect to inputs. */
export type InputRole =
  | "upper"
  | "lower"
  /** What a function in L2 is at the rows of a table. */
  | "value"
  /** Of a deeper level's condition, in the condition of the level above it. */
  | "multiplier"
  /** Stands for a kink of what a clause minimises (derive/epigraph.ts). */
  | "epigraph"
  | "param"
  | "data"
  | "generated"
  | "adjoint"
  | "tangent"
  | "step";

interface NodeBase {
  /** Creation order within its graph: operands have smaller ids, so sorting by id is a topological order. */
  readonly id: number;
  readonly shape: readonly Size[];
}

export type Input = NodeBase & {
  readonly kind: "input";
  /** The model's own name: `theta`, `train.X`; unique in its graph. */
  readonly name: string;
  readonly role: InputRole;
};

/** The name the author gave: `h` of the weights `h.W1`; of anything else its own. */
export const declaredName = ({ name }: Input): string => name.split(".")[0] as string;

/** `W1` of the weights `h.W1`. */
export const tensorName = ({ name }: Input): string | undefined => name.split(".")[1];

/** One number in every entry. */
export type Constant = NodeBase & { readonly kind: "constant"; readonly value: number };

/** An array written in the program, row-major. Its shape is of constant sizes. */
export type Literal = NodeBase & { readonly kind: "literal"; readonly values: Float64Array };

/** A size as a scalar: `n`. */
export type SizeNode = NodeBase & { readonly kind: "size"; readonly size: Size };

/** 0, 1, ..., s - 1. */
export type Iota = NodeBase & { readonly kind: "iota" };

/** The unit tensor on two axes of one size: 1 where the indices agree. */
export type Delta = NodeBase & { readonly kind: "delta" };

/**
 * out[o] = Σ over labels not in o of Π_k operand_k[labels_k]. Labels are small integers local to the node. A label that
 * only the output has broadcasts; a label repeated within an operand reads its diagonal. `sizes[l]` is label l's size.
 */
export type Einsum = NodeBase & {
  readonly kind: "einsum";
  readonly operands: readonly Node[];
  readonly labels: readonly (readonly number[])[];
  /** No label twice. */
  readonly output: readonly number[];
  readonly sizes: readonly Size[];
};

/** Σ coefficient · operand, all of one shape. A single term is a scaling; there is no separate subtraction. */
export type Add = NodeBase & {
  readonly kind: "add";
  readonly coefficients: readonly number[];
  readonly operands: readonly Node[];
};

/** Element by element; operands have the node's shape exactly (broadcasting is an einsum). */
export type MapNode = NodeBase & { readonly kind: "map"; readonly fn: MapFunction; readonly operands: readonly Node[] };

/** Over one axis, which disappears. argmax gives the first largest index. */
export type Reduce = NodeBase & {
  readonly kind: "reduce";
  readonly fn: ReduceFunction;
  readonly operand: Node;
  readonly axis: number;
};

/** out[.., i, ..] = operand[.., index[i], ..] along the axis; the index is a vector. */
export type Gather = NodeBase & {
  readonly kind: "gather";
  readonly operand: Node;
  readonly index: Node;
  readonly axis: number;
};

/** out[.., j, ..] = Σ over i with index[i] = j of operand[.., i, ..]: the transpose of gather. */
export type Scatter = NodeBase & {
  readonly kind: "scatter";
  readonly operand: Node;
  readonly index: Node;
  readonly axis: number;
};

/** Row-major order kept. */
export type Reshape = NodeBase & { readonly kind: "reshape"; readonly operand: Node };

/**
 * matrix⁻¹ rhs. matrix is [...b, s, s], rhs is [...e, ...b, s, r]: the matrix's leading axes are the last leading axes of the
 * right-hand side.
 */
export type Solve = NodeBase & { readonly kind: "solve"; readonly matrix: Node; readonly rhs: Node };

/** log |det| of [...b, s, s]; the determinant must be positive. */
export type Logdet = NodeBase & { readonly kind: "logdet"; readonly matrix: Node };

/** The lower-triangular L with L Lᵀ = matrix, [...b, s, s]. */
export type Cholesky = NodeBase & { readonly kind: "cholesky"; readonly matrix: Node };

export type Node =
  | Input
  | Constant
  | Literal
  | SizeNode
  | Iota
  | Delta
  | Einsum
  | Add
  | MapNode
  | Reduce
  | Gather
  | Scatter
  | Reshape
  | Solve
  | Logdet
  | Cholesky;

export type NodeKind = Node["kind"];

/** How many operands each elementwise function takes. `stop` is the identity without a derivative. */
export const mapArity = {
  exp: 1,
  log: 1,
  log1p: 1,
  expm1: 1,
  sqrt: 1,
  abs: 1,
  sign: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  /** The angle in [0, π]; the ends beyond [−1, 1], where rounding may lead. */
  acos: 1,
  tanh: 1,
  sigmoid: 1,
  softplus: 1,
  erf: 1,
  logcosh: 1,
  /** x²/2 for |x| ≤ 1, |x| − 1/2 beyond. */
  huber: 1,
  /** max(x, 0) as a unit of a network: its kink is met by chance alone, so it counts as smooth. */
  relu: 1,
  stop: 1,
  not: 1,
  /** x^p; derivatives in p only where p is not constant (x > 0). */
  power: 2,
  maximum: 2,
  minimum: 2,
  equal: 2,
  less: 2,
  less_equal: 2,
  and: 2,
  or: 2,
  /** select(c, a, b): a where c is not 0, else b. */
  select: 3,
} as const satisfies Record<string, 1 | 2 | 3>;
export type MapFunction = keyof typeof mapArity;

export type ReduceFunction = "max" | "min" | "argmax" | "logsumexp";

/** The nodes a node reads, in order. A total table: a node kind without its operands does not compile. */
export function operandsOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "input":
    case "constant":
    case "literal":
    case "size":
    case "iota":
    case "delta":
      return [];
    case "einsum":
    case "add":
    case "map":
      return node.operands;
    case "reduce":
    case "reshape":
      return [node.operand];
    case "gather":
    case "scatter":
      return [node.operand, node.index];
    case "solve":
      return [node.matrix, node.rhs];
    case "logdet":
    case "cholesky":
      return [node.matrix];
    default:
      return node satisfies never;
  }
}

/** Every node that the roots read, themselves included, operands before readers. */
export function reachable(roots: readonly Node[]): readonly Node[] {
  const seen = new Set<Node>();
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...operandsOf(node));
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Whether any of the inputs is read by the node. */
export function dependsOn(node: Node, inputs: ReadonlySet<Node>): boolean {
  return reachable([node]).some((n) => inputs.has(n));
}
