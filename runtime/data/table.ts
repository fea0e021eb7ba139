/** Data as it lies in memory after reading: columns of doubles, whatever the element type. */

import type { Element } from "../../compiler/check/types.ts";
import type { DataPlace } from "../../grammar/diagnostics.ts";

/** Row-major; the first axis is the rows. Booleans are 0 and 1, labels 0..k-1. */
export interface Column {
  readonly element: Element;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** A table-valued field (`train` and `valid` of a fold) is one table per row, and these may differ in their rows. */
export interface Table {
  readonly rows: number;
  readonly fields: ReadonlyMap<string, Column | readonly Table[]>;
  /** Absent for generated tables. */
  readonly origin?: Origin;
  /** Which rows of another table these are, for the parts of a fold. */
  readonly taken?: Uint32Array;
}

/** Where a table's values were read. Only messages ask for a place, so finding one may read the file again. */
export interface Origin {
  readonly file: string;
  readonly locate: (field: string, row: number, entry: number) => Promise<DataPlace>;
}

export function isColumn(field: Column | readonly Table[]): field is Column {
  return !Array.isArray(field);
}

/** How many numbers a row of the column holds. */
export function rowLength(column: Column): number {
  return column.shape.slice(1).reduce((product, size) => product * size, 1);
}

/** The rows named, in that order, with values of their own; repeats are allowed. */
export function takeRows(table: Table, rows: Uint32Array): Table {
  const seen = seeRows(table, rows);
  return { ...seen, fields: mapFields(seen, (field) => (isColumn(field) ? { ...field } : field)) };
}

/** The same without a copy of the table: values are gathered each time that they are read. */
export function seeRows(table: Table, rows: Uint32Array): Table {
  const fields = mapFields(table, (field) => seeFieldRows(field, rows));
  const origin = table.origin && {
    file: table.origin.file,
    locate: originalPlace(table.origin, rows),
  };
  return { rows: rows.length, fields, origin, taken: rows };
}

function originalPlace(origin: Origin, rows: Uint32Array): Origin["locate"] {
  return (field, row, entry) => origin.locate(field, rows[row] ?? 0, entry);
}

type Field = Column | readonly Table[];

const mapFields = ({ fields }: Table, change: (field: Field) => Field): Table["fields"] =>
  new Map([...fields].map(([name, field]) => [name, change(field)]));

function seeFieldRows(field: Field, rows: Uint32Array): Field {
  if (!isColumn(field)) return Array.from(rows, (row) => field[row]).filter((table) => table !== undefined);
  const length = rowLength(field);
  return {
    element: field.element,
    shape: [rows.length, ...field.shape.slice(1)],
    get values() {
      const values = new Float64Array(rows.length * length);
      rows.forEach((row, i) => values.set(field.values.subarray(row * length, (row + 1) * length), i * length));
      return values;
    },
  };
}
