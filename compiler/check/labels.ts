/** Labels: which encodings the classification losses take, and what must hold of the column a label is read from. */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Expression } from "../../grammar/syntax.ts";
import type { Size } from "../ir/size.ts";
import { type Context, demand, fail, type Scope, written } from "./context.ts";
import { badLabels } from "./errors.ts";
import type { TableRef, Term } from "./model.ts";
import { constantOf } from "./sizes.ts";
import { isArray } from "./terms.ts";
import { showType } from "./types.ts";

/** The declared table and field whose column the term reads, when it reads one directly. */
export function columnOf(context: Context, term: Term): { readonly table: string; readonly field: string } | undefined {
  const ref =
    term.kind === "column" ? term.table : term.kind === "row-field" ? context.binderTables.get(term.binder) : undefined;
  const table = ref && declaredTable(context, ref);
  return table === undefined || (term.kind !== "column" && term.kind !== "row-field")
    ? undefined
    : { table, field: term.field };
}

/** A fold's tables hold rows of the table that was folded. */
function declaredTable(context: Context, ref: TableRef): string | undefined {
  if (ref.kind === "data") return ref.name;
  const outer = context.binderTables.get(ref.binder);
  const folded = outer && declaredTable(context, outer);
  return folded === undefined ? undefined : context.foldsOf.get(folded);
}

/** The labels count something of this many classes: known only when the column is read. */
export function demandLabels(scope: Scope, label: Term, classes: Size, span: Span): void {
  const column = columnOf(scope.context, label);
  if (column === undefined) return;
  demand(scope, `labels ${column.table}.${column.field} ${classes.key}`, {
    kind: "labels-below",
    what: label.type.kind === "array" && label.type.element === "class" ? "labels" : "indices",
    ...column,
    classes,
    span,
  });
}

/** - `binary`: 0 or 1 (class or bool). - `signed`: -1 or +1. */
export type Encoding = "binary" | "signed";

/** How a two-class label is written; reals must be -1 or +1, in the program as in the data. */
export function binaryEncoding(scope: Scope, label: Term, expression: Expression, classes: Size): Encoding {
  const text = written(expression);
  if (!isArray(label))
    return fail(
      scope,
      badLabels(
        expression.span,
        `${text} is ${showType(label.type)}, not labels`,
        "labels are class, bool, or reals that are -1 or +1",
      ),
    );
  if (label.type.element === "bool") return "binary";
  if (label.type.element === "class") {
    demandLabels(scope, label, classes, expression.span);
    return "binary";
  }
  const constants = constantItems(scope.context, label);
  if (constants?.every((v) => v === 0 || v === 1) && constants.includes(0)) {
    fail(
      scope,
      badLabels(
        expression.span,
        `the labels ${text} are 0 and 1, and real labels are -1 and +1`,
        `write 2 * ${text} - 1, or compare: ${text} == 1`,
      ),
    );
  }
  if (constants?.some((v) => v !== 1 && v !== -1)) {
    fail(
      scope,
      badLabels(
        expression.span,
        `the labels ${text} are neither all -1 or +1 nor classes`,
        "labels are class, bool, or reals that are -1 or +1",
      ),
    );
  }
  const column = columnOf(scope.context, label);
  if (column !== undefined)
    demand(scope, `signs ${column.table}.${column.field}`, {
      kind: "plus-minus-one",
      ...column,
      span: expression.span,
    });
  return "signed";
}

function constantItems(context: Context, term: Term): readonly number[] | undefined {
  if (term.kind !== "list") {
    const value = constantOf(context, term);
    return value === undefined ? undefined : [value];
  }
  const items = term.items.map((item) => constantItems(context, item));
  return items.includes(undefined) ? undefined : items.flatMap((item) => item ?? []);
}
