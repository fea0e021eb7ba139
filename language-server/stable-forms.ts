/** Expressions that lose digits or overflow, and the functions that compute the same without. */
import type { Fix } from "../grammar/diagnostics.ts";
import { printExpression } from "../grammar/print.ts";
import type { Expression } from "../grammar/syntax.ts";
import type { Snapshot } from "./snapshot.ts";
import { expressionsAround } from "./tree.ts";

/** At an offset, innermost first. */
export function stableForms({ compiled }: Snapshot, offset: number): readonly Fix[] {
  return expressionsAround(compiled.program.declarations, offset).flatMap((e): readonly Fix[] => {
    const better = stable(e);
    if (better === undefined) return [];
    const text = printExpression(better);
    return [{ title: `compute as ${text}, which is exact for all arguments`, span: e.span, text }];
  });
}

function stable(e: Expression): Expression | undefined {
  const call = (name: string, argument: Expression): Expression => ({
    kind: "call",
    callee: { kind: "name", name, span: e.span },
    arguments: { positional: [argument], named: [] },
    span: e.span,
  });
  // e^x − 1
  const exponential =
    e.kind === "binary" && e.operator === "-" && isOne(e.right) ? argumentOf(e.left, "exp") : undefined;
  if (exponential !== undefined) return call("expm1", exponential);
  const inner = argumentOf(e, "log");
  if (inner === undefined) return undefined;
  // log σ(x), log Σ e^x
  const squashed = argumentOf(inner, "sigmoid");
  if (squashed !== undefined) return call("log_sigmoid", squashed);
  const summed = argumentOf(inner, "sum");
  const terms = summed && argumentOf(summed, "exp");
  if (terms !== undefined) return call("logsumexp", terms);
  // log(1 + e^x), log(1 + x)
  const added = inner.kind === "binary" && inner.operator === "+" ? inner : undefined;
  const rest = added && (isOne(added.left) ? added.right : isOne(added.right) ? added.left : undefined);
  if (rest === undefined) return undefined;
  const powered = argumentOf(rest, "exp");
  return powered === undefined ? call("log1p", rest) : call("softplus", powered);
}

const isOne = (e: Expression): boolean => e.kind === "number" && e.value === 1;

/** x of `name(x)`. */
function argumentOf(e: Expression, name: string): Expression | undefined {
  const isCall = e.kind === "call" && e.callee.kind === "name" && e.callee.name === name;
  if (!isCall || e.arguments.named.length > 0 || e.arguments.positional.length !== 1) return undefined;
  return e.arguments.positional[0];
}
