/** Names and their types in words. */
import type { DeclaredName, Denotation } from "../compiler/check/context.ts";
import type { TermRange } from "../compiler/check/model.ts";
import { type FieldType, showType, type TableType } from "../compiler/check/types.ts";
import { evaluateSize, namesIn, type Size } from "../compiler/ir/size.ts";
import { printExpression } from "../grammar/print.ts";
import type { Snapshot } from "./snapshot.ts";

/** `real[n, d]`, `{ X: real[n, d] }`, `real[p] -> real`: the type of a name or a field; empty where it is not known. */
export function typeText(of: DeclaredName | FieldType): string {
  if ("kind" in of) return of.kind === "table" ? tableText(of.table) : showType(of);
  if (of.field !== undefined) return typeText(of.field.type);
  return of.denotation === undefined ? "" : denotationText(of.denotation);
}

function tableText({ fields }: TableType): string {
  return `{ ${[...fields].map(([name, field]) => `${name}: ${typeText(field)}`).join(", ")} }`;
}

function denotationText(denotation: Denotation): string {
  switch (denotation.kind) {
    case "value":
      return showType(denotation.term.type);
    case "table":
      return tableText(denotation.type);
    case "row":
      return `row of ${denotation.ref.kind === "data" ? denotation.ref.name : denotation.ref.field}`;
    case "indexed":
      return `${showType(denotation.type)} for each of ${rangeText(denotation.range)}`;
    case "map": {
      const { type, range } = denotation;
      const each = range === undefined ? "" : ` for each of ${rangeText(range)}`;
      return `${type.from.map(showType).join(", ")} -> ${showType(type.to)}${each}`;
    }
    case "kernel":
      return "kernel";
    case "definition":
      return `(${denotation.parameters.map(({ text }) => text).join(", ")})`;
    case "poison":
      return "";
  }
}

const rangeText = (range: TermRange): string =>
  range.kind === "size" ? range.size.key : range.table.kind === "data" ? range.table.name : range.table.field;

const words = {
  dim: "dim",
  size: "dim",
  param: "param",
  data: "data",
  let: "let",
  var: "var",
  network: "network",
  function: "function",
  report: "report",
  field: "field",
  binder: "index",
  argument: "argument",
} as const satisfies Record<DeclaredName["sort"], string>;

/** A line such as `var theta: real[d]`. */
export function headline(name: DeclaredName): string {
  const { sort, denotation, field } = name;
  const shown = field === undefined ? name.name : `${field.table}.${name.name}`;
  if (denotation?.kind === "definition")
    return `let ${shown}${typeText(name)} = ${printExpression(denotation.declaration.value)}`;
  if (sort === "dim" || sort === "size" || typeText(name) === "") return `${words[sort]} ${shown}`;
  return `${words[sort]} ${shown}: ${typeText(name)}`;
}

/** `n = 442, d = 10`: the sizes in the type of a name that the data settle. */
export function sizesText(snapshot: Snapshot, name: DeclaredName): string {
  const known = snapshot.facts?.sizes;
  if (known === undefined) return "";
  const found = new Map<string, number>();
  for (const size of sizesOf(name)) {
    for (const each of [...namesIn(size)]) {
      const value = known.get(each);
      if (value !== undefined) found.set(each, value);
    }
    const value = evaluateSize(size, known);
    if (value !== undefined && namesIn(size).size > 0) found.set(size.key, value);
  }
  return [...found].map(([key, value]) => `${key} = ${value}`).join(", ");
}

function sizesOf({ denotation, field }: DeclaredName): readonly Size[] {
  if (field !== undefined) return fieldSizes(field.type);
  switch (denotation?.kind) {
    case "value": {
      const { term } = denotation;
      return term.kind === "size" ? [term.size] : term.type.kind === "array" ? term.type.shape : [];
    }
    case "table":
    case "row":
      return [...denotation.type.fields.values()].flatMap(fieldSizes);
    case "indexed":
      return denotation.type.kind === "array" ? denotation.type.shape : [];
    case "map":
      return [...denotation.type.from, denotation.type.to].flatMap(({ shape }) => shape);
    default:
      return [];
  }
}

const fieldSizes = (type: FieldType): readonly Size[] =>
  type.kind === "table" ? [...type.table.fields.values()].flatMap(fieldSizes) : type.shape;

/** `upper level`, `lower level`, `level 2`. */
export function levelText({ levels }: Snapshot, name: string): string | undefined {
  const level = levels.get(name);
  return level === undefined ? undefined : (["upper level", "lower level"][level] ?? `level ${level}`);
}
