/** Binders: `E[train]` opens the fields of a row, `E[r in train]` names the row, `E[i in k]` counts. */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Binder, Expression, Name } from "../../grammar/syntax.ts";
import { all, type Denotation, fail, poison, type Scope, withNames, written } from "./context.ts";
import { elaborate, toValue } from "./elaborate.ts";
import { notAValue, typeMismatch } from "./errors.ts";
import type { TermBinder, TermRange } from "./model.ts";
import { asSize } from "./sizes.ts";
import { arrayType } from "./types.ts";

/** A table, or a size that is counted up to. */
export function rangeOf(scope: Scope, e: Expression): TermRange {
  const denotation = elaborate(scope, e);
  if (denotation.kind === "poison") throw poison;
  if (denotation.kind === "table") return { kind: "table", table: denotation.ref, type: denotation.type };
  const term = toValue(scope, denotation, e);
  if (term.type.kind !== "array" || term.type.element !== "int" || term.type.shape.length > 0) {
    fail(
      scope,
      typeMismatch(
        e.span,
        `${written(e)} is neither a table nor a size`,
        "E[...] and sum[...] run over the rows of a table or over 0..k-1",
      ),
    );
  }
  return { kind: "size", size: asSize(scope, term, e) };
}

function makeBinder(scope: Scope, name: string, range: TermRange, span: Span): TermBinder {
  const id = scope.context.nextBinder();
  if (range.kind === "table") scope.context.binderTables.set(id, range.table);
  scope.context.binderCounts.set(id, range.kind === "table" ? range.type.rows : range.size);
  return { id, name, range, span };
}

/** What the name of a binder stands for in its body. */
export function boundName(binder: TermBinder): Denotation {
  const { range, id, name, span } = binder;
  if (range.kind === "table") return { kind: "row", binder: id, ref: range.table, type: range.type, name };
  return { kind: "value", term: { kind: "row-index", binder: id, type: arrayType("int", []), span } };
}

/** Binds one name over a range that is already known. */
export function bind(scope: Scope, name: Name, range: TermRange, span: Span): { scope: Scope; binder: TermBinder } {
  const binder = makeBinder(scope, name.text, range, span);
  const local = { denotation: boundName(binder), span: name.span };
  return { binder, scope: withNames(scope, "binder", new Map([[name.text, local]])) };
}

/** The binders of a reducer, from left to right: a later range may name an earlier row. */
export function bindRanges(
  scope: Scope,
  binders: readonly Binder[],
  reducer: "E" | "sum",
): { scope: Scope; binders: readonly TermBinder[] } {
  let inner = scope;
  const bound = all(binders, (syntax, position): TermBinder => {
    const range = rangeOf(inner, syntax.range);
    const text = written(syntax.range);
    if (range.kind === "table" && range.type.endless && reducer === "sum") {
      fail(
        scope,
        typeMismatch(syntax.range.span, `${text} is endless, and its sum has no value`, `average it: E[${text}](...)`),
      );
    }
    if (syntax.name !== undefined) {
      const named = bind(inner, syntax.name, range, syntax.span);
      inner = named.scope;
      return named.binder;
    }
    const name = range.kind === "table" && range.table.kind === "data" ? range.table.name : text;
    const binder = makeBinder(scope, name, range, syntax.span);
    if (range.kind === "size")
      fail(
        scope,
        notAValue(
          syntax.range.span,
          `${text} is a size, and its index has no name`,
          `name the index: ${reducer}[i in ${text}](...)`,
        ),
      );
    inner = {
      ...inner,
      frame: {
        kind: "opened",
        binder: binder.id,
        type: range.type,
        name,
        ref: range.table,
        besideOuter: position > 0,
        outer: inner.frame,
      },
    };
    return binder;
  });
  return { scope: inner, binders: bound };
}
