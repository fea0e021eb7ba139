/** Fields made of named columns, as csv and parquet have them. */
import { nearest } from "../../compiler/check/nearest.ts";
import { type Element, showType, type TableType } from "../../compiler/check/types.ts";
import { growingArray, largestArray, shrinkTo } from "../growing.ts";
import { columnMissing, dataTooLarge, fail, fileMalformed, quoted, shapeMismatch } from "./errors.ts";
import type { DataFile } from "./files.ts";
import type { Column } from "./table.ts";
import { acceptsOf } from "./values.ts";

/** The columns of each field; one field may take the rest. */
export type FieldColumns = ReadonlyMap<string, readonly string[] | "rest">;

/** A field under way: which cells of a row it takes, and what was read so far. */
export interface FieldReader {
  readonly name: string;
  readonly element: Element;
  readonly accepts: (value: number) => boolean;
  readonly trailing: readonly number[] | undefined;
  readonly cells: Int32Array;
  readonly values: Float64Array<ArrayBuffer>;
}

/**
 * A vector field takes one column and a matrix as many as are named for it. `trailing` gives the sizes after the rows
 * of a field with more axes, in row-major order of its columns.
 */
export function fieldReaders(
  file: DataFile,
  type: TableType,
  columns: FieldColumns,
  header: readonly string[],
  trailing: (field: string) => readonly number[],
): FieldReader[] {
  const positions = new Map(header.map((name, i) => [name, i] as const));
  const named = new Map<string, readonly number[]>();
  for (const [field, names] of columns) {
    if (names === "rest") continue;
    named.set(
      field,
      names.map((name) => positions.get(name) ?? fail(columnMissing(file, field, name, header, nearest(name, header)))),
    );
  }
  const taken = new Set([...named.values()].flat());
  const rest = header.map((_, i) => i).filter((i) => !taken.has(i));
  return [...type.fields].map(([name, fieldType]) => {
    if (fieldType.kind === "table")
      return fail(fileMalformed(file, `such a file holds no tables, as ${name} would be`));
    const cells = named.get(name) ?? rest;
    const sizes = fieldType.shape.length > 2 ? trailing(name) : undefined;
    const width = fieldType.shape.length === 1 ? 1 : sizes?.reduce((product, size) => product * size, 1);
    if (cells.length === 0 || (width !== undefined && width !== cells.length)) {
      fail(shapeMismatch(file, name, showType(fieldType), columnsRead(file, cells, header)));
    }
    const { element } = fieldType;
    return {
      name,
      element,
      accepts: acceptsOf(element),
      trailing: fieldType.shape.length === 1 ? [] : sizes,
      cells: Int32Array.from(cells),
      values: growingArray(0),
    };
  });
}

function columnsRead(file: DataFile, cells: readonly number[], header: readonly string[]): string {
  const names = cells.slice(0, 12).map((cell) => quoted(header[cell] ?? ""));
  const more = cells.length > names.length ? [`${cells.length - names.length} more`] : [];
  const list = cells.length === 0 ? "" : ` (${[...names, ...more].join(", ")})`;
  return `${file.path} has ${cells.length} columns for it${list}`;
}

export function finished(reader: FieldReader, rows: number): Column {
  const width = reader.cells.length;
  const shape = [rows, ...(reader.trailing ?? [width])];
  shrinkTo(reader.values, rows * width);
  return { element: reader.element, shape, values: reader.values };
}

/** After so many rows the file's length says about how many there are. */
export const rowsThatTell = 1024;

export function refuseTooLarge(file: DataFile, readers: readonly FieldReader[], rows: number): void {
  for (const { name, cells } of readers) {
    const numbers = rows * cells.length;
    if (numbers > 1.25 * largestArray)
      fail(dataTooLarge(file, `${name} would have about ${Math.round(rows / 1e6)} million rows of ${cells.length}`));
  }
}
