/** Values that are weights: one array a tensor of the map. Arithmetic is entry by entry, reductions go over all of them. */
import type { Reduction } from "../check/builtins.ts";
import type { Term } from "../check/model.ts";
import { add, type Graph, map, sizeNode } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { addSizes, productOfSizes, sizeOf } from "../ir/size.ts";
import { type Batched, elementwise, nodeAxis, ownShape, product, unbatched } from "./batched.ts";
import { lowerReduction, lowerUnary, reciprocal } from "./functions.ts";
import { lowerStructured } from "./structured.ts";
import { combine, type Lowering, refuse } from "./terms.ts";

/** How the terms that a term is made of are lowered. */
export interface Lower {
  readonly parts: (term: Term) => readonly Batched[];
  /** The entry of an array at a bound or computed index. */
  readonly entry: (whole: Batched, index: Term) => Batched;
}

/** A weights-valued term, one value a tensor. */
export function lowerWeights(context: Lowering, term: Term, { parts, entry }: Lower): readonly Batched[] {
  const g = context.graph;
  switch (term.kind) {
    case "variable": {
      const { index } = term;
      const whole = context.weights(term.name).map(unbatched);
      return index === undefined ? whole : whole.map((part) => entry(part, index));
    }
    case "unary":
      return parts(term.operand).map(({ node, batch }) => ({ node: lowerUnary[term.fn](g, node), batch }));
    case "binary":
      return together([parts(term.left), parts(term.right)], ([left, right], whole) =>
        combine(g, term.fn, left as Batched, right as Batched, ownShape(whole)),
      );
    case "structured":
      if (term.fn !== "select" && term.fn !== "stop") break;
      return together(term.operands.map(parts), (operands, whole) =>
        lowerStructured[term.fn as "select" | "stop"](g, operands, ownShape(whole), 0),
      );
    default:
  }
  return refuse("such an operation on weights", term.span);
}

/** Tensor by tensor; a single number goes with each of them. */
function together(
  operands: readonly (readonly Batched[])[],
  build: (operands: readonly Batched[], whole: Batched) => Batched,
): readonly Batched[] {
  const count = Math.max(...operands.map((own) => own.length));
  return Array.from({ length: count }, (_, k) => {
    const own = operands.map((parts) => (parts[k] ?? parts[0]) as Batched);
    const whole = own.reduce((a, b) => (ownShape(b).length > ownShape(a).length ? b : a));
    return build(own, whole);
  });
}

/** Over all entries of all tensors. */
export function reduceWeights(g: Graph, fn: Reduction, parts: readonly Batched[], term: Term): Batched {
  if (fn === "argmax" || fn === "logsumexp" || fn === "std") return refuse(`${fn} of weights`, term.span);
  const inner = fn === "mean" ? "sum" : fn;
  const reduced = parts.map((part) => {
    const axes = ownShape(part).map((_, axis) => nodeAxis(part, axis));
    return { node: lowerReduction[inner](g, part.node, axes), batch: part.batch };
  });
  const folded = elementwise(g, reduced, [], (...nodes) => folds[inner](g, nodes));
  if (fn !== "mean") return folded;
  const count = parts.map((part) => productOfSizes(ownShape(part))).reduce(addSizes, sizeOf(0));
  return product(g, [folded, unbatched(reciprocal(g, sizeNode(g, count)))], []);
}

const folds: { readonly [F in "sum" | "max" | "min"]: (g: Graph, nodes: readonly Node[]) => Node } = {
  sum: (g, nodes) =>
    add(
      g,
      nodes.map(() => 1),
      nodes,
    ),
  max: (g, nodes) => nodes.reduce((a, b) => map(g, "maximum", a, b)),
  min: (g, nodes) => nodes.reduce((a, b) => map(g, "minimum", a, b)),
};
