/** Apache Parquet, its columns named as for csv. The decoder is loaded when such a file is read. */
import type { FileMetaData } from "hyparquet";
import type { TableType } from "../../compiler/check/types.ts";
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { growTo } from "../growing.ts";
import { fail, fileMalformed, tableEmpty } from "./errors.ts";
import { type FieldColumns, fieldReaders, finished } from "./fields.ts";
import { bytesOf, type DataFile } from "./files.ts";
import type { Table } from "./table.ts";
import { rejected, wordValue } from "./values.ts";

/** What a file may hold: it is decoded in memory. */
const largestFile = 2 ** 31;

/** The names of its columns. */
export async function parquetColumns(file: DataFile): Promise<readonly string[]> {
  return columnNames((await openParquet(file)).metadata.schema);
}

async function openParquet(file: DataFile): Promise<{ buffer: ArrayBuffer; metadata: FileMetaData }> {
  const { parquetMetadata } = await import("hyparquet");
  const bytes = await bytesOf(file, largestFile);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    return { buffer, metadata: parquetMetadata(buffer) };
  } catch (error) {
    return fail(fileMalformed(file, `this is not Parquet (${(error as Error).message})`));
  }
}

export async function readParquet(
  file: DataFile,
  type: TableType,
  columns: FieldColumns,
  trailing: (field: string) => readonly number[],
): Promise<Table> {
  const { parquetRead } = await import("hyparquet");
  const { buffer, metadata } = await openParquet(file);
  const rows = Number(metadata.num_rows);
  if (rows === 0) fail(tableEmpty(file, "rows"));
  const header = columnNames(metadata.schema);
  const readers = fieldReaders(file, type, columns, header, trailing);
  for (const reader of readers) growTo(reader.values, rows * reader.cells.length);
  const wanted = new Map(
    readers.flatMap((reader) => [...reader.cells].map((cell, at) => [header[cell] ?? "", { reader, at }])),
  );
  const place = { file: file.path };
  // Kept for the end: nobody hears what is thrown while the file is decoded.
  let bad: Diagnostic | undefined;
  await parquetRead({
    file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
    metadata,
    columns: [...wanted.keys()],
    onChunk: ({ columnName, columnData, rowStart }) => {
      const target = wanted.get(columnName);
      if (target === undefined) return;
      const { reader, at } = target;
      const { cells, accepts, element, values } = reader;
      for (let i = 0; i < columnData.length; i += 1) {
        const entry: unknown = columnData[i];
        const number = numberOf(entry);
        const value = accepts(number) ? number : wordValue(element, String(entry));
        if (Number.isNaN(value)) {
          const what = `${file.table}.${reader.name} (column "${columnName}", row ${rowStart + i})`;
          const text = entry === null || entry === undefined ? "" : String(entry);
          bad ??= rejected(element, { file, place, what, text });
        }
        values[(rowStart + i) * cells.length + at] = value;
      }
    },
  }).catch((error: Error) => fail(fileMalformed(file, error.message)));
  if (bad !== undefined) fail(bad);
  return {
    rows,
    fields: new Map(readers.map((reader) => [reader.name, finished(reader, rows)] as const)),
    origin: { file: file.path, locate: async () => place },
  };
}

/** Flat columns; a nested one is not named and so cannot be asked for. */
function columnNames(schema: readonly { readonly name: string; readonly num_children?: number }[]): readonly string[] {
  return schema
    .slice(1)
    .flatMap(({ name, num_children }) => (num_children === undefined || num_children === 0 ? [name] : []));
}

function numberOf(entry: unknown): number {
  if (typeof entry === "number") return entry;
  return typeof entry === "bigint" || typeof entry === "boolean" ? Number(entry) : Number.NaN;
}
