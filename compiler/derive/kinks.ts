/** Where an expression has kinks or jumps in the unknowns; gradients there are one-sided or absent. */
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
  tanh: "smooth",
  sigmoid: "smooth",
  softplus: "smooth",
  erf: "smooth",
  logcosh: "smooth",
  huber: "smooth",
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
  for (const node of reachable(roots)) {
    const depends = unknowns.has(node) || operandsOf(node).some((operand) => dependent.has(operand));
    if (!depends) continue;
    dependent.add(node);
    if (smoothnessOf(node) !== "smooth" || isNorm(node, unknowns)) found.push(node);
  }
  return found;
}

/** The surface name of what makes the kink, for messages. */
export function kinkName(node: Node): string {
  if (node.kind === "map") return node.fn === "sqrt" ? "norm" : node.fn;
  return node.kind === "reduce" ? node.fn : node.kind;
}
