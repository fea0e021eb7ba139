/** Types as they are written, to the checker's types. */
import type { Span } from "../../grammar/diagnostics.ts";
import type { Expression, FieldSyntax, MapTypeSyntax, SizeSyntax, TypeSyntax } from "../../grammar/syntax.ts";
import { namedSize, type Size } from "../ir/size.ts";
import { fail, noteUse, poison, type Scope } from "./context.ts";
import { value } from "./elaborate.ts";
import { badTable, badType, unknownName } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { asSize, compareSizes } from "./sizes.ts";
import {
  type ArrayType,
  arrayType,
  type FieldType,
  type MapType,
  showType,
  type TableType,
  type ValueType,
} from "./types.ts";

function readSize(scope: Scope, syntax: SizeSyntax): Size {
  if (syntax.kind === "endless")
    return fail(
      scope,
      badType(syntax.span, "only the rows of a data table can be endless", "name the size or write a number"),
    );
  const { value: e } = syntax;
  if (e.kind === "name" && !scope.context.symbols.has(e.name)) {
    return fail(
      scope,
      unknownName(
        e.span,
        e.name,
        nearest(e.name, scope.context.symbols.keys()),
        `declare the size: dim ${e.name} = 10`,
      ),
    );
  }
  return asSize(scope, value(scope, e), e);
}

/** `real[n, d]` */
export function readArrayType(scope: Scope, syntax: TypeSyntax): ArrayType {
  if (syntax.kind !== "array")
    return fail(scope, badType(syntax.span, "an array type such as real[n, d] is needed here"));
  return arrayType(
    syntax.element,
    syntax.sizes.map((size) => readSize(scope, size)),
  );
}

/** `real[d]` or `weights(f)`: what an unknown may be. */
export function readUnknownType(scope: Scope, syntax: TypeSyntax): ValueType {
  if (syntax.kind === "table")
    return fail(
      scope,
      badType(syntax.span, "an unknown is an array or the weights of a map", "write real[n, d] or weights(f)"),
    );
  if (syntax.kind === "array") {
    if (syntax.element !== "real")
      fail(
        scope,
        badType(
          syntax.span,
          `unknowns are real, and this is ${syntax.element}`,
          "derivatives need real numbers: write real",
        ),
      );
    return readArrayType(scope, syntax);
  }
  const { text, span } = syntax.map;
  const symbol = scope.context.symbols.get(text);
  if (symbol === undefined) return fail(scope, unknownName(span, text, nearest(text, scope.context.symbols.keys())));
  noteUse(scope, span, symbol.span);
  if (symbol.denotation?.kind === "poison") throw poison;
  if (symbol.denotation?.kind !== "map" || symbol.denotation.sort === "RKHS") {
    return fail(
      scope,
      badType(span, `${text} has no weights`, "weights(f) are those of a network, or of a function represented by one"),
    );
  }
  return { kind: "weights", map: text };
}

/** `real[p] -> real[q]` */
export function readMapType(scope: Scope, syntax: MapTypeSyntax): MapType {
  const from = syntax.from.map((type) => mapEnd(scope, type));
  return { from, to: mapEnd(scope, syntax.to) };
}

function mapEnd(scope: Scope, syntax: TypeSyntax): ArrayType {
  const type = readArrayType(scope, syntax);
  if (type.element !== "real")
    fail(
      scope,
      badType(
        syntax.span,
        `a map goes from real arrays to real arrays, and this is ${showType(type)}`,
        "encode labels with one_hot(label, k)",
      ),
    );
  return type;
}

/** `{ X: real[n, d], y: real[n] }` of the table called `name`: the leading size that all fields share is its rows. */
export function readTableType(scope: Scope, name: string, syntax: TypeSyntax): TableType {
  if (syntax.kind !== "table")
    return fail(
      scope,
      badTable(syntax.span, `the type of a table lists its fields`, undefined, `write { X: real[n, d], y: real[n] }`),
    );
  const first = syntax.fields[0];
  if (first === undefined) return fail(scope, badTable(syntax.span, `${name} has no fields`));
  const endlessRows = namedSize(`rows(${name})`);
  const fields = new Map<string, ArrayType>();
  const declared = new Map<string, Span>();
  const leading = { size: undefined as Size | undefined, endless: false };
  for (const field of syntax.fields) {
    const type = readField(scope, field, endlessRows);
    const rows = type.shape[0] as Size;
    if (leading.size !== undefined && compareSizes(scope.context, leading.size, rows) !== "equal") {
      fail(
        scope,
        badTable(
          field.span,
          `the rows of ${name} are its fields' leading size, and ${field.name.text} is ${showType(type)} after ${first.name.text}: ${showType(fields.get(first.name.text) ?? type)}`,
          [{ message: `${first.name.text} is declared here`, span: first.span }],
        ),
      );
    }
    if (fields.has(field.name.text)) fail(scope, badTable(field.span, `${name} has two fields ${field.name.text}`));
    leading.size ??= rows;
    leading.endless ||= isEndless(field);
    fields.set(field.name.text, type);
    const { text, span } = field.name;
    declared.set(text, span);
    scope.context.names.set(span, { name: text, span, sort: "field", field: { table: name, type } });
  }
  return { rows: leading.size ?? endlessRows, endless: leading.endless, fields, declared };
}

const isEndless = ({ type }: FieldSyntax): boolean => type.kind === "array" && type.sizes[0]?.kind === "endless";

function readField(scope: Scope, field: FieldSyntax, endlessRows: Size): ArrayType {
  const { type, name } = field;
  if (type.kind !== "array") return fail(scope, badTable(field.span, `the field ${name.text} is not an array`));
  const [rows, ...others] = type.sizes;
  if (rows === undefined)
    return fail(
      scope,
      badTable(
        field.span,
        `the field ${name.text} is one ${type.element}, without rows`,
        undefined,
        `write ${name.text}: ${type.element}[n]; for a constant use param or let`,
      ),
    );
  const leading = rows.kind === "endless" ? endlessRows : readSize(scope, rows);
  return arrayType(type.element, [leading, ...others.map((size) => readSize(scope, size))]);
}

/** The names that a data type's sizes mention outside of calls, with their places: those not declared elsewhere become sizes. */
export function sizeNames(syntax: TypeSyntax): readonly (Expression & { readonly kind: "name" })[] {
  if (syntax.kind !== "table") return [];
  return syntax.fields
    .flatMap(({ type }) => (type.kind === "array" ? type.sizes : []))
    .flatMap((size) => (size.kind === "expression" ? bareNames(size.value) : []));
}

function bareNames(e: Expression): readonly (Expression & { readonly kind: "name" })[] {
  if (e.kind === "name") return [e];
  if (e.kind === "binary") return [...bareNames(e.left), ...bareNames(e.right)];
  return e.kind === "unary" ? bareNames(e.operand) : [];
}

/** A table with other rows: its fields' leading size is replaced. */
export function withRows(type: TableType, rows: Size): TableType {
  const fields = [...type.fields].map(([name, field]): [string, FieldType] => [
    name,
    field.kind === "table" ? field : arrayType(field.element, [rows, ...field.shape.slice(1)]),
  ]);
  return { ...type, rows, endless: false, fields: new Map(fields) };
}
