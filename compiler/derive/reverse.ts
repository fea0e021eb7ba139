/** Reverse differentiation: cotangents from the output back to what it was made of. One rule a node kind. */
import {
  add,
  cholesky,
  constant,
  delta,
  einsum,
  type Graph,
  gather,
  reshape,
  scale,
  scatter,
  solve,
} from "../ir/graph.ts";
import { type Einsum, type Node, type NodeKind, operandsOf, reachable } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { partials } from "./elementwise.ts";
import {
  inverseTransposed,
  isZero,
  lowerHalf,
  matrixProduct,
  range,
  reductionWeights,
  scaleEntries,
  symmetricPart,
  transposed,
} from "./pieces.ts";

/** Called by a rule for every operand that the cotangent reaches; `k` counts as `operandsOf` does. */
type Send = (k: number, cotangent: () => Node) => void;

/** `bar` is the node's cotangent [...e, ...shape] with `e` extra leading axes. */
type ReverseRule<K extends NodeKind> = (
  g: Graph,
  node: Extract<Node, { kind: K }>,
  bar: Node,
  e: number,
  send: Send,
) => void;

const leaf = (): void => {};

/**
 * C[o] = Σ Π A_k[l_k]: Ā_i[e, l_i] = Σ C̄[e, o] Π_{k≠i} A_k[l_k]. A label of A_i found nowhere else broadcasts; one that A_i
 * repeats is split by a delta.
 */
function einsumCotangent(g: Graph, node: Einsum, i: number, bar: Node, e: number): Node {
  const shift = (labels: readonly number[]) => labels.map((label) => label + e);
  const extra = range(0, e);
  const operand = node.operands[i] as Node;
  const operands = [bar, ...node.operands.filter((_, k) => k !== i)];
  const labels = [[...extra, ...shift(node.output)], ...node.labels.filter((_, k) => k !== i).map(shift)];
  const sizes = new Map<number, Size>();
  const own: number[] = [];
  for (const [axis, label] of shift(node.labels[i] ?? []).entries()) {
    const size = operand.shape[axis] as Size;
    const repeated = own.includes(label);
    const name = repeated ? e + node.sizes.length + axis : label;
    if (repeated) {
      operands.push(delta(g, size));
      labels.push([label, name]);
    }
    sizes.set(name, size);
    own.push(name);
  }
  return einsum(g, operands, labels, [...extra, ...own], sizes);
}

