/**
 * The form of a curvature: which axes of the unknown it does not couple. A surviving delta between an axis of the row and
 * the same axis of the column says that the matrix is block-diagonal along it; the delta is then never multiplied out.
 */
import { asEinsum, termsOf } from "../derive/entrywise.ts";
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

/** Axes a of the unknown for which the term has a delta between row axis a and column axis a. */
function separateAxes(term: Node, rank: number): ReadonlySet<number> {
  const { operands, labels, output } = asEinsum(term);
  const found = new Set<number>();
  operands.forEach((operand, k) => {
    if (operand.kind !== "delta") return;
    const pair = labels[k] ?? [];
    for (let a = 0; a < rank; a += 1) {
      const [row, column] = [output[a] as number, output[a + rank] as number];
      if (pair.includes(row) && pair.includes(column)) found.add(a);
    }
  });
  return found;
}

/** The form of ∂R/∂y for one unknown y; the curvature is simplified and [...y, ...y]. */
export function curvatureForm(g: Graph, curvature: Node, unknown: Input): CurvatureForm {
  const rank = unknown.shape.length;
  const terms = termsOf(curvature).filter((term) => !(term.node.kind === "constant" && term.node.value === 0));
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
  const each = terms.map((term) => separateAxes(term.node, rank));
  const separate = axes.filter((a) => each.every((found) => found.has(a)));
  const coupled = axes.filter((a) => !separate.includes(a));
  const reduced = terms.map((term) => withoutDeltas(term.node, rank, separate));
  const shared = reduced.every((term) =>
    term.labels.every((own) => own.every((label) => !term.separateLabels.includes(label))),
  );
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
function withoutDeltas(term: Node, rank: number, separate: readonly number[]) {
  const { operands, labels, output, sizes } = asEinsum(term);
  const renamed = new Map(separate.map((a) => [output[a + rank] as number, output[a] as number]));
  const tied = (pair: readonly number[]): boolean =>
    separate.some((a) => pair.includes(output[a] as number) && pair.includes(output[a + rank] as number));
  const kept = operands.map((_, k) => k).filter((k) => !(operands[k]?.kind === "delta" && tied(labels[k] ?? [])));
  const coupled = output.map((_, i) => i).filter((i) => !separate.includes(i % rank));
  return {
    operands: kept.map((k) => operands[k] as Node),
    labels: kept.map((k) => (labels[k] as readonly number[]).map((label) => renamed.get(label) ?? label)),
    separateLabels: separate.map((a) => output[a] as number),
    coupledLabels: coupled.map((i) => output[i] as number),
    sizes,
  };
}

/** The form of a block with several unknowns: one dense matrix over all of them. */
export function stackedForm(
  g: Graph,
  curvature: readonly (readonly Node[])[],
  unknowns: readonly Input[],
): CurvatureForm {
  const only = unknowns.length === 1 ? unknowns[0] : undefined;
  if (curvature.length === 0) return operatorForm(g, unknowns);
  if (only !== undefined) return curvatureForm(g, curvature[0]?.[0] as Node, only);
  const matrix = stackMatrix(g, curvature, unknowns);
  const order = matrix.shape[0] as Size;
  const [stacked] = simplify(g, [reshape(g, matrix, [oneSize, order, order])]);
  return { kind: "dense", separate: [], coupled: [], shared: true, matrix: stacked as Node, count: oneSize, order };
}

function operatorForm(g: Graph, unknowns: readonly Input[]): CurvatureForm {
  const matrix = constant(g, 0, [oneSize, oneSize, oneSize]);
  const order = totalSize(unknowns);
  return { kind: "operator", separate: [], coupled: [], shared: true, matrix, count: oneSize, order };
}
