import { type CheckOptions, check } from "../../compiler/check/check.ts";
import type { Model } from "../../compiler/check/model.ts";
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { parse } from "../../grammar/read.ts";

/** What the checker says of a source without syntax errors. */
export function checked(source: string, options: CheckOptions = {}): ReturnType<typeof check> {
  const { program, diagnostics } = parse(source, "problem.bilevel");
  if (diagnostics.length > 0) throw new Error(`syntax: ${diagnostics.map((d) => d.message).join("; ")}`);
  return check(program, options);
}

/** The model of a program without errors. */
export function modelOf(source: string, options: CheckOptions = {}): Model {
  const { model, diagnostics } = checked(source, options);
  if (model === undefined) throw new Error(diagnostics.map((d) => shown(source, d)).join("\n"));
  return model;
}

/** `line:column code: message / suggestion`. */
export function shown(source: string, { span, code, message, suggestion }: Diagnostic): string {
  const before = source.slice(0, span?.start ?? 0).split("\n");
  return `${before.length}:${(before.at(-1) ?? "").length + 1} ${code}: ${message}${suggestion === undefined ? "" : ` / ${suggestion}`}`;
}

export function messages(source: string, options: CheckOptions = {}): string {
  return checked(source, options)
    .diagnostics.map((d) => shown(source, d))
    .join("\n");
}
