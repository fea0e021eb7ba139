/**
 * Estimates from some rows. Every axis of a table's row count n becomes one of b drawn rows: what is stored by row is gathered at
 * them, and a sum over rows is scaled by n / b. With rows drawn uniformly, and independently from table to table, the result is
 * unbiased as long as it is linear in each such sum; whatever is not is refused. Means need no rule: they are sums over n.
 *
 * What has no axis of rows left is computed from every row where it reads no unknown, such as a feature's mean over the data, or
 * no data of these rows, such as a penalty on unknowns that have one entry a row.
 */

import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import type { Generator } from "../check/model.ts";
import { notSampled } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import * as build from "../ir/graph.ts";
import { type Einsum, type Gather, type Input, type Node, operandsOf, reachable } from "../ir/node.ts";
import {
  evaluateSize,
  namesIn,
  productOfSizes,
  type Size,
  type SizeBindings,
  sameSize,
  sizeOf,
  substituteSizes,
} from "../ir/size.ts";
import { withOperands } from "../ir/substitute.ts";

/** Rows of one table, drawn anew for each estimate. */
export interface RowSample {
  /** The table's row count as shapes have it, and how many rows that is. */
  readonly rows: string;
  readonly count: number;
  readonly batch: Size;
  /** n / b, which sums are scaled by. */
  readonly scale: number;
  /** The numbers of the drawn rows, [b]. */
  readonly numbers: Input;
  /** Fields of an endless table: the inputs that hold b rows drawn afresh, and what they are drawn from. */
  readonly fresh: ReadonlyMap<Input, { readonly rows: Input; readonly generator: Generator }>;
}

/** An objective over drawn rows, and whose rows these are; of tables that are not among them, every row is read. */
export interface SampledObjective {
  readonly objective: Node;
  readonly samples: readonly RowSample[];
}

/**
 * The objective over `batch` rows of each table that has more and that it is linear in; of others it reads every row. `name` tells
 * its rows from those of other objectives; `endless` are fields of tables that have rows without end, which are drawn afresh. Throws a
 * refusal where it could use none of the tables.
 */
export function sampledObjective(
  g: Graph,
  root: Node,
  name: string,
  sizes: SizeBindings,
  batch: number,
  span: Span,
  endless: ReadonlyMap<string, Generator> = new Map(),
): SampledObjective {
  const inputs = reachable([root]).filter((node): node is Input => node.kind === "input" && node.role === "data");
  const tables = new Map(
    inputs.flatMap(({ shape }) => (shape[0] === undefined ? [] : [[shape[0].key, shape[0]] as const])),
  );
  const candidates = [...tables].flatMap(([rows, all]): readonly RowSample[] => {
    const count = evaluateSize(all, sizes);
    const fields = inputs.filter((field) => field.shape[0]?.key === rows && endless.has(field.name));
    if (count === undefined || !Number.isFinite(batch) || (count <= batch && fields.length === 0)) return [];
    const size = sizeOf(batch);
    const drawn = (what: string, shape: readonly Size[]): Input =>
      build.input(g, `${what} drawn for ${name}, ${batch} each`, "step", shape);
    const fresh = fields.map((field) => {
      const generator = endless.get(field.name) as Generator;
      return [field, { rows: drawn(field.name, [size, ...field.shape.slice(1)]), generator }] as const;
    });
    return [{ rows, count, batch: size, scale: count / batch, numbers: drawn(rows, [size]), fresh: new Map(fresh) }];
  });
  let refusal: BilevelError | undefined;
  const samples = candidates.filter((sample) => {
    try {
      return sampled(g, root, [sample], span) !== root;
    } catch (error) {
      if (!(error instanceof BilevelError)) throw error;
      refusal ??= error;
      return false;
    }
  });
  if (samples.length === 0 && refusal !== undefined) throw refusal;
  return { objective: sampled(g, root, samples, span), samples };
}

