/** Columns centred and scaled by the mean and deviation of a table, often another one (the training rows). */
import type { Diagnostic, Span } from "../../grammar/diagnostics.ts";
import { columnConstant, fail, sizesDisagree } from "./errors.ts";
import { type Column, isColumn, rowLength, type Table } from "./table.ts";

/** For each entry of a row: its mean over the rows, and its deviation (divided by n). */
interface Moments {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/**
 * (x - mean) / deviation for each named field; all real matrices where none is named. An entry that is the same in every
 * row of `like` is centred only, with a warning.
 */
export function standardizeTable(
  table: Table,
  like: { readonly name: string; readonly table: Table },
  fields: readonly string[],
  span: Span,
): { readonly table: Table; readonly warnings: readonly Diagnostic[] } {
  const warnings: Diagnostic[] = [];
  const scaled = new Map(table.fields);
  for (const [name, field] of table.fields) {
    const model = like.table.fields.get(name);
    if (!isColumn(field) || model === undefined || !isColumn(model)) continue;
    if (!isStandardized(name, field, fields)) continue;
    const [width, modelWidth] = [rowLength(field), rowLength(model)];
    if (width !== modelWidth)
      fail(sizesDisagree(`${width}`, `${modelWidth}`, `${like.name}.${name} scales it by column`, span));
    const { mean, deviation } = momentsOf(model);
    deviation.forEach((value, entry) => {
      if (value > 0) return;
      const what = rowLength(model) === 1 ? `${like.name}.${name}` : `column ${entry} of ${like.name}.${name}`;
      warnings.push(columnConstant(what, mean[entry] ?? 0, like.name, span));
    });
    scaled.set(name, scale(field, mean, deviation));
  }
  return { table: { ...table, fields: scaled }, warnings };
}

/** Whether a field is one of those named, or a real matrix where none is. */
export function isStandardized(name: string, field: Column, named: readonly string[]): boolean {
  return named.length > 0 ? named.includes(name) : field.element === "real" && field.shape.length === 2;
}

/** Two passes, the first value as a shift, so that a constant column has deviation exactly 0. */
export function momentsOf(column: Column): Moments {
  const length = rowLength(column);
  const rows = column.shape[0] ?? 0;
  const { values } = column;
  const mean = new Float64Array(length);
  const deviation = new Float64Array(length);
  for (let entry = 0; entry < length; entry++) {
    const shift = values[entry] ?? 0;
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += (values[row * length + entry] ?? 0) - shift;
    const centre = shift + sum / rows;
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += ((values[row * length + entry] ?? 0) - centre) ** 2;
    mean[entry] = centre;
    deviation[entry] = Math.sqrt(squares / rows);
  }
  return { mean, deviation };
}

function scale(column: Column, mean: Float64Array, deviation: Float64Array): Column {
  const length = mean.length;
  const values = column.values.map((value, i) => {
    const entry = i % length;
    return (value - (mean[entry] ?? 0)) / (deviation[entry] || 1);
  });
  return { element: "real", shape: column.shape, values };
}
