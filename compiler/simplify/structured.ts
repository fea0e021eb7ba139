/** Reductions, gathers, reshapes and linear algebra: constants pass through, coefficients of linear operands come out. */
import { constant, einsum, type Graph, gather, reshape, scale, scatter, solve } from "../ir/graph.ts";
import type { Gather, Logdet, Node, Reduce, Reshape, Scatter, Solve } from "../ir/node.ts";
import { oneSize, sameSize } from "../ir/size.ts";
import { scaling } from "./views.ts";

/** A function linear in `x`: zero stays zero, c x gives c times as much. */
function pullCoefficient(g: Graph, node: Node, x: Node, apply: (x: Node) => Node): Node | undefined {
  if (x.kind === "constant" && x.value === 0) return constant(g, 0, node.shape);
  const { coefficient, node: inner } = scaling(x);
  return coefficient === 1 ? undefined : scale(g, coefficient, apply(inner));
}

export function simplifyReduce(g: Graph, node: Reduce): Node | undefined {
  if (node.operand.kind !== "constant" || node.fn === "logsumexp") return undefined;
  return constant(g, node.fn === "argmax" ? 0 : node.operand.value, node.shape);
}

export function simplifyGather(g: Graph, node: Gather): Node | undefined {
  if (node.operand.kind === "constant") return constant(g, node.operand.value, node.shape);
  return pullCoefficient(g, node, node.operand, (x) => gather(g, x, node.index, node.axis));
}

export function simplifyScatter(g: Graph, node: Scatter): Node | undefined {
  const size = node.shape[node.axis];
  return size && pullCoefficient(g, node, node.operand, (x) => scatter(g, x, node.index, node.axis, size));
}

/** Reshapes compose; one that only adds or drops axes of size 1 is an einsum, which products flatten. */
export function simplifyReshape(g: Graph, node: Reshape): Node | undefined {
  const from = node.operand;
  if (from.kind === "constant") return constant(g, from.value, node.shape);
  if (from.kind === "reshape") return reshape(g, from.operand, node.shape);
  const [before, after] = [from.shape, node.shape].map((shape) =>
    shape.flatMap((size, axis) => (sameSize(size, oneSize) ? [] : [axis])),
  );
  if (before === undefined || after === undefined) return undefined;
  const same =
    before.length === after.length &&
    before.every((axis, i) => from.shape[axis]?.key === node.shape[after[i] as number]?.key);
  if (!same) return pullCoefficient(g, node, from, (x) => reshape(g, x, node.shape));
  const own = from.shape.map((_, axis) => axis);
  const output = node.shape.map((_, axis) => before[after.indexOf(axis)] ?? own.length + axis);
  return einsum(g, [from], [own], output, new Map(node.shape.map((size, axis) => [own.length + axis, size])));
}

/** I⁻¹ B = B */
export function simplifySolve(g: Graph, node: Solve): Node | undefined {
  if (node.matrix.kind === "delta") return node.rhs;
  return pullCoefficient(g, node, node.rhs, (x) => solve(g, node.matrix, x));
}

/** log det I = 0 */
export function simplifyLogdet(g: Graph, node: Logdet): Node | undefined {
  return node.matrix.kind === "delta" ? constant(g, 0) : undefined;
}
