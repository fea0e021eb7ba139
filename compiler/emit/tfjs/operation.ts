/** The TensorFlow.js expression of one node: its forward operation, over the names of its operands. */
import type { Add, Gather, MapNode, Node, Scatter } from "../../ir/node.ts";
import { constantSize } from "../../ir/size.ts";
import { numberText } from "../javascript.ts";
import { dimensions } from "../specialise.ts";
import { functionTexts } from "./functions.ts";
import { productText, shapeText } from "./product.ts";

/**
 * `name` gives an operand's variable; asking for it says that it is read. The text may hold `yield`, which reads a tensor back,
 * and `host`, which computes what TensorFlow.js has no operation for (runtime/engine/tfjs/host.ts).
 */
export function operationText(node: Exclude<Node, { kind: "input" }>, name: (node: Node) => string): string {
  const shape = shapeText(dimensions(node));
  // Backends disagree on operations that have no entries to compute.
  if (dimensions(node).includes(0)) return `tf.zeros(${shape})`;
  switch (node.kind) {
    case "constant":
      return `tf.fill(${shape}, ${numberText(node.value)})`;
    case "literal":
      return `tf.tensor([${[...node.values].map(numberText).join(", ")}], ${shape})`;
    case "size":
      return `tf.scalar(${constantSize(node.size)})`;
    case "iota":
      return `tf.range(0, ${dimensions(node)[0]})`;
    case "delta":
      return `tf.eye(${dimensions(node)[0]})`;
    case "einsum":
      return productText(node, node.operands.map(name));
    case "add":
      return sumText(node, name);
    case "map":
      return mapText(node, name);
    case "reduce":
      return node.fn === "argmax"
        ? `tf.cast(tf.argMax(${name(node.operand)}, ${node.axis}), "float32")`
        : `tf.${reductions[node.fn]}(${name(node.operand)}, ${node.axis})`;
    case "gather":
      return gatherText(node, name);
    case "scatter":
      return scatterText(node, name);
    case "reshape":
      return `tf.reshape(${name(node.operand)}, ${shape})`;
    case "solve":
    case "logdet":
    case "cholesky": {
      const operands = node.kind === "solve" ? [node.matrix, node.rhs] : [node.matrix];
      const given = operands.map((operand) => `[yield ${name(operand)}, ${shapeText(dimensions(operand))}]`);
      return `tf.tensor(host.${node.kind}(${given.join(", ")}), ${shape})`;
    }
    default:
      return node satisfies never;
  }
}

const reductions = { max: "max", min: "min", logsumexp: "logSumExp" } as const;

/** A number where the operation stretches it to the other operands' shape, which one of them must have. */
function entries(operands: readonly Node[], name: (node: Node) => string): readonly string[] {
  const known = operands.every((operand) => operand.kind === "constant");
  return operands.map((operand) => (operand.kind === "constant" && !known ? numberText(operand.value) : name(operand)));
}

function mapText(node: MapNode, name: (node: Node) => string): string {
  const text: (...x: string[]) => string = functionTexts[node.fn];
  return text(...entries(node.operands, name));
}

/** Σ coefficient · operand, from left to right. */
function sumText(node: Add, name: (node: Node) => string): string {
  const texts = entries(node.operands, name);
  const times = (k: number, factor: number): string =>
    factor === 1 ? (texts[k] as string) : `tf.mul(${texts[k]}, ${numberText(factor)})`;
  const coefficients = node.coefficients;
  return texts.slice(1).reduce(
    (sum, _, at) => {
      const coefficient = coefficients[at + 1] as number;
      return coefficient < 0
        ? `tf.sub(${sum}, ${times(at + 1, -coefficient)})`
        : `tf.add(${sum}, ${times(at + 1, coefficient)})`;
    },
    texts.length === 1 && coefficients[0] === 1 ? `tf.clone(${texts[0]})` : times(0, coefficients[0] as number),
  );
}

/** Backends disagree on an index that is out of range; here it gives NaN. */
function gatherText(node: Gather, name: (node: Node) => string): string {
  const shape = dimensions(node);
  const size = dimensions(node.operand)[node.axis] as number;
  if (size === 0) return `tf.fill(${shapeText(shape)}, NaN)`;
  const index = name(node.index);
  const isInRange = `tf.logicalAnd(tf.greaterEqual(${index}, 0), tf.less(${index}, ${size}))`;
  const along = shape.map((length, axis) => (axis === node.axis ? length : 1));
  const mark = `tf.reshape(tf.where(${isInRange}, 0, NaN), ${shapeText(along)})`;
  const places = `tf.cast(tf.clipByValue(${index}, 0, ${size - 1}), "int32")`;
  return `tf.add(tf.gather(${name(node.operand)}, ${places}, ${node.axis}), ${mark})`;
}

/** scatterND adds up the rows that go to one place, so the axis comes first and the others become one. */
function scatterText(node: Scatter, name: (node: Node) => string): string {
  const shape = dimensions(node);
  const [from, to] = [dimensions(node.operand)[node.axis] as number, shape[node.axis] as number];
  const others = shape.flatMap((size, axis) => (axis === node.axis ? [] : [size]));
  const width = others.reduce((product, size) => product * size, 1);
  if (from === 0) return `tf.zeros(${shapeText(shape)})`;
  const axes = [...shape.keys()];
  const first = [node.axis, ...axes.filter((axis) => axis !== node.axis)];
  const isFirst = node.axis === 0;
  const operand = isFirst ? name(node.operand) : `tf.transpose(${name(node.operand)}, ${shapeText(first)})`;
  const rows = `tf.reshape(${operand}, ${shapeText([from, width])})`;
  const places = `tf.reshape(tf.cast(${name(node.index)}, "int32"), ${shapeText([from, 1])})`;
  const sums = `tf.reshape(tf.scatterND(${places}, ${rows}, ${shapeText([to, width])}), ${shapeText([to, ...others])})`;
  return isFirst ? sums : `tf.transpose(${sums}, ${shapeText(axes.map((axis) => first.indexOf(axis)))})`;
}
