/** What signatures commonly ask of their arguments, with a message at the argument that does not fit. */
import type { Call } from "./calls.ts";
import type { Term } from "./model.ts";
import { broadcastShapes, numeric, weightsAgree } from "./operators.ts";
import { isArray } from "./terms.ts";

/** An argument that arithmetic takes. */
export function number(call: Call, parameter: string): Term {
  return numeric(call.scope, call.value(parameter), call.expression(parameter));
}

/** Two arguments that broadcast together, or weights of one map. */
export function pair(call: Call, first: string, second: string): readonly [Term, Term] {
  const [a, b] = [number(call, first), number(call, second)];
  const [left, right] = [call.expression(first), call.expression(second)];
  if (isArray(a) && isArray(b)) broadcastShapes(call.scope, a, b, left, right, call.whole);
  else weightsAgree(call.scope, a, b, left, right);
  return [a, b];
}
