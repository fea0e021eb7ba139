/**
 * Which nodes get a buffer and which are recomputed inside the loops that read them. Sums, reductions and factorisations
 * are stored; an elementwise node is stored where storing it costs less than computing it again at every reader.
 */
import { type Node, operandsOf, reachable } from "../../ir/node.ts";
import { constantSize } from "../../ir/size.ts";
import { dimensions, isView, type Specialised } from "../specialise.ts";
import { costOf } from "./functions.ts";
import { factorsOf, type MatrixProduct, matrixProduct } from "./matrix-product.ts";

export interface Decisions {
  /** Nodes to compute into buffers, operands first. */
  readonly stored: readonly Node[];
  readonly products: ReadonlyMap<Node, MatrixProduct>;
}

export function elements(node: Node): number {
  return dimensions(node).reduce((product, size) => product * size, 1);
}

/** The node holds its entries in memory: an input, a literal, or a reshape of what is stored. */
export function isLeaf(node: Node): boolean {
  return node.kind === "input" || node.kind === "literal";
}

/** Past reshapes, which change no entry's place. */
export function unreshaped(node: Node): Node {
  return node.kind === "reshape" ? unreshaped(node.operand) : node;
}

export function sums(node: Node): boolean {
  return node.kind === "einsum" && node.labels.flat().some((label) => !node.output.includes(label));
}

const alwaysStored = (node: Node): boolean =>
  sums(node) || ["reduce", "scatter", "solve", "logdet", "cholesky"].includes(node.kind);

/** Values of a node computed along the way to one entry of it, in loads; a stored node costs one. */
function costs(nodes: readonly Node[]): ReadonlyMap<Node, number> {
  const ceiling = 1e6;
  const total = new Map<Node, number>();
  for (const node of nodes) {
    const own = ownCost(node);
    const cost =
      alwaysStored(node) || isLeaf(node) ? 1 : operandsOf(node).reduce((sum, o) => sum + (total.get(o) ?? 0), own);
    total.set(node, Math.min(ceiling, cost));
  }
  return total;
}

function ownCost(node: Node): number {
  switch (node.kind) {
    case "map":
      if (node.fn === "stop") return 0;
      if (node.fn === "huber") return 4;
      if (node.fn === "sigmoid" || node.fn === "softplus" || node.fn === "tanh") return 30;
      return node.fn === "power" && node.operands[1]?.kind === "constant" ? 4 : costOf(node.fn);
    case "add":
      return node.operands.length;
    case "einsum":
      return node.operands.length - 1;
    case "gather":
      return 4;
    default:
      return 0;
  }
}

/** How often a stored node's loops run their innermost work. */
function iterations(node: Node): number {
  if (node.kind === "einsum") return node.sizes.reduce((product, size) => product * (constantSize(size) as number), 1);
  return node.kind === "reduce" || node.kind === "scatter" ? elements(node.operand) : elements(node);
}

/** A large constant result is only kept where it is dear to compute and no larger than what it comes from. */
const keepConstantFrom = 8;

export function decide(program: Specialised): Decisions {
  const nodes = reachable(program.outputs);
  const products = new Map<Node, MatrixProduct>();
  const stored = new Set<Node>();
  const store = (node: Node): void => {
    const owner = unreshaped(node);
    if (!isLeaf(owner)) stored.add(owner);
  };
  for (const node of nodes) {
    if (alwaysStored(node)) stored.add(node);
    if (node.kind === "reshape") store(node);
    const product = matrixProduct(node);
    if (product === undefined) continue;
    products.set(node, product);
    factorsOf(product).forEach(store);
  }
  program.outputs.forEach(store);

  const cost = costs(nodes);
  const evaluations = new Map<Node, number>();
  const constantReader = new Set<Node>();
  for (const node of [...nodes].reverse()) {
    const times = evaluations.get(node) ?? 0;
    const isElementwise = ["map", "add", "einsum", "gather"].includes(node.kind);
    if (isElementwise && !stored.has(node)) {
      const own = cost.get(node) as number;
      const size = elements(node);
      const once = program.isConstant(node) && !isView(node) && own >= keepConstantFrom && constantReader.has(node);
      const worthKeeping = once && size <= 2 * Math.max(1, ...operandsOf(node).map(elements));
      if (worthKeeping || times * own > size * (own + 1.5) + times) stored.add(node);
    }
    const runs = stored.has(node) ? iterations(node) : times;
    const product = products.get(node);
    for (const operand of new Set(product === undefined ? operandsOf(node) : factorsOf(product))) {
      evaluations.set(operand, (evaluations.get(operand) ?? 0) + runs);
      const recomputed = program.isConstant(node) && !stored.has(node) && constantReader.has(node);
      if (!program.isConstant(node) || recomputed) constantReader.add(operand);
    }
  }
  return { stored: nodes.filter((node) => stored.has(node)), products };
}
