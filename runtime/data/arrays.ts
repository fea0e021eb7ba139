/** Whole arrays (npy, npz) to the columns of a table. */

import { nearest } from "../../compiler/check/nearest.ts";
import type { ArrayType, TableType } from "../../compiler/check/types.ts";
import { showType } from "../../compiler/check/types.ts";
import { arrayMissing, fail, fileMalformed, rowsDisagree, shapeMismatch, tableEmpty } from "./errors.ts";
import type { DataFile } from "./files.ts";
import type { Column, Table } from "./table.ts";
import { acceptsOf, rejected } from "./values.ts";

/** Row-major numbers of any element type. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The array fields that a file must hold by these names. */
export function wantedArrays(
  file: DataFile,
  type: TableType,
  names: readonly string[],
): ReadonlyMap<string, ArrayType> {
  const wanted = new Map<string, ArrayType>();
  for (const [field, fieldType] of type.fields) {
    if (fieldType.kind === "table") return fail(fileMalformed(file, `a file holds no tables, as ${field} would be`));
    if (!names.includes(field)) fail(arrayMissing(file, field, names, nearest(field, names)));
    wanted.set(field, fieldType);
  }
  return wanted;
}

/** The array as a column, its rank and every value checked. */
export function columnOf(file: DataFile, field: string, type: ArrayType, array: NumericArray): Column {
  if (array.shape.length !== type.shape.length) {
    const read = `${file.path} holds an array of shape [${array.shape.join(", ")}]`;
    fail(shapeMismatch(file, field, showType(type), read));
  }
  const accepts = acceptsOf(type.element);
  const { values, shape } = array;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (accepts(value)) continue;
    const what = `${file.table}.${field}${subscript(shape, i)}`;
    fail(rejected(type.element, { file, place: { file: file.path }, what, text: String(value) }));
  }
  return { element: type.element, shape, values };
}

/** `[3][2]` for the entry at a row-major offset. */
function subscript(shape: readonly number[], offset: number): string {
  let text = "";
  for (const size of shape.toReversed()) {
    text = `[${offset % size}]${text}`;
    offset = Math.floor(offset / size);
  }
  return text;
}

/** The columns as a table, if they agree on the rows. */
export function tableOf(file: DataFile, columns: ReadonlyMap<string, Column>): Table {
  const rowsOf = [...columns].map(([field, column]) => [field, column.shape[0] ?? 0] as const);
  const [first, rows] = rowsOf[0] ?? fail(tableEmpty(file, "rows"));
  for (const [field, others] of rowsOf) if (others !== rows) fail(rowsDisagree(file, first, rows, field, others));
  if (rows === 0) fail(tableEmpty(file, "rows"));
  return { rows, fields: columns, origin: { file: file.path, locate: async () => ({ file: file.path }) } };
}