const rules: { readonly [K in NodeKind]: ReverseRule<K> } = {
  input: leaf,
  constant: leaf,
  literal: leaf,
  size: leaf,
  iota: leaf,
  delta: leaf,
  einsum: (g, node, bar, e, send) => {
    for (const i of node.operands.keys()) send(i, () => einsumCotangent(g, node, i, bar, e));
  },
  /** C = Σ c_k A_k: Ā_k = c_k C̄ */
  add: (g, node, bar, _, send) => {
    for (const [k, coefficient] of node.coefficients.entries()) send(k, () => scale(g, coefficient, bar));
  },
  /** C = f(A): Ā_k = C̄ ∂f/∂A_k, entry by entry */
  map: (g, node, bar, _, send) => {
    for (const [k, partial] of partials[node.fn].entries()) {
      send(k, () => {
        const factor = partial(g, node.operands, node);
        return factor === undefined ? constant(g, 0, bar.shape) : scaleEntries(g, bar, factor);
      });
    }
  },
  /** Ā[e, .., i, ..] = C̄[e, .., ..] w[.., i, ..] */
  reduce: (g, node, bar, e, send) =>
    send(0, () => {
      const weights = reductionWeights(g, node);
      const output = range(0, e + node.operand.shape.length);
      if (weights === undefined) return constant(g, 0, [...bar.shape.slice(0, e), ...node.operand.shape]);
      return einsum(g, [bar, weights], [output.filter((label) => label !== e + node.axis), output.slice(e)], output);
    }),
  gather: (g, node, bar, e, send) =>
    send(0, () => scatter(g, bar, node.index, e + node.axis, node.operand.shape[node.axis] as Size)),
  scatter: (g, node, bar, e, send) => send(0, () => gather(g, bar, node.index, e + node.axis)),
  reshape: (g, node, bar, e, send) => send(0, () => reshape(g, bar, [...bar.shape.slice(0, e), ...node.operand.shape])),
  /** X = M⁻¹ B: B̄ = M⁻ᵀ X̄, M̄ = −B̄ Xᵀ summed over the right-hand side's own leading axes */
  solve: (g, node, bar, e, send) => {
    const rhsBar = solve(g, transposed(g, node.matrix), bar);
    send(0, () => {
      const lead = node.shape.length - 2;
      const extra = range(0, e);
      const leading = range(e, lead);
      const batch = leading.slice(lead - (node.matrix.shape.length - 2));
      const [i, j, r] = [e + lead, e + lead + 1, e + lead + 2];
      const product = einsum(
        g,
        [rhsBar, node],
        [
          [...extra, ...leading, i, r],
          [...leading, j, r],
        ],
        [...extra, ...batch, i, j],
      );
      return scale(g, -1, product);
    });
    send(1, () => rhsBar);
  },
  /** M̄ = C̄ M⁻ᵀ */
  logdet: (g, node, bar, _, send) =>
    send(0, () => {
      const rank = bar.shape.length;
      const batch = range(0, rank).slice(rank - node.shape.length);
      const matrix = [rank, rank + 1];
      return einsum(
        g,
        [bar, inverseTransposed(g, node.matrix)],
        [range(0, rank), [...batch, ...matrix]],
        range(0, rank + 2),
      );
    }),
  /** L Lᵀ = A, A symmetric: Ā = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹), by two solves: with P = L⁻ᵀ Φ, P L⁻¹ = (L⁻ᵀ Pᵀ)ᵀ */
  cholesky: (g, node, bar, _, send) =>
    send(0, () => {
      const upper = transposed(g, cholesky(g, node.matrix));
      const left = solve(g, upper, lowerHalf(g, matrixProduct(g, upper, bar)));
      return symmetricPart(g, solve(g, upper, transposed(g, left)));
    }),
};

/**
 * What the output's cotangent [...e, ...output.shape] is worth to each of `wrt`: [...e, ...x.shape]. Any number of extra leading axes,
 * so the unit tensor as a cotangent gives a Jacobian. Zeros are constants.
 */
export function reverse(g: Graph, output: Node, cotangent: Node, wrt: readonly Node[]): readonly Node[] {
  const e = cotangent.shape.length - output.shape.length;
  const extra = cotangent.shape.slice(0, e);
  const order = reachable([output]);
  const active = new Set<Node>(wrt);
  for (const node of order) if (operandsOf(node).some((operand) => active.has(operand))) active.add(node);

  const received = new Map<Node, Node[]>(isZero(cotangent) ? [] : [[output, [cotangent]]]);
  const totals = new Map<Node, Node>();
  for (const node of order.toReversed()) {
    const parts = received.get(node);
    if (parts === undefined || !active.has(node)) continue;
    const bar =
      parts.length === 1
        ? (parts[0] as Node)
        : add(
            g,
            parts.map(() => 1),
            parts,
          );
    totals.set(node, bar);
    const operands = operandsOf(node);
    if (!operands.some((operand) => active.has(operand))) continue;
    const send: Send = (k, make) => {
      const operand = operands[k] as Node;
      if (!active.has(operand)) return;
      const part = make();
      if (isZero(part)) return;
      const known = received.get(operand);
      if (known === undefined) received.set(operand, [part]);
      else known.push(part);
    };
    (rules[node.kind] as ReverseRule<NodeKind>)(g, node, bar, e, send);
  }
  return wrt.map((x) => totals.get(x) ?? constant(g, 0, [...extra, ...x.shape]));
}
