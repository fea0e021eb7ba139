/** Names: the frames from inside out, then the program's symbols, then the constants. */
import type { Diagnostic, Span } from "../../grammar/diagnostics.ts";
import {
  type Denotation,
  type Frame,
  fail,
  type GlobalSymbol,
  isSettled,
  noteUse,
  poison,
  type Scope,
} from "./context.ts";
import { ambiguousField, ambiguousName, notASize, notAValue, unknownName } from "./errors.ts";
import type { Term } from "./model.ts";
import { nearest } from "./nearest.ts";
import { arrayType, realScalar, type TableType } from "./types.ts";

const constants: ReadonlyMap<string, number> = new Map([
  ["pi", Math.PI],
  ["inf", Number.POSITIVE_INFINITY],
]);

/** What a name stands for here. `also` are further names worth suggesting when it stands for nothing. */
export function lookUp(scope: Scope, name: string, span: Span, also: readonly string[] = []): Denotation {
  for (let frame = scope.frame; frame !== undefined; frame = frame.outer) {
    if (frame.kind === "names") {
      const local = frame.names.get(name);
      if (local === undefined) continue;
      noteUse(scope, span, local.span);
      return local.denotation;
    } else if (frame.type.fields.has(name)) {
      return openedField(scope, frame, name, span);
    }
  }
  const symbol = scope.context.symbols.get(name);
  if (symbol !== undefined) {
    noteUse(scope, span, symbol.span);
    if (symbol.denotation === undefined) {
      return fail(scope, unreadable(scope, symbol, span));
    }
    return symbol.denotation;
  }
  const constant = constants.get(name);
  if (constant !== undefined)
    return { kind: "value", term: { kind: "number", value: constant, type: realScalar, span } };
  if (isSettled(scope.context, span)) throw poison;
  const hint = fieldHint(scope, name);
  const close = hint === undefined ? nearest(name, [...visibleNames(scope), ...also]) : undefined;
  return fail(scope, unknownName(span, name, close, hint));
}

/** Declared, but by a kind of declaration that is read later: sizes do not depend on definitions, and nothing reads a report. */
function unreadable(scope: Scope, { name, sort }: GlobalSymbol, span: Span): Diagnostic {
  if (scope.context.symbols.get(name)?.sort === "report")
    return notAValue(
      span,
      `${name} is a report, which only the result holds`,
      "name the value with let, and report that",
    );
  return notASize(span, name, `it is declared by ${sort}; a size is declared by dim`);
}

/** A definition, a network or a function that the program declares by this name. */
export function declaredCallable(scope: Scope, name: string): Denotation | undefined {
  for (let frame = scope.frame; frame !== undefined; frame = frame.outer) {
    const denotation = frame.kind === "names" ? frame.names.get(name)?.denotation : undefined;
    if (denotation !== undefined) return isCallable(denotation) ? denotation : undefined;
  }
  const denotation = scope.context.symbols.get(name)?.denotation;
  return denotation !== undefined && isCallable(denotation) ? denotation : undefined;
}

const isCallable = ({ kind }: Denotation): boolean => kind === "definition" || kind === "map";

function* visibleNames(scope: Scope): Iterable<string> {
  for (let frame = scope.frame; frame !== undefined; frame = frame.outer) {
    yield* frame.kind === "names" ? frame.names.keys() : frame.type.fields.keys();
  }
  yield* scope.context.symbols.keys();
  yield* constants.keys();
}

/** A field read outside of its table is named with it. */
function fieldHint(scope: Scope, name: string): string | undefined {
  for (const [table, symbol] of scope.context.symbols) {
    const denotation = symbol.denotation;
    if (denotation?.kind === "table" && denotation.type.fields.has(name)) {
      return `it is a field of ${table}: write ${table}.${name}, or use it inside E[${table}](...)`;
    }
  }
  return undefined;
}

type Opened = Extract<Frame, { kind: "opened" }>;

/** The row's field by its bare name, unless an unknown or a table opened beside it has the name too. */
function openedField(scope: Scope, frame: Opened, name: string, span: Span): Denotation {
  const symbol = scope.context.symbols.get(name);
  if (symbol !== undefined && ["var", "network", "function"].includes(symbol.sort)) {
    return fail(scope, ambiguousName(span, name, frame.name, symbol.span));
  }
  const beside = frame.outer;
  if (beside?.kind === "opened" && frame.besideOuter && beside.type.fields.has(name)) {
    return fail(scope, ambiguousField(span, name, [beside.name, frame.name]));
  }
  noteUse(scope, span, frame.type.declared?.get(name));
  return rowField(frame.type, frame.binder, frame.name, name, span);
}

/** A field of a bound row: an array without the leading axis, or a table. */
export function rowField(type: TableType, binder: number, row: string, name: string, span: Span): Denotation {
  const field = type.fields.get(name);
  if (field === undefined) throw poison;
  if (field.kind === "table")
    return {
      kind: "table",
      ref: { kind: "row-table", binder, field: name },
      type: field.table,
      name: `${row}.${name}`,
    };
  const term: Term = {
    kind: "row-field",
    binder,
    field: name,
    type: arrayType(field.element, field.shape.slice(1)),
    span,
  };
  return { kind: "value", term };
}
