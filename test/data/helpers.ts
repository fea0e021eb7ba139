/** Small models and files in memory. */
import type { DataDeclaration, DataSource, Model } from "../../compiler/check/model.ts";
import { type ArrayType, arrayType, type Element, type TableType } from "../../compiler/check/types.ts";
import { namedSize, type Size, sizeOf } from "../../compiler/ir/size.ts";
import { BilevelError, type Diagnostic, type Span } from "../../grammar/diagnostics.ts";
import type { ReadChunks } from "../../runtime/data/files.ts";
import { type Column, isColumn, type Table } from "../../runtime/data/table.ts";

export const span: Span = { file: "problem.bilevel", start: 0, end: 4 };

function size(text: string): Size {
  return /^\d+$/.test(text) ? sizeOf(Number(text)) : namedSize(text);
}

/** `real[n, d]`. */
export function array(text: string): ArrayType {
  const [, element, sizes] = /^(\w+)\[(.*)\]$/.exec(text) ?? [];
  return arrayType(
    element as Element,
    (sizes ?? "").split(",").map((each) => size(each.trim())),
  );
}

/** The rows are the first field's. */
export function tableType(fields: Readonly<Record<string, string>>, endless = false): TableType {
  const types = new Map(Object.entries(fields).map(([name, text]) => [name, array(text)] as const));
  return { rows: [...types.values()][0]?.shape[0] ?? sizeOf(0), endless, fields: types };
}

export function declare(
  tables: Readonly<Record<string, TableType>>,
  source: DataSource,
  file = "problem.bilevel",
): DataDeclaration {
  return { tables: Object.entries(tables).map(([name, type]) => ({ name, type, span })), source, file, span };
}

type FileSource = Extract<DataSource, { kind: "file" }>;

export function fileSource(
  path: string,
  columns: Readonly<Record<string, readonly string[] | "rest">> = {},
): FileSource {
  const format = path.split(".").at(-1) as FileSource["format"];
  return { kind: "file", format, path, pathSpan: span, columns: new Map(Object.entries(columns)) };
}

export function model(
  data: readonly DataDeclaration[],
  rest: Partial<Pick<Model, "dims" | "requirements">> = {},
): Pick<Model, "data" | "dims" | "requirements"> {
  return { data, dims: [], requirements: [], ...rest };
}

/** Files in memory, handed over in pieces of a few bytes to cross every boundary. */
export function memory(files: Readonly<Record<string, string | Uint8Array>>, piece = 7): ReadChunks {
  return async function* (path) {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    for (let start = 0; start < bytes.length; start += piece) yield bytes.slice(start, start + piece);
  };
}

export async function diagnosticsOf(loading: Promise<unknown>): Promise<readonly Diagnostic[]> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof BilevelError) return error.diagnostics;
    throw error;
  }
  throw new Error("nothing was wrong");
}

/** `file:line:column code: message / suggestion`, one a line. */
export async function said(loading: Promise<unknown>): Promise<string> {
  const lines = (await diagnosticsOf(loading)).map(({ place, code, message, suggestion }) => {
    const at =
      place === undefined ? "" : `${[place.file, place.line, place.column].filter((x) => x !== undefined).join(":")} `;
    return `${at}${code}: ${message}${suggestion === undefined ? "" : ` / ${suggestion}`}`;
  });
  return lines.join("\n");
}

export function column(table: Table | undefined, field: string): Column {
  const value = table?.fields.get(field);
  if (value === undefined || !isColumn(value)) throw new Error(`no column ${field}`);
  return value;
}

export function numbers(table: Table | undefined, field: string): number[] {
  return [...column(table, field).values];
}

export function inner(table: Table | undefined, field: string): readonly Table[] {
  const value = table?.fields.get(field);
  if (value === undefined || isColumn(value)) throw new Error(`no tables ${field}`);
  return value;
}
