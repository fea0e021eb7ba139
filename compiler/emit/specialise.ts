/**
 * A program at given sizes: every size a number, einsums contracted along their cheapest path, constants and removable
 * deltas gone. The result lives in a graph of its own, with the same node kinds, and is what the schedule reads.
 */
import * as build from "../ir/graph.ts";
import { type Einsum, type Input, type Node, operandsOf, reachable } from "../ir/node.ts";
import { constantSize, evaluateSize, type Size, type SizeBindings, sizeOf } from "../ir/size.ts";
import { contract, type Product } from "./contract.ts";

export interface Specialised {
  readonly outputs: readonly Node[];
  /** The node depends on bound inputs alone: computed once. */
  readonly isConstant: (node: Node) => boolean;
}

/** The sizes of a specialised node as numbers. */
export function dimensions(node: Node): readonly number[] {
  return node.shape.map((size) => constantSize(size) as number);
}

/** Throws on an unbound size name or an input that is neither an argument nor bound: defects of the caller. */
export function specialise(
  program: { readonly name: string; readonly arguments: readonly Input[]; readonly outputs: readonly Node[] },
  bound: ReadonlySet<Input>,
  bindings: SizeBindings,
): Specialised {
  const g = build.createGraph();
  const known = new Map<Node, Node>();
  const arguments_ = new Set<Node>(program.arguments);
  const argumentNames = new Set(program.arguments.map((input) => input.name));
  const constants = new Map<Node, boolean>();
  const isConstant = (node: Node): boolean => {
    const memo = constants.get(node);
    if (memo !== undefined) return memo;
    const result = node.kind === "input" ? !argumentNames.has(node.name) : operandsOf(node).every(isConstant);
    constants.set(node, result);
    return result;
  };
  const number = (size: Size): Size => {
    const value = evaluateSize(size, bindings);
    if (value === undefined) throw new Error(`${program.name}: the size ${size.key} is not bound`);
    return sizeOf(value);
  };
  const of = (node: Node): Node => known.get(node) as Node;

  for (const node of reachable(program.outputs)) {
    if (node.kind === "input" && !arguments_.has(node) && !bound.has(node)) {
      throw new Error(`${program.name}: the input ${node.name} is neither an argument nor bound`);
    }
    known.set(node, specialiseNode(g, node, of, number, isConstant));
  }
  return { outputs: program.outputs.map(of), isConstant };
}

function specialiseNode(
  g: build.Graph,
  node: Node,
  of: (node: Node) => Node,
  number: (size: Size) => Size,
  isConstant: (node: Node) => boolean,
): Node {
  const shape = node.shape.map(number);
  switch (node.kind) {
    case "input":
      return build.input(g, node.name, node.role, shape);
    case "constant":
      return build.constant(g, node.value, shape);
    case "literal":
      return build.literal(g, node.values, shape);
    case "size":
      return build.sizeNode(g, number(node.size));
    case "iota":
      return build.iota(g, shape[0] as Size);
    case "delta":
      return build.delta(g, shape[0] as Size);
    case "einsum":
      return specialiseProduct(
        g,
        { operands: node.operands.map(of), labels: node.labels, output: node.output, sizes: node.sizes.map(number) },
        isConstant,
      );
    case "add":
      return specialiseSum(g, node.coefficients, node.operands.map(of));
    case "map":
      return node.fn === "stop" ? of(node.operands[0] as Node) : build.map(g, node.fn, ...node.operands.map(of));
    case "reduce":
      return node.fn === "logsumexp"
        ? logSumExp(g, of(node.operand), node.axis)
        : build.reduce(g, node.fn, of(node.operand), node.axis);
    case "gather": {
      const operand = of(node.operand);
      return operand.kind === "constant" && constantSize(operand.shape[node.axis] as Size) !== 0
        ? build.constant(g, operand.value, shape)
        : build.gather(g, operand, of(node.index), node.axis);
    }
    case "scatter":
      return build.scatter(g, of(node.operand), of(node.index), node.axis, shape[node.axis] as Size);
    case "reshape": {
      const operand = of(node.operand);
      if (operand.kind === "constant") return build.constant(g, operand.value, shape);
      return build.reshape(g, operand.kind === "reshape" ? operand.operand : operand, shape);
    }
    case "solve":
      return build.solve(g, of(node.matrix), of(node.rhs));
    case "logdet":
      return build.logdet(g, of(node.matrix));
    case "cholesky":
      return build.cholesky(g, of(node.matrix));
    default:
      return node satisfies never;
  }
}

/** A scaling of a scaling is one scaling; a zero coefficient drops nothing, so that NaN stays visible. */
function specialiseSum(g: build.Graph, coefficients: readonly number[], operands: readonly Node[]): Node {
  const terms = operands.map((operand, i) => {
    const { factor, node } = factored(operand);
    return { factor: factor * (coefficients[i] ?? 1), node };
  });
  if (terms.length === 1 && terms[0]?.factor === 1) return terms[0].node;
  return build.add(
    g,
    terms.map((t) => t.factor),
    terms.map((t) => t.node),
  );
}