/** What is known of a node's sampled form. */
interface Sampled {
  readonly node: Node;
  /** Whether the node as written reads an unknown, and data with an axis of these rows. */
  readonly reads: { readonly unknown: boolean; readonly rows: boolean };
  /** Row counts over which it holds a sum: it is an estimate with respect to their draws. */
  readonly estimates: ReadonlySet<string>;
}

/** Throws a refusal at `span` where the objective is no expectation over rows, or no linear function of them. */
export function sampled(g: Graph, root: Node, samples: readonly RowSample[], span: Span): Node {
  const done = new Map<Node, Sampled>();
  const context: Context = { g, samples, span, done };
  for (const node of reachable([root])) {
    const reads = readBy(context, node);
    done.set(node, { reads, ...sampleNode(context, node, reads) });
  }
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

type Estimate = Omit<Sampled, "reads">;

function readBy(context: Context, node: Node): Sampled["reads"] {
  if (node.kind === "input")
    return {
      unknown: unknownRoles.includes(node.role),
      rows: node.role === "data" && node.shape.some((size) => sampleOf(context, size)),
    };
  const operands = operandsOf(node).map((operand) => (context.done.get(operand) as Sampled).reads);
  return { unknown: operands.some(({ unknown }) => unknown), rows: operands.some(({ rows }) => rows) };
}

function sampleNode(context: Context, node: Node, reads: Sampled["reads"]): Estimate {
  if (node.shape.some((size) => sampleOf(context, size) === undefined && isMadeOf(context, size)))
    return refuse(context, "its rows share an axis with something else");
  if (node.kind === "input") return { node: sampleInput(context, node), estimates: none };
  const isExact = !node.shape.some((size) => sampleOf(context, size)) && !(reads.unknown && reads.rows);
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
    case "reshape": {
      const [{ node: operand }, shape] = [operands[0] as Sampled, shapeOf(context, node)];
      if (!sameSize(productOfSizes(operand.shape), productOfSizes(shape)))
        return refuse(
          context,
          "something else has as many entries as the table has rows; rows with a name, as n in real[n, d], are told apart",
        );
      return { node: build.reshape(context.g, operand, shape), estimates };
    }
    case "add":
      return { node: rebuilt(context, node, operands), estimates };
    case "gather":
      return sampleGather(context, node, operands);
    case "scatter":
      if (sampleOf(context, node.shape[node.axis] as Size) !== undefined)
        return refuse(context, "it puts entries at rows by their numbers");
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
function sampleEinsum(context: Context, node: Einsum, operands: readonly Sampled[]): Estimate {
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

/** Rows that are named by their numbers are read where they stand. */
function sampleGather(context: Context, node: Gather, operands: readonly Sampled[]): Estimate {
  const [operand, index] = operands as readonly [Sampled, Sampled];
  if (index.estimates.size > 0) return refuse(context, "it reads an entry whose number is a mean over rows");
  const axes = node.operand.shape.filter((size) => sampleOf(context, size) !== undefined);
  if (sampleOf(context, node.operand.shape[node.axis] as Size) === undefined)
    return { node: rebuilt(context, node, operands), estimates: operand.estimates };
  if (axes.length > 1) return refuse(context, "it reads rows by their numbers from an array of pairs of rows");
  return { node: build.gather(context.g, node.operand, index.node, node.axis), estimates: none };
}

/** What has an axis of rows is read at the drawn ones; rows that are drawn afresh are read as they come. */
function sampleInput(context: Context, node: Input): Node {
  const fresh = context.samples.find((sample) => sample.fresh.has(node))?.fresh.get(node);
  if (fresh !== undefined) return fresh.rows;
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

function sampledSize(context: Context, size: Size): Size {
  const named = (name: string): Size | undefined => context.samples.find(({ rows }) => rows === name)?.batch;
  return sampleOf(context, size)?.batch ?? substituteSizes(size, named);
}

const isMadeOf = ({ samples }: Context, size: Size): boolean => samples.some(({ rows }) => namesIn(size).has(rows));

function refuse({ span }: Context, why: string): never {
  throw new BilevelError([notSampled(why, span)]);
}
