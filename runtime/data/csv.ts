import type { TableType } from "../../compiler/check/types.ts";
import type { DataPlace, Diagnostic } from "../../grammar/diagnostics.ts";
import { growTo } from "../growing.ts";
import { type CsvRecord, cellPlace, cellText, scanCsv } from "./csv-scan.ts";
import { columnDuplicate, columnUnnamed, fail, quoted, rowEmpty, rowRagged, tableEmpty } from "./errors.ts";
import { type FieldColumns, type FieldReader, fieldReaders, finished, refuseTooLarge, rowsThatTell } from "./fields.ts";
import { type DataFile, sizeOf } from "./files.ts";
import { isBlank, parseNumber } from "./number.ts";
import type { Table } from "./table.ts";
import { rejected, wordValue } from "./values.ts";

/** Fields and their columns as `fieldReaders` says. */
export async function readCsv(
  file: DataFile,
  type: TableType,
  columns: FieldColumns,
  trailing: (field: string) => readonly number[],
): Promise<Table> {
  let header: readonly string[] | undefined;
  let readers: FieldReader[] = [];
  let rows = 0;
  let emptyLine: number | undefined;
  const size = await sizeOf(file);
  let read = 0;

  await scanCsv(file, (record) => {
    if (isBlankRecord(record)) {
      emptyLine ??= record.line;
      return true;
    }
    if (emptyLine !== undefined) fail(rowEmpty(file, emptyLine));
    if (header === undefined) {
      header = readHeader(file, record);
      readers = fieldReaders(file, type, columns, header, trailing);
    } else {
      if (record.cells !== header.length) fail(ragged(file, record, header.length));
      for (const reader of readers) readRow(file, reader, record, rows, header);
      rows += 1;
      read += (record.ends[record.cells - 1] ?? 0) - record.start + 1;
      if (rows === rowsThatTell && size !== undefined) refuseTooLarge(file, readers, (rows * size) / read);
    }
    return true;
  });

  if (header === undefined) fail(tableEmpty(file, "header"));
  if (rows === 0) fail(tableEmpty(file, "rows"));
  const fields = new Map(readers.map((reader) => [reader.name, finished(reader, rows)] as const));
  const cellsOf = new Map(readers.map((reader) => [reader.name, reader.cells] as const));
  const locate = (field: string, row: number, entry: number) => locateCell(file, row, cellsOf.get(field)?.[entry] ?? 0);
  return { rows, fields, origin: { file: file.path, locate } };
}

function isBlankRecord(record: CsvRecord): boolean {
  if (record.cells !== 1) return false;
  for (let i = record.starts[0] ?? 0; i < (record.ends[0] ?? 0); i++) if (!isBlank(record.bytes[i])) return false;
  return true;
}

/** Points at the first cell too many, or at the last there is. */
function ragged(file: DataFile, record: CsvRecord, columns: number): Diagnostic {
  const place = cellPlace(file, record, Math.min(record.cells - 1, columns));
  return rowRagged(file, place, record.line, record.cells, columns);
}

function readHeader(file: DataFile, record: CsvRecord): readonly string[] {
  const positions = new Map<string, number>();
  for (let cell = 0; cell < record.cells; cell++) {
    const name = cellText(record, cell);
    if (name === "") fail(columnUnnamed(file, cell + 1, cellPlace(file, record, cell)));
    const first = positions.get(name);
    if (first !== undefined) {
      fail(columnDuplicate(file, name, cellPlace(file, record, first), cellPlace(file, record, cell)));
    }
    positions.set(name, cell);
  }
  return [...positions.keys()];
}

function readRow(file: DataFile, reader: FieldReader, record: CsvRecord, row: number, header: readonly string[]): void {
  const { cells, accepts } = reader;
  const base = row * cells.length;
  growTo(reader.values, base + cells.length);
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i] ?? 0;
    const value = parseCell(record, cell);
    reader.values[base + i] = accepts(value) ? value : readWord(file, reader, record, cell, header);
  }
}

function parseCell({ bytes, starts, ends }: CsvRecord, cell: number): number {
  const start = starts[cell] ?? 0;
  let end = ends[cell] ?? 0;
  if (start === end || bytes[start] !== 34) return parseNumber(bytes, start, end);
  while (bytes[end - 1] !== 34) end--;
  return parseNumber(bytes, start + 1, end - 1);
}

/** A cell that is no number its element accepts: a word that stands for one, or an error. */
function readWord(
  file: DataFile,
  reader: FieldReader,
  record: CsvRecord,
  cell: number,
  header: readonly string[],
): number {
  const text = cellText(record, cell);
  const value = wordValue(reader.element, text);
  if (!Number.isNaN(value)) return value;
  const what = `${file.table}.${reader.name} (column ${quoted(header[cell] ?? "")})`;
  return fail(rejected(reader.element, { file, place: cellPlace(file, record, cell), what, text }));
}

/** Reads the file again up to the row. */
async function locateCell(file: DataFile, row: number, cell: number): Promise<DataPlace> {
  let place: DataPlace = { file: file.path };
  let index = -1;
  await scanCsv(file, (record) => {
    if (index === row) place = cellPlace(file, record, cell);
    index += 1;
    return index <= row;
  });
  return place;
}
