/** Tables that the embedding program gives as arrays, in place of a file. */
import type { TableType } from "../../compiler/check/types.ts";
import { showSizes } from "../../compiler/ir/size.ts";
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import { pointShape } from "../errors.ts";
import type { NestedArray } from "../types.ts";
import { flatten, shapeOfNested } from "../values.ts";
import { columnOf, type NumericArray, tableOf, wantedArrays } from "./arrays.ts";
import type { DataFile } from "./files.ts";
import type { Table } from "./table.ts";

/** A column as nested arrays, or flat and row-major with its shape. */
export type ColumnGiven = NestedArray | Packed;
export interface Packed {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}
/** By field. */
export interface TableGiven {
  readonly [field: string]: ColumnGiven;
}

/** `origin` is what messages call the data. Throws for fields that are missing, ragged, or hold what their type does not. */
export function tableFrom(name: string, type: TableType, given: TableGiven, origin: string, span: Span): Table {
  const file: DataFile = { table: name, path: origin, span, read: () => (async function* () {})() };
  const wanted = wantedArrays(file, type, Object.keys(given));
  const columns = [...wanted].map(([field, fieldType]) => {
    const value = given[field] as ColumnGiven;
    const array = numericArray(value);
    if (array !== undefined) return [field, columnOf(file, field, fieldType, array)] as const;
    const declared = `${fieldType.element}[${showSizes(fieldType.shape)}]`;
    throw new BilevelError([pointShape(`${name}.${field}`, declared, undefined, undefined)]);
  });
  return tableOf(file, new Map(columns));
}

/** `undefined` where nested lists are ragged. */
function numericArray(value: ColumnGiven): NumericArray | undefined {
  if (isPacked(value)) return { shape: value.shape, values: Float64Array.from(value.values) };
  const shape = shapeOfNested(value);
  return shape && { shape, values: Float64Array.from(flatten(value)) };
}

function isPacked(value: ColumnGiven): value is Packed {
  return typeof value === "object" && !Array.isArray(value);
}
