/** Names in what the checker gave up, or never reaches: they stand for something to an editor all the same. */
import type { Expression, Name } from "../../grammar/syntax.ts";
import { type Local, muted, type Scope, withNames } from "./context.ts";
import { elaborate } from "./elaborate.ts";
import { partsOf } from "./order.ts";

/** Reads the parts of an expression that a mistake left unread, without a word. */
export function skim(scope: Scope, e: Expression): void {
  const { visited } = scope.context;
  const ranges = e.kind === "reduce" ? e.binders.map(({ range }) => range) : [];
  const unread = [...ranges, ...partsOf(e)].filter((part) => !visited.has(part));
  if (unread.length === 0) return;
  const binders = e.kind === "reduce" ? e.binders.flatMap(({ name }) => name ?? []) : [];
  const inner = withNames(muted(scope), "binder", unknown(binders));
  for (const part of unread) elaborate(inner, part);
}

/** Reads a definition that is used nowhere. */
export function skimDefinition(scope: Scope, value: Expression, parameters: readonly Name[]): void {
  if (!scope.context.visited.has(value)) elaborate(withNames(muted(scope), "argument", unknown(parameters)), value);
}

const unknown = (names: readonly Name[]): ReadonlyMap<string, Local> =>
  new Map(names.map(({ text, span }) => [text, { denotation: { kind: "poison" }, span }]));
