/**
 * The derivative through functions in an RKHS, found in the RKHS and then written in coefficients. Where the condition of h is
 *
 *     Σ_i k(c_i, ·) ∂G/∂v_i + ρ h = 0,    v_i = h(c_i),
 *
 * and b is the gradient of the upper objective in h, itself a function in the RKHS, the adjoint function a solves
 *
 *     Σ_ij k(c_i, ·) D_ij a(c_j) + ρ a = b,    D = ∂²G/∂v²,
 *
 * so that a = Σ_i γ_i k(c_i, ·) + b/ρ, and at the centres (D K + ρ I) γ = −D b/ρ. The hypergradient is the upper objective's own minus
 * Σ_i a(c_i) ∂(∂G/∂v_i)/∂w + ∂ρ/∂w ⟨a, h⟩, with ⟨a, h⟩ = Σ_i α_i a(c_i): what the condition in coefficients gives with a(c) as its adjoint.
 * The space has to stay where it is, so the kernel may not read upper variables.
 */
import { add, constant, type Graph, input, map, scale } from "../ir/graph.ts";
import { type Input, type Node, reachable } from "../ir/node.ts";
import { substitute } from "../ir/substitute.ts";
import { expanded } from "../lower/kernels.ts";
import type { Representer } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { forward } from "./differentiate.ts";
import { scaleEntries } from "./pieces.ts";

export interface AdjointFunction {
  /** The values of b at the centres, one a function. */
  readonly outer: readonly Input[];
  /** γ */
  readonly coefficients: readonly Input[];
  /** −D b/ρ */
  readonly source: readonly Node[];
  /** a(c) = K γ + b/ρ */
  readonly values: readonly Node[];
}

/** `slopes` are ∂G/∂v and `penalties` ρ, neither of which reads a norm; a string says why there is no such equation. */
export function adjointFunction(
  g: Graph,
  representers: readonly Representer[],
  slopes: readonly Node[],
  penalties: readonly Node[],
): AdjointFunction | string {
  if (reachable(representers.map(({ gram }) => gram)).some((node) => node.kind === "input" && node.role === "upper"))
    return "the kernel reads upper variables, so the space moves with them";
  const named = (what: string): readonly Input[] =>
    representers.map(({ coefficients: { name, shape } }) => input(g, `${what} ${name}`, "step", shape));
  const outer = named("outer gradient in");
  const coefficients = named("adjoint function of");
  const scaled = outer.map((own, k) => scaleEntries(g, own, map(g, "power", penalties[k] as Node, constant(g, -1))));
  const along = new Map<Node, Node>(representers.map((own, k) => [own.values.input, scaled[k] as Node]));
  const back = new Map<Node, Node>(representers.map((own) => [own.values.input, own.values.node]));
  const source = slopes.map((slope) => scale(g, -1, forward(g, slope, along)));
  const atCentres = representers.map(({ gram }, k) =>
    add(g, [1, 1], [expanded(g, gram, coefficients[k] as Input), scaled[k] as Node]),
  );
  return { outer, coefficients, source: simplify(g, substitute(g, source, back)), values: simplify(g, atCentres) };
}