/** The node as factor · node, with the factor of a single-term sum pulled out. */
function factored(node: Node): { readonly factor: number; readonly node: Node } {
  return node.kind === "add" && node.operands.length === 1
    ? { factor: node.coefficients[0] as number, node: node.operands[0] as Node }
    : { factor: 1, node };
}

/** log Σ exp(x) = m + log Σ exp(x − m), m the largest entry, or 0 where that is not finite. */
function logSumExp(g: build.Graph, x: Node, axis: number): Node {
  const largest = build.reduce(g, "max", x, axis);
  const finite = build.map(g, "less", build.map(g, "abs", largest), build.constant(g, Infinity, largest.shape));
  const shift = build.map(g, "select", finite, largest, build.constant(g, 0, largest.shape));
  const labels = x.shape.map((_, i) => i);
  const rest = labels.filter((label) => label !== axis);
  const spread = build.einsum(g, [shift], [rest], labels, new Map([[axis, x.shape[axis] as Size]]));
  const terms = build.map(g, "exp", build.add(g, [1, -1], [x, spread]));
  return build.add(g, [1, 1], [shift, build.map(g, "log", build.einsum(g, [terms], [labels], rest))]);
}

// ---------------------------------------------------------------------------------------------------------- products

interface Factor {
  readonly node: Node;
  readonly labels: readonly number[];
}

/**
 * Constants and scale factors become one coefficient, δ with a summed label becomes a substitution, views (einsums of one
 * operand that sum nothing) become relabelled operands, and the rest is contracted.
 */
function specialiseProduct(g: build.Graph, product: Product, isConstant: (node: Node) => boolean): Node {
  const { output, sizes } = product;
  let coefficient = 1;
  const factors: Factor[] = [];
  product.operands.forEach((operand, i) => {
    const { factor, node, labels } = throughViews(operand, product.labels[i] ?? []);
    coefficient *= factor;
    if (node.kind !== "constant") factors.push({ node, labels });
  });
  const { kept, replaced } = substituteDeltas(factors, output);

  // A summed label that no factor reads repeats the same term.
  const read = new Set([...kept.flatMap((factor) => factor.labels), ...replaced, ...output]);
  for (const label of new Set(product.labels.flat())) {
    if (!read.has(label)) coefficient *= constantSize(sizes[label] as Size) ?? 1;
  }
  const shape = output.map((label) => sizes[label] as Size);
  if (kept.length === 0) return build.constant(g, coefficient, shape);
  const operands = kept.map((factor) => factor.node);
  const value = contract(g, { operands, labels: kept.map((factor) => factor.labels), output, sizes }, isConstant);
  const { factor, node, labels } = throughViews(value, output);
  const isWhole = labels.length === output.length && labels.every((label, axis) => label === output[axis]);
  return isWhole ? specialiseSum(g, [coefficient * factor], [node]) : specialiseSum(g, [coefficient], [value]);
}

/** The operand as factor · node[labels], through scalings and relabellings. */
function throughViews(operand: Node, labels: readonly number[]): Factor & { readonly factor: number } {
  if (operand.kind === "constant") return { factor: operand.value, node: operand, labels };
  const { factor, node } = factored(operand);
  if (node !== operand) {
    const inner = throughViews(node, labels);
    return { ...inner, factor: factor * inner.factor };
  }
  if (!isView(node)) return { factor: 1, node, labels };
  const renamed = (node.labels[0] ?? []).map((label) => labels[node.output.indexOf(label)] as number);
  return throughViews(node.operands[0] as Node, renamed);
}

/** An einsum of one operand that sums nothing: a transpose, a broadcast, a diagonal. */
export function isView(node: Node): node is Einsum {
  return (
    node.kind === "einsum" && node.operands.length === 1 && (node.labels[0] ?? []).every((l) => node.output.includes(l))
  );
}

/** Σ_i δ_ij f(i) = f(j). A δ between two output labels stays. */
function substituteDeltas(
  factors: readonly Factor[],
  output: readonly number[],
): { readonly kept: readonly Factor[]; readonly replaced: readonly number[] } {
  const replaced: number[] = [];
  let kept = factors;
  for (;;) {
    const removable = kept.find(({ node, labels: [a, b] }) => {
      return node.kind === "delta" && (a === b || !output.includes(a as number) || !output.includes(b as number));
    });
    if (removable === undefined) return { kept, replaced };
    kept = kept.filter((factor) => factor !== removable);
    const [a, b] = removable.labels as readonly [number, number];
    if (a === b) continue;
    const [from, to] = output.includes(a) ? [b, a] : [a, b];
    replaced.push(from);
    kept = kept.map(({ node, labels }) => ({ node, labels: labels.map((label) => (label === from ? to : label)) }));
  }
}
