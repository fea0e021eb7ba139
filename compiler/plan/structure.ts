/**
 * The form of a curvature: which axes of the unknown it does not couple. A surviving delta between an axis of the row and
 * the same axis of the column says that the matrix is block-diagonal along it; the delta is then never multiplied out.
 */
import { asEinsum, type Term, termsOf } from "../derive/entrywise.ts";
import { stackMatrix, totalSize } from "../derive/stack.ts";
import { add, constant, einsum, type Graph, reshape } from "../ir/graph.ts";
import type { Input, Node } from "../ir/node.ts";
import { oneSize, productOfSizes, type Size } from "../ir/size.ts";
import { simplify } from "../simplify/simplify.ts";

export interface CurvatureForm {
  /**
   * - `zero`: nothing is curved (the condition does not read the unknown or is affine with slope 0).
   * - `diagonal`: no two entries are coupled.
   * - `blocks`: entries are coupled only where they agree on `separate` axes.
   * - `dense`: anything else.
   * - `operator`: it is not formed, only multiplied with; the matrix is then a zero that nothing reads.
   */
  readonly kind: "zero" | "diagonal" | "blocks" | "dense" | "operator";
  /** Axes of the unknown along which nothing is coupled, in order; the remaining axes are `coupled`. */
  readonly separate: readonly number[];
  readonly coupled: readonly number[];
  /** Whether all the blocks along the separate axes are the same matrix. */
  readonly shared: boolean;
  /** [count, r, r]: the blocks; count is 1 where they are shared. */
  readonly matrix: Node;
  /** Number of blocks and their order. */
  readonly count: Size;
  readonly order: Size;
}

/** Where a curvature [...y_a, ...y_b] has an axis of its row, and where the same axis of its column. */
type AxisPair = readonly [row: number, column: number];

/** Whether the term is a delta between the two axes, times something. */
function isTied(term: Node, [row, column]: AxisPair): boolean {
  const { operands, labels, output } = asEinsum(term);
  return operands.some((operand, k) => {
    const pair = labels[k] ?? [];
    return operand.kind === "delta" && pair.includes(output[row] as number) && pair.includes(output[column] as number);
  });
}

/** The terms of a curvature; none where it is zero. */
function curvedTerms(curvature: Node): readonly Term[] {
  return termsOf(curvature).filter((term) => !(term.node.kind === "constant" && term.node.value === 0));
}

/** The form of ∂R/∂y for one unknown y; the curvature is simplified and [...y, ...y]. */
export function curvatureForm(g: Graph, curvature: Node, unknown: Input): CurvatureForm {
  const rank = unknown.shape.length;
  const terms = curvedTerms(curvature);
  const axes = unknown.shape.map((_, a) => a);
  if (terms.length === 0) {
    return {
      kind: "zero",
      separate: axes,
      coupled: [],
      shared: true,
      matrix: constant(g, 0, [oneSize, oneSize, oneSize]),
      count: productOfSizes(unknown.shape),
      order: oneSize,
    };
  }
  const separate = axes.filter((a) => terms.every((term) => isTied(term.node, [a, a + rank])));
  const coupled = axes.filter((a) => !separate.includes(a));
  const pairs = separate.map((a): AxisPair => [a, a + rank]);
  const reduced = terms.map((term) => withoutDeltas(term.node, pairs));
  const shared = reduced.every(isShared);
  const sum = reduced.map((term) => {
    const output = [...(shared ? [] : term.separateLabels), ...term.coupledLabels];
    const sizes = new Map(term.sizes.map((size, label) => [label, size]));
    return einsum(g, term.operands, term.labels, output, sizes);
  });
  const size = (list: readonly number[]): Size => productOfSizes(list.map((a) => unknown.shape[a] as Size));
  const order = size(coupled);
  const count = size(separate);
  const blocks = add(
    g,
    terms.map((term) => term.coefficient),
    sum,
  );
  const [matrix] = simplify(g, [reshape(g, blocks, [shared ? oneSize : count, order, order])]);
  const kind = separate.length === 0 && rank > 0 ? "dense" : coupled.length === 0 ? "diagonal" : "blocks";
  return { kind, separate, coupled, shared, matrix: matrix as Node, count, order };
}

