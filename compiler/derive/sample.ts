/**
 * Estimates from some rows. Every axis of a table's row count n becomes one of b drawn rows: what is stored by row is gathered at
 * them, and a sum over rows is scaled by n / b. With rows drawn uniformly, and independently from table to table, the result is
 * unbiased as long as it is linear in each such sum; whatever is not is refused. Means need no rule: they are sums over n.
 *
 * What reads no unknown and has no axis of rows left, such as a feature's mean over the data, is computed from every row.
 */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import { notSampled } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import * as build from "../ir/graph.ts";
import { type Einsum, type Input, type Node, operandsOf, reachable } from "../ir/node.ts";
import { type Size, substituteSizes } from "../ir/size.ts";
import { withOperands } from "../ir/substitute.ts";

/** Rows of one table, drawn anew for each estimate. */
export interface RowSample {
  /** The name that the table's row count has in shapes, and how many rows that is. */
  readonly rows: string;
  readonly count: number;
  readonly batch: Size;
  /** b / n of the rows are looked at: sums are scaled by n / b. */
  readonly scale: number;
  /** The numbers of the drawn rows, [b]; absent for a table whose rows are made afresh, `leaf` then gives them. */
  readonly numbers: Input;
}

/** What is known of a node's sampled form. */
interface Sampled {
  readonly node: Node;
  /** Row counts over which it holds a sum: it is an estimate with respect to their draws. */
  readonly estimates: ReadonlySet<string>;
}

/** Throws a refusal at `span` where the objective is no expectation over rows, or no linear function of them. */
export function sampled(g: Graph, root: Node, samples: readonly RowSample[], span: Span): Node {
  const done = new Map<Node, Sampled>();
  const context: Context = { g, samples, span, done };
  for (const node of reachable([root])) done.set(node, sampleNode(context, node));
  return (done.get(root) as Sampled).node;
}

interface Context {
  readonly g: Graph;
  readonly samples: readonly RowSample[];
  readonly span: Span;
  readonly done: ReadonlyMap<Node, Sampled>;
}

const none: ReadonlySet<string> = new Set();
const unknownRoles: readonly string[] = ["upper", "lower", "multiplier", "value"] satisfies readonly Input["role"][];

function sampleNode(context: Context, node: Node): Sampled {
  if (node.kind === "input") return { node: sampleInput(context, node), estimates: none };
  const isExact = !node.shape.some((size) => sampleOf(context, size)) && !readsUnknown(node);
  if (isExact) return { node, estimates: none };
  const operands = operandsOf(node).map((operand) => context.done.get(operand) as Sampled);
  const estimates = new Set(operands.flatMap((operand) => [...operand.estimates]));
  switch (node.kind) {
    case "einsum":
      return sampleEinsum(context, node, operands);
    case "constant":
      return { node: build.constant(context.g, node.value, shapeOf(context, node)), estimates: none };
    case "iota": {
      const sample = sampleOf(context, node.shape[0] as Size);
      return { node: sample?.numbers ?? node, estimates: none };
    }
    case "reshape":
      return { node: build.reshape(context.g, (operands[0] as Sampled).node, shapeOf(context, node)), estimates };
    case "add":
    case "gather":
    case "scatter":
      return { node: rebuilt(context, node, operands), estimates };
    case "map":
      if (estimates.size > 0 && node.fn !== "stop") return refuse(context, "it is not linear in its mean over rows");
      return { node: rebuilt(context, node, operands), estimates };
    case "reduce":
      if (estimates.size > 0 || sampleOf(context, node.operand.shape[node.axis] as Size) !== undefined)
        return refuse(context, `a ${node.fn} over rows has no unbiased estimate from some of them`);
      return { node: rebuilt(context, node, operands), estimates };
    case "solve":
    case "logdet":
    case "cholesky":
      if (estimates.size > 0 || node.matrix.shape.slice(-2).some((size) => sampleOf(context, size)))
        return refuse(context, "it solves a system made from the rows");
      return { node: rebuilt(context, node, operands), estimates };
    case "delta":
      return refuse(context, "it compares rows with each other");
    case "literal":
    case "size":
      return { node, estimates: none };
  }
}

/** Σ over rows is scaled; a product of two estimates from the same rows would be biased. */
function sampleEinsum(context: Context, node: Einsum, operands: readonly Sampled[]): Sampled {
  const summed = node.sizes.flatMap((size, label) =>
    node.output.includes(label) ? [] : [sampleOf(context, size)].filter((sample) => sample !== undefined),
  );
  const over = summed.map(({ rows }) => rows);
  const all = [...over, ...operands.flatMap(({ estimates }) => [...estimates])];
  if (new Set(all).size < all.length) return refuse(context, "it multiplies two sums over the same rows");
  const sizes = new Map(node.sizes.map((size, label) => [label, sampledSize(context, size)]));
  const einsum = build.einsum(
    context.g,
    operands.map((operand) => operand.node),
    node.labels,
    node.output,
    sizes,
  );
  const factor = summed.reduce((product, { scale }) => product * scale, 1);
  return { node: factor === 1 ? einsum : build.scale(context.g, factor, einsum), estimates: new Set(all) };
}

/** What has an axis of rows is read at the drawn ones. */
function sampleInput(context: Context, node: Input): Node {
  return node.shape.reduce<Node>((value, size, axis) => {
    const sample = sampleOf(context, size);
    return sample === undefined ? value : build.gather(context.g, value, sample.numbers, axis);
  }, node);
}

const rebuilt = ({ g }: Context, node: Node, operands: readonly Sampled[]): Node =>
  withOperands(
    g,
    node,
    operands.map((operand) => operand.node),
  );

const sampleOf = ({ samples }: Context, size: Size): RowSample | undefined =>
  samples.find(({ rows }) => size.key === rows);

const shapeOf = (context: Context, node: Node): readonly Size[] => node.shape.map((size) => sampledSize(context, size));

function sampledSize({ samples }: Context, size: Size): Size {
  return substituteSizes(size, (name) => samples.find(({ rows }) => rows === name)?.batch);
}

const readsUnknown = (node: Node): boolean =>
  reachable([node]).some((read) => read.kind === "input" && unknownRoles.includes(read.role));

function refuse({ span }: Context, why: string): never {
  throw new BilevelError([notSampled(why, span)]);
}
