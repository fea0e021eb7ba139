/**
 * The hypergradient from drawn rows: f and ∂/∂w of an unbiased estimate of ℒ(w, y), with the unknowns y and the adjoints as they stand.
 * Where y is a function h in L2 and a its adjoint function, this is the total gradient on a batch of Petrulionyte, Mairal and Arbel 2024,
 * ∂_w f + E[∂²_{w,v} ℓ a], over drawn rows of each table.
 */
import type { Node } from "../ir/node.ts";
import type { SizeBindings } from "../ir/size.ts";
import type { Problem } from "../lower/problem.ts";
import { simplify } from "../simplify/simplify.ts";
import { gradient } from "./differentiate.ts";
import type { Derivation } from "./implicit.ts";
import { type RowSample, sampled, sampledObjective } from "./sample.ts";

export interface Estimate {
  readonly samples: readonly RowSample[];
  readonly value: Node;
  readonly hypergradient: readonly Node[];
}

/** `batch` rows of each table that has more. Throws a refusal where ℒ is no expectation over rows. */
export function estimateOnRows(problem: Problem, derivation: Derivation, sizes: SizeBindings, batch: number): Estimate {
  const { graph: g, upper } = problem;
  const { value, lagrangian } = derivation;
  if (upper === undefined || value === undefined || lagrangian === undefined)
    throw new Error("no upper level to step on");
  const { objective, samples } = sampledObjective(g, lagrangian, "the hypergradient", sizes, batch, upper.span);
  const [own] = simplify(g, [sampled(g, value, samples, upper.span)]) as [Node];
  return { samples, value: own, hypergradient: simplify(g, gradient(g, objective, upper.variables)) };
}
