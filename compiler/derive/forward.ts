/** Forward differentiation: tangents from the inputs on to what is made of them. One rule a node kind. */
import { add, cholesky, constant, einsum, type Graph, gather, reshape, scale, scatter, solve } from "../ir/graph.ts";
import { type Node, type NodeKind, operandsOf, reachable } from "../ir/node.ts";
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

/** The tangent [...e, ...shape] of a node's k-th operand, as `operandsOf` counts; `undefined` is zero. */
type Tangent = (k: number) => Node | undefined;

/** The terms whose sum is the node's tangent [...e, ...shape]. */
type ForwardRule<K extends NodeKind> = (
  g: Graph,
  node: Extract<Node, { kind: K }>,
  tangent: Tangent,
  e: number,
) => readonly (Node | undefined)[];

const leaf = (): readonly Node[] => [];

/** The rule of a node that is linear in its first operand and reads no other derivative. */
const linear = (tangent: Tangent, apply: (t: Node) => Node): readonly Node[] => {
  const t = tangent(0);
  return t === undefined ? [] : [apply(t)];
};

const rules: { readonly [K in NodeKind]: ForwardRule<K> } = {
  input: leaf,
  constant: leaf,
  literal: leaf,
  size: leaf,
  iota: leaf,
  delta: leaf,
  /** Ċ[e, o] = Σ_i Σ Ȧ_i[e, l_i] Π_{k≠i} A_k[l_k] */
  einsum: (g, node, tangent, e) => {
    const shift = (labels: readonly number[]) => labels.map((label) => label + e);
    const extra = range(0, e);
    const labels = node.labels.map(shift);
    const sizes = new Map(node.sizes.map((size, label) => [label + e, size]));
    return node.operands.map((_, i) => {
      const t = tangent(i);
      if (t === undefined) return undefined;
      const operands = node.operands.with(i, t);
      return einsum(
        g,
        operands,
        labels.with(i, [...extra, ...(labels[i] as number[])]),
        [...extra, ...shift(node.output)],
        sizes,
      );
    });
  },
  /** Ċ = Σ c_k Ȧ_k */
  add: (g, node, tangent) =>
    node.coefficients.map((coefficient, k) => {
      const t = tangent(k);
      return t === undefined ? undefined : scale(g, coefficient, t);
    }),
  /** Ċ = Σ_k ∂f/∂A_k Ȧ_k, entry by entry */
  map: (g, node, tangent) =>
    partials[node.fn].map((partial, k) => {
      const t = tangent(k);
      const factor = t === undefined ? undefined : partial(g, node.operands, node);
      return t === undefined || factor === undefined ? undefined : scaleEntries(g, t, factor);
    }),
  /** Ċ[e, .., ..] = Σ_i w[.., i, ..] Ȧ[e, .., i, ..] */
  reduce: (g, node, tangent, e) =>
    linear(tangent, (t) => {
      const weights = reductionWeights(g, node);
      const labels = range(0, t.shape.length);
      const output = labels.filter((label) => label !== e + node.axis);
      if (weights === undefined)
        return constant(
          g,
          0,
          output.map((label) => t.shape[label] as Size),
        );
      return einsum(g, [t, weights], [labels, labels.slice(e)], output);
    }),
  gather: (g, node, tangent, e) => linear(tangent, (t) => gather(g, t, node.index, e + node.axis)),
  scatter: (g, node, tangent, e) =>
    linear(tangent, (t) => scatter(g, t, node.index, e + node.axis, node.shape[node.axis] as Size)),
  reshape: (g, node, tangent, e) => linear(tangent, (t) => reshape(g, t, [...t.shape.slice(0, e), ...node.shape])),
  /** X = M⁻¹ B: Ẋ = M⁻¹ Ḃ − M⁻¹ Ṁ X */
  solve: (g, node, tangent, e) => {
    const [matrix, rhs] = [tangent(0), tangent(1)];
    const product = (m: Node): Node => {
      const lead = node.shape.length - 2;
      const extra = range(0, e);
      const leading = range(e, lead);
      const batch = leading.slice(lead - (node.matrix.shape.length - 2));
      const [i, j, r] = [e + lead, e + lead + 1, e + lead + 2];
      return einsum(
        g,
        [m, node],
        [
          [...extra, ...batch, i, j],
          [...leading, j, r],
        ],
        [...extra, ...leading, i, r],
      );
    };
    return [
      rhs === undefined ? undefined : solve(g, node.matrix, rhs),
      matrix === undefined ? undefined : scale(g, -1, solve(g, node.matrix, product(matrix))),
    ];
  },
  /** Ċ = Σ M⁻ᵀ[i, j] Ṁ[i, j] */
  logdet: (g, node, tangent) =>
    linear(tangent, (t) => {
      const labels = range(0, t.shape.length);
      const own = labels.slice(t.shape.length - node.matrix.shape.length);
      return einsum(g, [t, inverseTransposed(g, node.matrix)], [labels, own], labels.slice(0, -2));
    }),
  /** L Lᵀ = A: L̇ = L Φ(L⁻¹ sym(Ȧ) L⁻ᵀ); S L⁻ᵀ = (L⁻¹ Sᵀ)ᵀ */
  cholesky: (g, node, tangent) =>
    linear(tangent, (t) => {
      const lower = cholesky(g, node.matrix);
      const left = solve(g, lower, symmetricPart(g, t));
      return matrixProduct(g, lower, lowerHalf(g, transposed(g, solve(g, lower, transposed(g, left)))));
    }),
};

/**
 * Tangents of several outputs at once, given those [...e, ...x.shape] of some nodes, all with the same extra leading axes. Each is
 * [...e, ...output.shape]; zeros are constants.
 */
export function forwardAll(g: Graph, outputs: readonly Node[], tangents: ReadonlyMap<Node, Node>): readonly Node[] {
  const [some] = tangents;
  const e = some === undefined ? 0 : some[1].shape.length - some[0].shape.length;
  const extra = some === undefined ? [] : some[1].shape.slice(0, e);
  const known = new Map<Node, Node>([...tangents].filter(([, tangent]) => !isZero(tangent)));
  for (const node of reachable(outputs)) {
    if (tangents.has(node)) continue;
    const operands = operandsOf(node);
    if (!operands.some((operand) => known.has(operand))) continue;
    const tangent: Tangent = (k) => known.get(operands[k] as Node);
    const terms = (rules[node.kind] as ForwardRule<NodeKind>)(g, node, tangent, e);
    const parts = terms.filter((part): part is Node => part !== undefined && !isZero(part));
    if (parts.length > 0)
      known.set(
        node,
        parts.length === 1
          ? (parts[0] as Node)
          : add(
              g,
              parts.map(() => 1),
              parts,
            ),
      );
  }
  return outputs.map((output) => known.get(output) ?? constant(g, 0, [...extra, ...output.shape]));
}

/** The output's tangent [...e, ...output.shape], given those of some nodes. */
export function forward(g: Graph, output: Node, tangents: ReadonlyMap<Node, Node>): Node {
  return forwardAll(g, [output], tangents)[0] as Node;
}
