/**
 * Einsums as TensorFlow.js operations. A sum over two operands is a matrix product, batched over the labels that both share with
 * the output; a product that sums nothing is a broadcast one. Contraction has left no sum over more than two operands.
 */
import type { Einsum } from "../../ir/node.ts";
import { constantSize, type Size } from "../../ir/size.ts";

/** An expression whose axes carry these labels. */
interface Labelled {
  readonly text: string;
  readonly labels: readonly number[];
}

/** `names` are the operands' expressions. All sizes are numbers. */
export function productText(node: Einsum, names: readonly string[]): string {
  const sizeOf = (label: number): number => constantSize(node.sizes[label] as Size) as number;
  const needed = (k: number): ReadonlySet<number> =>
    new Set([...node.output, ...node.labels.flatMap((labels, other) => (other === k ? [] : labels))]);
  const operands = names.map((text, k) =>
    summed(diagonal({ text, labels: node.labels[k] ?? [] }, sizeOf), needed(k), sizeOf),
  );
  const [a, b] = operands;
  const sums = operands.some(({ labels }) => labels.some((label) => !node.output.includes(label)));
  if (sums && a !== undefined && b !== undefined && operands.length === 2) return pair(a, b, node.output, sizeOf);
  if (sums) throw new Error("a sum over more than two operands was not contracted");
  return broadcast(operands, node.output, sizeOf);
}

type SizeOf = (label: number) => number;

export const shapeText = (sizes: readonly number[]): string => `[${sizes.join(", ")}]`;
const volume = (labels: readonly number[], sizeOf: SizeOf): number =>
  labels.reduce((product, label) => product * sizeOf(label), 1);

function transposed({ text, labels }: Labelled, order: readonly number[]): Labelled {
  if (labels.every((label, axis) => label === order[axis])) return { text, labels };
  return { text: `tf.transpose(${text}, ${shapeText(order.map((label) => labels.indexOf(label)))})`, labels: order };
}

/** A label that an operand has twice reads the diagonal of those axes: every (s + 1)st entry of the two as one axis. */
function diagonal(x: Labelled, sizeOf: SizeOf): Labelled {
  const label = x.labels.find((each, axis) => x.labels.indexOf(each) !== axis);
  if (label === undefined) return x;
  const axes = [...x.labels.keys()];
  const pair = axes.filter((axis) => x.labels[axis] === label).slice(0, 2);
  const others = axes.filter((axis) => !pair.includes(axis));
  const { text } = transposed({ text: x.text, labels: axes }, [...others, ...pair]);
  const rest = others.map((axis) => x.labels[axis] as number);
  const size = sizeOf(label);
  const flat = `tf.reshape(${text}, ${shapeText([...rest.map(sizeOf), size * size])})`;
  const places = `tf.range(0, ${size * size}, ${size + 1}, "int32")`;
  return diagonal({ text: `tf.gather(${flat}, ${places}, ${others.length})`, labels: [...rest, label] }, sizeOf);
}

/** Without the labels that nobody else needs. */
function summed(x: Labelled, needed: ReadonlySet<number>, sizeOf: SizeOf): Labelled {
  const axes = [...x.labels.keys()].filter((axis) => !needed.has(x.labels[axis] as number));
  if (axes.length === 0) return x;
  const labels = x.labels.filter((label) => needed.has(label));
  // Backends disagree on the sum of nothing.
  if (volume(x.labels, sizeOf) === 0) return { text: `tf.zeros(${shapeText(labels.map(sizeOf))})`, labels };
  return { text: `tf.sum(${x.text}, ${shapeText(axes)})`, labels };
}

/** Π of the operands, stretched along the labels that they lack. */
function broadcast(operands: readonly Labelled[], output: readonly number[], sizeOf: SizeOf): string {
  const aligned = operands.map((operand) => {
    const { text, labels } = transposed(
      operand,
      output.filter((label) => operand.labels.includes(label)),
    );
    if (labels.length === 0 || labels.length === output.length) return text;
    return `tf.reshape(${text}, ${shapeText(output.map((label) => (labels.includes(label) ? sizeOf(label) : 1)))})`;
  });
  const product = aligned.reduce((left, right) => `tf.mul(${left}, ${right})`);
  const covered = output.every((label) => operands.some(({ labels }) => labels.includes(label)));
  return covered ? product : `tf.broadcastTo(${product}, ${shapeText(output.map(sizeOf))})`;
}

function pair(a: Labelled, b: Labelled, output: readonly number[], sizeOf: SizeOf): string {
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => output.includes(label));
  const inner = both.filter((label) => !output.includes(label));
  const own = ({ labels }: Labelled): readonly number[] => labels.filter((label) => !both.includes(label));
  const [left, right] = [own(a), own(b)];
  const labels = [...batch, ...left, ...right];
  const shape = labels.map(sizeOf);
  // Backends disagree on the sum of nothing.
  if (volume([...labels, ...inner], sizeOf) === 0) return `tf.zeros(${shapeText(output.map(sizeOf))})`;
  if (batch.length > 0 && left.length === 0 && right.length === 0) {
    const product = broadcast([a, b], [...batch, ...inner], sizeOf);
    const axes = inner.map((_, k) => batch.length + k);
    return transposed({ text: `tf.sum(${product}, ${shapeText(axes)})`, labels: batch }, output).text;
  }
  const [first, second] = [asMatrix(a, batch, left, inner, sizeOf), asMatrix(b, batch, inner, right, sizeOf)];
  const flags = first.isTransposed || second.isTransposed ? `, ${first.isTransposed}, ${second.isTransposed}` : "";
  const product = `tf.matMul(${first.text}, ${second.text}${flags})`;
  const isMatrix = batch.length === 0 && left.length === 1 && right.length === 1;
  const text = isMatrix ? product : `tf.reshape(${product}, ${shapeText(shape)})`;
  return transposed({ text, labels }, output).text;
}

/** [batch, rows, columns], or its transpose where the operand already lies so; without the batch axis where there is none. */
function asMatrix(
  x: Labelled,
  batch: readonly number[],
  rows: readonly number[],
  columns: readonly number[],
  sizeOf: SizeOf,
): { readonly text: string; readonly isTransposed: boolean } {
  const lies = (order: readonly number[]): boolean => order.every((label, axis) => label === x.labels[axis]);
  const isTransposed = rows.length > 0 && columns.length > 0 && lies([...batch, ...columns, ...rows]);
  const groups = isTransposed ? [columns, rows] : [rows, columns];
  const { text } = transposed(x, [...batch, ...groups.flat()]);
  const shape = [...(batch.length === 0 ? [] : [batch]), ...groups].map((labels) => volume(labels, sizeOf));
  const isShaped = x.labels.length === shape.length && groups.every((labels) => labels.length === 1);
  return { text: isShaped ? text : `tf.reshape(${text}, ${shapeText(shape)})`, isTransposed };
}
