/** Functions that expressions spell out and readers know by name: softmax, one-hot rows, what a broadcast repeats. */
import type { Node } from "../ir/node.ts";

type Weighted = readonly (readonly [node: Node, coefficient: number])[];

const termsOf = (node: Node): Weighted =>
  node.kind === "add" ? node.operands.map((operand, k) => [operand, node.coefficients[k] as number]) : [[node, 1]];

/** What a broadcast repeats, and along which axes. */
export function repeated(node: Node): { readonly node: Node; readonly axes: readonly number[] } | undefined {
  if (node.kind !== "einsum" || node.operands.length !== 1) return undefined;
  const labels = node.labels[0] as readonly number[];
  const kept = node.output.filter((label) => labels.includes(label));
  if (kept.join() !== labels.join()) return undefined;
  const axes = node.output.map((_, axis) => axis).filter((axis) => !labels.includes(node.output[axis] as number));
  return { node: node.operands[0] as Node, axes };
}

/** x and its axis, where the node is exp(x − logsumexp x). */
export function softmaxOperand(node: Node): { readonly operand: Node; readonly axis: number } | undefined {
  const inner = node.kind === "map" && node.fn === "exp" ? node.operands[0] : undefined;
  if (inner?.kind !== "add") return undefined;
  const terms = termsOf(inner);
  for (const [term, coefficient] of terms) {
    const source = repeated(term);
    if (coefficient !== -1 || source?.node.kind !== "reduce" || source.node.fn !== "logsumexp") continue;
    const { operand, axis } = source.node;
    const rest = terms.filter(([own]) => own !== term);
    const wanted = termsOf(operand);
    const same = rest.every(([own, c]) => wanted.some(([other, k]) => other === own && k === c));
    if (same && rest.length === wanted.length && source.axes.join() === String(axis)) return { operand, axis };
  }
  return undefined;
}

/** The labels, where the node is [labelᵢ = l]. */
export function oneHot(node: Node): Node | undefined {
  if (node.kind !== "map" || node.fn !== "equal" || node.shape.length !== 2) return undefined;
  const sources = node.operands.map(repeated);
  const position = sources.find((source) => source?.node.kind === "iota");
  const label = sources.find((source) => source !== position);
  return position?.axes.join() === "0" && label?.axes.join() === "1" ? label.node : undefined;
}
