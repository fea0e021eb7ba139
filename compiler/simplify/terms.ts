/**
 * Sums: nested sums flattened, like terms collected, zeros dropped, a delta that several terms share pulled out, and axes along which no
 * term varies. Equal products are one node, so like terms are equal operands whatever the order of their axes was.
 */
import { add, constant, delta, einsum, type Graph } from "../ir/graph.ts";
import type { Add, Einsum, Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import { foldExponentialTerms } from "./stability.ts";
import { pullBroadcast } from "./views.ts";

/** Flattening stops here, so that a long recurrence of shared sums stays linear in size. */
const MAX_TERMS = 16;

export function simplifyAdd(g: Graph, node: Add): Node | undefined {
  const terms = foldExponentialTerms(g, collect(g, node), node.shape);
  const sorted = [...terms].sort(([a], [b]) => a.id - b.id);
  const only = sorted[0];
  if (only === undefined) return constant(g, 0, node.shape);
  if (sorted.length === 1) {
    if (only[0].kind === "constant") return constant(g, only[1] * only[0].value, node.shape);
    if (only[1] === 1) return only[0];
  }
  const operands = sorted.map(([term]) => term);
  const coefficients = sorted.map(([, coefficient]) => coefficient);
  if (sorted.length > 1) {
    const smaller =
      pullBroadcast(g, node.shape, operands, (own) => add(g, coefficients, own)) ?? pullDelta(g, node.shape, sorted);
    if (smaller !== undefined) return smaller;
  }
  return add(g, coefficients, operands);
}

/** Like terms together. A constant c is c · 1. */
function collect(g: Graph, node: Add): ReadonlyMap<Node, number> {
  const total = new Map<Node, number>();
  let count = node.operands.length;
  const take = (coefficient: number, term: Node): void => {
    if (term.kind === "add" && count - 1 + term.operands.length <= Math.max(MAX_TERMS, count)) {
      count += term.operands.length - 1;
      term.operands.forEach((own, k) => take(coefficient * (term.coefficients[k] as number), own));
    } else if (term.kind === "constant") {
      const one = constant(g, 1, term.shape);
      total.set(one, (total.get(one) ?? 0) + coefficient * term.value);
    } else {
      total.set(term, (total.get(term) ?? 0) + coefficient);
    }
  };
  node.operands.forEach((term, k) => take(node.coefficients[k] as number, term));
  return new Map([...total].filter(([, coefficient]) => coefficient !== 0));
}

type Term = readonly [node: Node, coefficient: number];

/** The output axes that the term's deltas join, as keys `p q`. */
function deltaAxes(term: Node): readonly string[] {
  if (term.kind === "delta") return ["0 1"];
  if (term.kind !== "einsum") return [];
  return term.operands.flatMap((operand, k) => {
    if (operand.kind !== "delta") return [];
    const axes = (term.labels[k] as readonly number[]).map((label) => term.output.indexOf(label));
    return [axes.join(" ")];
  });
}

/** δ⊗A + δ⊗B = δ⊗(A + B), for the delta that most terms have. */
function pullDelta(g: Graph, shape: readonly Size[], terms: readonly Term[]): Node | undefined {
  const owners = new Map<string, Term[]>();
  for (const term of terms) {
    for (const axes of new Set(deltaAxes(term[0]))) owners.set(axes, [...(owners.get(axes) ?? []), term]);
  }
  const [axes, sharing] = [...owners].reduce(
    (best, own) => (own[1].length > best[1].length ? own : best),
    ["", [] as Term[]],
  );
  if (sharing.length < 2) return undefined;
  const [p, q] = axes.split(" ").map(Number) as [number, number];
  const inner = add(
    g,
    sharing.map(([, coefficient]) => coefficient),
    sharing.map(([term]) => withoutDelta(g, term, p, q)),
  );
  const all = shape.map((_, axis) => axis);
  const unit = delta(g, shape[p] as Size);
  const pulled = einsum(g, [unit, inner], [[p, q], all.filter((axis) => axis !== q)], all);
  const rest = terms.filter((term) => !sharing.includes(term));
  return add(g, [...rest.map(([, coefficient]) => coefficient), 1], [...rest.map(([term]) => term), pulled]);
}

/** The term divided by its delta of axes p and q, and without axis q. */
function withoutDelta(g: Graph, term: Node, p: number, q: number): Node {
  if (term.kind === "delta") return constant(g, 1, [term.shape[p] as Size]);
  const product = term as Einsum;
  const [left, right] = [product.output[p] as number, product.output[q] as number];
  const joins = (k: number): boolean => {
    const labels = product.labels[k] as readonly number[];
    return product.operands[k]?.kind === "delta" && labels[0] === left && labels[1] === right;
  };
  const kept = product.operands.map((_, k) => k).filter((k) => !joins(k));
  const output = product.output.filter((_, axis) => axis !== q);
  const sizes = new Map(product.sizes.map((size, label) => [label, size]));
  if (kept.length === 0)
    return constant(
      g,
      1,
      output.map((label) => sizes.get(label) as Size),
    );
  return einsum(
    g,
    kept.map((k) => product.operands[k] as Node),
    kept.map((k) => product.labels[k] as readonly number[]),
    output,
    sizes,
  );
}
