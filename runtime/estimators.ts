/**
 * Three gradients at the end of steps of descent, each by the method that takes it (Ablin, Peyré and Moreau 2020): `analytic` is the
 * upper objective's own dependence, ∂f/∂w; `automatic` goes through the steps; `implicit` takes their end for the minimiser.
 */
import { deriveImplicit } from "../compiler/derive/implicit.ts";
import { planOf } from "../compiler/plan/plan.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { createAnswers, type Parts } from "./answers.ts";
import type { Point } from "./types.ts";

export interface NamedGradient {
  readonly name: string;
  readonly gradient: Float64Array;
}

const methods = { analytic: "analytic", automatic: "itd", implicit: "aid" } as const;

/** None where nothing is unrolled; one that is refused, such as the implicit one on a flat objective, is left out. */
export function gradientsAtSteps(parts: Parts, at: Point): readonly NamedGradient[] {
  const { problem, derivation, solve, binding } = parts;
  if (!derivation.blocks.some(({ path }) => path?.selected.kind === "descent")) return [];
  const span = problem.upper?.span ?? { file: "", start: 0, end: 0 };
  return Object.entries(methods).flatMap(([name, value]): readonly NamedGradient[] => {
    const options = new Map([...solve, ["method", { kind: "word", value, arguments: new Map(), span }] as const]);
    const own = deriveImplicit(problem, value === "itd" ? "path" : "end");
    try {
      const plan = planOf(problem.graph, own, options, binding.sizes);
      const answers = createAnswers({ ...parts, derivation: own, plan, binding: { ...binding, slots: new Map() } });
      return [{ name: `${name} (${value})`, gradient: answers.evaluate(at).gradient }];
    } catch (error) {
      if (!(error instanceof BilevelError)) throw error;
      return [];
    }
  });
}
