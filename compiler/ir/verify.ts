/**
 * The invariants of node.ts, checked on whole graphs. Builders hold them where a node is made; this finds a pass that went around
 * them, or that put a node of another graph in.
 */
import { compatible } from "./graph.ts";
import { mapArity, type Node, type NodeKind, operandsOf, reachable } from "./node.ts";
import { constantSize, multiplySizes, oneSize, type Size, showSizes } from "./size.ts";

/** What is wrong with a node, one sentence each. */
type Check<K extends NodeKind> = (node: Extract<Node, { kind: K }>) => readonly string[];

const agree = (a: readonly Size[], b: readonly Size[]): boolean =>
  a.length === b.length && a.every((size, i) => compatible(size, b[i] as Size));

const wrong = (...problems: readonly (readonly [ok: boolean, problem: string])[]): readonly string[] =>
  problems.filter(([ok]) => !ok).map(([, problem]) => problem);

const total = (shape: readonly Size[]): Size => shape.reduce(multiplySizes, oneSize);

const isSquare = (node: Node): boolean =>
  node.shape.length >= 2 && agree(node.shape.slice(-1), node.shape.slice(-2, -1));

/** The shape with one axis taken out or, with a size, replaced. */
const withAxis = (shape: readonly Size[], axis: number, ...size: readonly Size[]): readonly Size[] =>
  shape.toSpliced(axis, 1, ...size);

const isAxis = (node: Node, axis: number): boolean => Number.isInteger(axis) && axis >= 0 && axis < node.shape.length;

const checks: { readonly [K in NodeKind]: Check<K> } = {
  input: (node) => wrong([node.name !== "", "an input has no name"]),
  constant: (node) =>
    wrong([!Number.isNaN(node.value), "a constant is not a number"], [!Object.is(node.value, -0), "a constant is -0"]),
  literal: (node) => {
    const count = constantSize(total(node.shape));
    return wrong([
      count === node.values.length,
      `a literal has ${node.values.length} values for [${showSizes(node.shape)}]`,
    ]);
  },
  size: (node) =>
    wrong(
      [node.shape.length === 0, "a size is a scalar"],
      [constantSize(node.size) === undefined, "a size is a number: a constant"],
    ),
  iota: (node) => wrong([node.shape.length === 1, "an iota has one axis"]),
  delta: (node) => wrong([node.shape.length === 2 && isSquare(node), "a delta has two axes of one size"]),
  einsum: (node) => {
    const used = new Set([...node.labels.flat(), ...node.output]);
    const order = [...used];
    return wrong(
      [node.labels.length === node.operands.length, "einsum needs one label list an operand"],
      [new Set(node.output).size === node.output.length, "einsum repeats an output label"],
      [
        order.every((label, i) => label === i) && used.size === node.sizes.length,
        "einsum labels are not numbered by first appearance",
      ],
      [
        node.operands.every((operand, k) =>
          agree(
            operand.shape,
            (node.labels[k] ?? []).map((label) => node.sizes[label] as Size),
          ),
        ),
        "einsum operands do not fit their labels",
      ],
      [
        agree(
          node.shape,
          node.output.map((label) => node.sizes[label] as Size),
        ),
        "einsum's shape is not its output's",
      ],
    );
  },
  add: (node) =>
    wrong(
      [
        node.operands.length > 0 && node.coefficients.length === node.operands.length,
        "add needs one coefficient an operand",
      ],
      [node.coefficients.every((coefficient) => !Number.isNaN(coefficient)), "a coefficient is not a number"],
      [node.operands.every((operand) => agree(operand.shape, node.shape)), "add of different shapes"],
    ),
  map: (node) =>
    wrong(
      [node.operands.length === mapArity[node.fn], `${node.fn} takes ${mapArity[node.fn]} operands`],
      [node.operands.every((operand) => agree(operand.shape, node.shape)), `${node.fn} of different shapes`],
    ),
  reduce: (node) =>
    wrong(
      [isAxis(node.operand, node.axis), `${node.fn} over an axis that is not there`],
      [agree(node.shape, withAxis(node.operand.shape, node.axis)), `${node.fn} has another shape`],
    ),
  gather: (node) =>
    wrong(
      [
        node.index.shape.length === 1 && isAxis(node.operand, node.axis),
        "gather takes a vector of indices into one axis",
      ],
      [agree(node.shape, withAxis(node.operand.shape, node.axis, ...node.index.shape)), "gather has another shape"],
    ),
  scatter: (node) =>
    wrong(
      [
        node.index.shape.length === 1 && isAxis(node.operand, node.axis),
        "scatter takes a vector of indices into one axis",
      ],
      [agree(node.operand.shape, withAxis(node.shape, node.axis, ...node.index.shape)), "scatter has another shape"],
    ),
  reshape: (node) =>
    wrong([compatible(total(node.shape), total(node.operand.shape)), "reshape changes the number of entries"]),
  solve: (node) => {
    const [batch, lead] = [node.matrix.shape.slice(0, -2), node.rhs.shape.slice(0, -2)];
    return wrong(
      [isSquare(node.matrix), "solve needs a square matrix"],
      [
        lead.length >= batch.length && agree(batch, lead.slice(lead.length - batch.length)),
        "solve's leading axes do not fit",
      ],
      [agree(node.rhs.shape.slice(-2, -1), node.matrix.shape.slice(-1)), "solve's right-hand side does not fit"],
      [agree(node.shape, node.rhs.shape), "solve has another shape"],
    );
  },
  logdet: (node) =>
    wrong(
      [isSquare(node.matrix), "logdet needs a square matrix"],
      [agree(node.shape, node.matrix.shape.slice(0, -2)), "logdet has another shape"],
    ),
  cholesky: (node) =>
    wrong(
      [isSquare(node.matrix), "cholesky needs a square matrix"],
      [agree(node.shape, node.matrix.shape), "cholesky has another shape"],
    ),
};

/** Everything that is wrong below the roots: an empty list is a well-formed graph. */
export function verify(roots: readonly Node[]): readonly string[] {
  const nodes = reachable(roots);
  const ids = new Set(nodes.map((node) => node.id));
  const problems = nodes.flatMap((node) => {
    const own = (checks[node.kind] as Check<NodeKind>)(node);
    const order = operandsOf(node).every((operand) => operand.id < node.id)
      ? []
      : ["an operand is not older than its reader"];
    return [...own, ...order].map((problem) => `node ${node.id} (${node.kind}): ${problem}`);
  });
  return ids.size === nodes.length
    ? problems
    : [...problems, "two nodes have one number: they are of different graphs"];
}
