/** A problem whose copies made by `stop` are held at what they are at the present point (compiler/derive/frozen.ts). */
import { freezeCopies } from "../../compiler/derive/frozen.ts";
import { deriveImplicit } from "../../compiler/derive/implicit.ts";
import { planOf } from "../../compiler/plan/plan.ts";
import type { Parts } from "../answers.ts";
import { addSlot, type Binding, evaluateNodes } from "../bind.ts";
import { type Aid, createAid } from "./aid.ts";

/** The given one where nothing is stopped. Its vectors are read now and not touched. */
export function withCopiesHeld({ problem, binding, solve }: Parts, aid: Aid): Aid {
  const frozen = freezeCopies(problem);
  if (frozen === undefined) return aid;
  const { engine, sizes } = binding;
  const values = evaluateNodes(
    binding,
    frozen.copies.map(({ node }) => node),
  );
  const own: Binding = { ...binding, slots: new Map() };
  frozen.copies.forEach((copy, k) => {
    engine.write(addSlot(own, copy.input), values[k] as Float64Array);
  });
  const derivation = deriveImplicit(frozen.problem);
  return createAid(own, frozen.problem, derivation, planOf(problem.graph, derivation, solve, sizes));
}