/** The term with the separating deltas gone and each column axis they tied renamed to its row axis. */
function withoutDeltas(term: Node, pairs: readonly AxisPair[]) {
  const { operands, labels, output, sizes } = asEinsum(term);
  const renamed = new Map(pairs.map(([row, column]) => [output[column] as number, output[row] as number]));
  const tied = (pair: readonly number[]): boolean =>
    pairs.some(([row, column]) => pair.includes(output[row] as number) && pair.includes(output[column] as number));
  const kept = operands.map((_, k) => k).filter((k) => !(operands[k]?.kind === "delta" && tied(labels[k] ?? [])));
  const coupled = output.map((_, i) => i).filter((i) => !pairs.flat().includes(i));
  return {
    operands: kept.map((k) => operands[k] as Node),
    labels: kept.map((k) => (labels[k] as readonly number[]).map((label) => renamed.get(label) ?? label)),
    separateLabels: pairs.map(([row]) => output[row] as number),
    coupledLabels: coupled.map((i) => output[i] as number),
    sizes,
  };
}

type Reduced = ReturnType<typeof withoutDeltas>;

/** Whether the blocks along the separate axes are all the same. */
const isShared = ({ labels, separateLabels }: Reduced): boolean =>
  labels.every((own) => own.every((label) => !separateLabels.includes(label)));

/** The form of a block with several unknowns: one dense matrix over all of them, or over all that they have in each column. */
export function stackedForm(
  g: Graph,
  curvature: readonly (readonly Node[])[],
  unknowns: readonly Input[],
): CurvatureForm {
  const only = unknowns.length === 1 ? unknowns[0] : undefined;
  if (curvature.length === 0) return operatorForm(g, unknowns);
  if (only !== undefined) return curvatureForm(g, curvature[0]?.[0] as Node, only);
  const inColumns = columnsForm(g, curvature, unknowns);
  if (inColumns !== undefined) return inColumns;
  const matrix = stackMatrix(g, curvature, unknowns);
  const order = matrix.shape[0] as Size;
  const [stacked] = simplify(g, [reshape(g, matrix, [oneSize, order, order])]);
  return { kind: "dense", separate: [], coupled: [], shared: true, matrix: stacked as Node, count: oneSize, order };
}

/**
 * Unknowns [..., k] that nothing couples along k, and that are curved alike in all k columns, as the weights and the bias of least squares
 * with k outputs. One after the other they are a matrix [r, k], and one matrix of order r solves for all of its columns.
 */
function columnsForm(
  g: Graph,
  curvature: readonly (readonly Node[])[],
  unknowns: readonly Input[],
): CurvatureForm | undefined {
  const columns = unknowns[0]?.shape.at(-1);
  if (columns === undefined || unknowns.some(({ shape }) => shape.at(-1)?.key !== columns.key)) return undefined;
  const rests = unknowns.map(({ shape }) => constant(g, 0, shape.slice(0, -1)));
  const blocks = curvature.map((row, a) =>
    row.flatMap((node, b) => ofOneColumn(g, node, rests[a] as Node, rests[b] as Node) ?? []),
  );
  if (blocks.some((row) => row.length < unknowns.length)) return undefined;
  const order = totalSize(rests);
  const [matrix] = simplify(g, [reshape(g, stackMatrix(g, blocks, rests), [oneSize, order, order])]);
  return { kind: "blocks", separate: [1], coupled: [0], shared: true, matrix: matrix as Node, count: columns, order };
}

/** From the curvature [...a, k, ...b, k] what each column has, [...a, ...b]; `undefined` where columns are coupled or differ. */
function ofOneColumn(g: Graph, curvature: Node, a: Node, b: Node): Node | undefined {
  const pair: AxisPair = [a.shape.length, a.shape.length + 1 + b.shape.length];
  const terms = curvedTerms(curvature);
  if (terms.length === 0) return constant(g, 0, [...a.shape, ...b.shape]);
  if (!terms.every((term) => isTied(term.node, pair))) return undefined;
  const reduced = terms.map((term) => withoutDeltas(term.node, [pair]));
  if (!reduced.every(isShared)) return undefined;
  return add(
    g,
    terms.map((term) => term.coefficient),
    reduced.map(({ operands, labels, coupledLabels, sizes }) =>
      einsum(g, operands, labels, coupledLabels, new Map(sizes.map((size, label) => [label, size]))),
    ),
  );
}

function operatorForm(g: Graph, unknowns: readonly Input[]): CurvatureForm {
  const matrix = constant(g, 0, [oneSize, oneSize, oneSize]);
  const order = totalSize(unknowns);
  return { kind: "operator", separate: [], coupled: [], shared: true, matrix, count: oneSize, order };
}
