/** What the options ask for under a key, against what there is. */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import type { OptionValue } from "../check/model.ts";
import { solverUnavailable } from "../errors.ts";
import type { Choice, Options } from "./plan.ts";

export function unavailable(key: string, name: string, span: Span, suggestion?: string): BilevelError {
  return new BilevelError([solverUnavailable(key, name, "is not available yet", span, suggestion)]);
}

export interface Asked<S extends string> {
  readonly solver?: S;
  readonly arguments: ReadonlyMap<string, number | boolean>;
  readonly span?: Span;
  /** Why the solver, where there is one. */
  readonly reason: string;
}

/**
 * What the options say under a key, checked against the solvers that exist. What the method prescribes holds where they name no
 * solver of their own; arguments that are written come before its.
 */
export function asked<S extends string>(
  options: Options,
  key: string,
  available: readonly S[],
  prescribed?: Choice<S>,
): Asked<S> {
  const value = options.get(key);
  const drawn = (key === "outer" ? draws.slice(1) : draws).flatMap((name) => scalar(name, options.get(name)));
  const written = value?.kind === "word" ? scalars(value.arguments) : [];
  const span = value?.kind === "word" ? { span: value.span } : {};
  if (value?.kind !== "word" || value.value === "auto") {
    const entries = [...(prescribed?.arguments ?? []), ...drawn, ...written];
    const solver = prescribed && { solver: prescribed.solver };
    return { ...solver, arguments: new Map(entries), reason: prescribed?.reason ?? "", ...span };
  }
  const solver = available.find((s) => s === value.value);
  if (solver === undefined)
    throw unavailable(key, value.value, value.span, `the ones that are: ${available.join(", ")}`);
  return { solver, arguments: new Map([...drawn, ...written]), reason: "as asked", ...span };
}

/** Options of the whole problem that solvers with random steps read beside their own arguments; the upper level has a batch of its own. */
const draws = ["batch", "seed"] as const;

/** The numbers and switches among the arguments. */
export function scalars(values: ReadonlyMap<string, OptionValue>): readonly (readonly [string, number | boolean])[] {
  return [...values].flatMap(([name, value]) => scalar(name, value));
}

function scalar(name: string, value: OptionValue | undefined): readonly (readonly [string, number | boolean])[] {
  return value?.kind === "number" || value?.kind === "boolean" ? [[name, value.value]] : [];
}
