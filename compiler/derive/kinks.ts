/** Where an expression has kinks or jumps in the unknowns; gradients there are one-sided or absent. */
import { add, type Graph } from "../ir/graph.ts";
import { type MapFunction, type Node, operandsOf, reachable } from "../ir/node.ts";
import { squareSum } from "./entrywise.ts";

type Smoothness = "smooth" | "kink" | "jump";

/** In its arguments, on its domain's interior. sqrt and power are smooth where they are differentiable at all; norms are below. */
const mapSmoothness: { readonly [F in MapFunction]: Smoothness } = {
  exp: "smooth",
  log: "smooth",
  log1p: "smooth",
  expm1: "smooth",
  sqrt: "smooth",
  sin: "smooth",
  cos: "smooth",
  tan: "smooth",
  acos: "smooth",
  tanh: "smooth",
  sigmoid: "smooth",
  softplus: "smooth",
  erf: "smooth",
  logcosh: "smooth",
  huber: "smooth",
  relu: "smooth",
  power: "smooth",
  stop: "smooth",
  abs: "kink",
  maximum: "kink",
  minimum: "kink",
  select: "kink",
  sign: "jump",
  not: "jump",
  equal: "jump",
  less: "jump",
  less_equal: "jump",
  and: "jump",
  or: "jump",
};

function smoothnessOf(node: Node): Smoothness {
  if (node.kind === "map") return mapSmoothness[node.fn];
  if (node.kind !== "reduce") return "smooth";
  return node.fn === "logsumexp" ? "smooth" : node.fn === "argmax" ? "jump" : "kink";
}

/** The Euclidean norm of entries of one unknown, which has a kink where they all are 0. */
export function isNorm(node: Node, unknowns: ReadonlySet<Node>): boolean {
  return node.kind === "map" && node.fn === "sqrt" && squareSum(node.operands[0] as Node, unknowns) !== undefined;
}

/** The nodes with a kink or jump whose own operands depend on the unknowns. Norms are seen in simplified expressions. */
export function kinksIn(roots: readonly Node[], unknowns: ReadonlySet<Node>): readonly Node[] {
  const dependent = new Set<Node>();
  const found: Node[] = [];
  const nodes = reachable(roots);
  for (const node of nodes) {
    const depends = unknowns.has(node) || operandsOf(node).some((operand) => dependent.has(operand));
    // What stands still under a stop has no derivative to jump.
    if (!depends || (node.kind === "map" && node.fn === "stop")) continue;
    dependent.add(node);
    if (isFixedChoice(node, dependent)) continue;
    if (smoothnessOf(node) !== "smooth" || isNorm(node, unknowns)) found.push(node);
  }
  return found.filter((node) => roots.includes(node) || !isSquaredPart(node, nodes));
}

/** select(c, a, b) with a condition that stands still: at each entry it is one of two smooth expressions. */
const isFixedChoice = (node: Node, dependent: ReadonlySet<Node>): boolean =>
  node.kind === "map" && node.fn === "select" && !dependent.has(node.operands[0] as Node);

/** max(0, x) that is only read by its square, whose derivative 2 max(0, x) is continuous. */
function isSquaredPart(node: Node, nodes: readonly Node[]): boolean {
  if (node.kind !== "map" || node.fn !== "maximum") return false;
  if (!node.operands.some((operand) => operand.kind === "constant" && operand.value === 0)) return false;
  return nodes
    .filter((reader) => operandsOf(reader).includes(node))
    .every((reader) => {
      if (reader.kind !== "einsum") return false;
      const labels = reader.labels.filter((_, k) => reader.operands[k] === node).map((own) => own.join());
      return labels.length === 2 && labels[0] === labels[1];
    });
}

/** What is zero where the node has its kink, which is in single entries: x of |x|, a − b of max(a, b). */
export function crossingOf(g: Graph, node: Node): Node | undefined {
  if (node.kind !== "map") return undefined;
  const [a, b] = node.operands;
  if (node.fn === "abs") return a;
  const isExtreme = node.fn === "maximum" || node.fn === "minimum";
  return isExtreme ? add(g, [1, -1], [a as Node, b as Node]) : undefined;
}

/** The surface name of what makes the kink, for messages. */
export function kinkName(node: Node): string {
  if (node.kind === "map") return node.fn === "sqrt" ? "norm" : node.fn;
  return node.kind === "reduce" ? node.fn : node.kind;
}
