/**
 * Axes along which nothing varies, and axes merely put in another order: both are moved outwards, past sums and elementwise functions,
 * so that those work on the smallest tensor. Also the other ways in which several rules look at a node.
 */
import { constant, einsum, type Graph, scale } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { distinct } from "./product.ts";

type Scaling = { readonly coefficient: number; readonly node: Node };

/** c · x for a sum of one term, 1 · x for anything else. */
export function scaling(node: Node): Scaling {
  if (node.kind === "add" && node.operands.length === 1)
    return { coefficient: node.coefficients[0] as number, node: node.operands[0] as Node };
  return { coefficient: 1, node };
}

/** Whether the entries are the same all along the axis, visibly. */
function constantAlong(node: Node, axis: number): boolean {
  const inner = scaling(node).node;
  if (inner.kind === "constant") return true;
  if (inner.kind !== "einsum") return false;
  const label = inner.output[axis] as number;
  return !inner.labels.some((labels) => labels.includes(label));
}

/** The node without axes along which it is constant. */
function withoutAxes(g: Graph, node: Node, axes: ReadonlySet<number>): Node {
  const { coefficient, node: inner } = scaling(node);
  if (inner.kind === "constant")
    return constant(
      g,
      coefficient * inner.value,
      inner.shape.filter((_, axis) => !axes.has(axis)),
    );
  if (inner.kind !== "einsum") throw new Error(`a ${inner.kind} is not constant along an axis`);
  const sizes = new Map(inner.sizes.map((size, label) => [label, size]));
  const output = inner.output.filter((_, axis) => !axes.has(axis));
  return scale(g, coefficient, einsum(g, inner.operands, inner.labels, output, sizes));
}

/** f(operands) computed without the axes along which all of them are constant, then repeated; `undefined` where there is none. */
export function pullBroadcast(
  g: Graph,
  shape: readonly Size[],
  operands: readonly Node[],
  apply: (operands: readonly Node[]) => Node,
): Node | undefined {
  const all = shape.map((_, axis) => axis);
  const axes = new Set(all.filter((axis) => operands.every((operand) => constantAlong(operand, axis))));
  if (axes.size === 0) return undefined;
  const inner = apply(operands.map((operand) => withoutAxes(g, operand, axes)));
  const sizes = new Map(shape.map((size, axis) => [axis, size]));
  return einsum(g, [inner], [all.filter((axis) => !axes.has(axis))], all, sizes);
}

/** f(permuted x, constants) as the permuted f(x, constants); `undefined` where the operands are not of this form. */
export function pullPermutation(
  g: Graph,
  operands: readonly Node[],
  apply: (operands: readonly Node[]) => Node,
): Node | undefined {
  const varying = operands.filter((operand) => operand.kind !== "constant");
  const only = varying[0];
  if (varying.length !== 1 || only === undefined) return undefined;
  const { coefficient, node: view } = scaling(only);
  if (view.kind !== "einsum" || view.operands.length !== 1) return undefined;
  const [inner, labels] = [view.operands[0] as Node, view.labels[0] as readonly number[]];
  if (!distinct(labels) || !labels.every((label) => view.output.includes(label))) return undefined;
  const applied = apply(
    operands.map((operand) =>
      operand.kind === "constant" ? constant(g, operand.value, inner.shape) : scale(g, coefficient, inner),
    ),
  );
  return einsum(g, [applied], [labels], view.output, new Map(view.sizes.map((size, label) => [label, size])));
}

/** A sum's terms, or the node as its own only term; a constant as a multiple of 1. */
export function termsOf(g: Graph, node: Node): ReadonlyMap<Node, number> {
  if (node.kind === "constant") return new Map(node.value === 0 ? [] : [[constant(g, 1, node.shape), node.value]]);
  if (node.kind !== "add") return new Map([[node, 1]]);
  return new Map(node.operands.map((operand, k) => [operand, node.coefficients[k] as number]));
}
