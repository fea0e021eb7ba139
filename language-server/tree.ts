/** The syntax tree around a place. Every construct has its span, so one walk serves them all. */
import type { Span } from "../grammar/diagnostics.ts";
import type { Declaration, Expression } from "../grammar/syntax.ts";

/** The constructs that hold an offset, outermost first. */
function* around(root: unknown, offset: number): Generator<object & { readonly span: Span }> {
  if (typeof root !== "object" || root === null) return;
  if ("span" in root) {
    const { start, end } = root.span as Span;
    if (offset < start || offset > end) return;
    yield root as { readonly span: Span };
  }
  for (const [key, child] of Object.entries(root)) if (!key.endsWith("pan")) yield* around(child, offset);
}

/** Each strictly inside the one before. */
export function spansAround(declarations: readonly Declaration[], offset: number): readonly Span[] {
  const spans: Span[] = [];
  for (const { span } of around(declarations, offset)) {
    const last = spans.at(-1);
    const isInside = last === undefined || (span.start >= last.start && span.end <= last.end);
    const isSmaller = last === undefined || span.end - span.start < last.end - last.start;
    if (isInside && isSmaller) spans.push(span);
  }
  return spans;
}

/** The expressions that hold an offset, innermost first. */
export function expressionsAround(declarations: readonly Declaration[], offset: number): readonly Expression[] {
  const kinds: readonly string[] = ["call", "binary", "unary"];
  return [...around(declarations, offset)]
    .filter((node): node is Expression => "kind" in node && kinds.includes(String(node.kind)))
    .reverse();
}
