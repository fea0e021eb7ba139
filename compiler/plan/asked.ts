/** What the options ask for under a key, against what there is. */
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import type { OptionValue } from "../check/model.ts";
import { solverUnavailable } from "../errors.ts";
import type { Options } from "./plan.ts";

export function unavailable(key: string, name: string, span: Span, suggestion?: string): BilevelError {
  return new BilevelError([solverUnavailable(key, name, "is not available yet", span, suggestion)]);
}

export interface Asked<S extends string> {
  readonly solver?: S;
  readonly arguments: ReadonlyMap<string, number | boolean>;
  readonly span?: Span;
}

/** What the options say under a key, checked against the solvers that exist. */
export function asked<S extends string>(options: Options, key: string, available: readonly S[]): Asked<S> {
  const value = options.get(key);
  const drawn = key === "outer" ? [] : draws.flatMap((name) => scalar(name, options.get(name)));
  if (value?.kind !== "word") return { arguments: new Map(drawn) };
  const entries = [...drawn, ...[...value.arguments].flatMap(([name, given]) => scalar(name, given))];
  if (value.value === "auto") return { arguments: new Map(entries), span: value.span };
  const solver = available.find((s) => s === value.value);
  if (solver === undefined)
    throw unavailable(key, value.value, value.span, `the ones that are: ${available.join(", ")}`);
  return { solver, arguments: new Map(entries), span: value.span };
}

/** Options of the whole problem that solvers with random steps read beside their own arguments. */
const draws = ["batch", "seed"] as const;

function scalar(name: string, value: OptionValue | undefined): readonly (readonly [string, number | boolean])[] {
  return value?.kind === "number" || value?.kind === "boolean" ? [[name, value.value]] : [];
}
