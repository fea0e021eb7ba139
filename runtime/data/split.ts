/** A table's rows dealt out to several tables. */
import type { Span } from "../../grammar/diagnostics.ts";
import { createRandom } from "../random.ts";
import { fail, splitInvalid } from "./errors.ts";
import { type Table, takeRows } from "./table.ts";

/** 0..rows-1, in file order without a seed. */
export function rowOrder(rows: number, seed: number | undefined): Uint32Array {
  return seed === undefined ? Uint32Array.from({ length: rows }, (_, i) => i) : createRandom(seed).permutation(rows);
}

/**
 * Part i ends at row round(n (f_1 + ... + f_i)), so that the parts of fractions that sum to 1 are all the rows. Every
 * part must have a row.
 */
export function splitTable(
  table: Table,
  parts: readonly { readonly name: string; readonly fraction: number }[],
  seed: number | undefined,
  span: Span,
): readonly Table[] {
  const total = parts.reduce((sum, part) => sum + part.fraction, 0);
  if (parts.some((part) => !(part.fraction > 0))) fail(splitInvalid("the fractions of a split are positive", span));
  if (total > 1 + 1e-9) fail(splitInvalid(`the fractions of a split sum to ${total}, which is more than 1`, span));
  const order = rowOrder(table.rows, seed);
  let sum = 0;
  let start = 0;
  return parts.map(({ name, fraction }) => {
    sum += fraction;
    const end = Math.min(table.rows, Math.round(table.rows * sum));
    if (end === start) fail(splitInvalid(`${name} gets no row: ${fraction} of ${table.rows} rows`, span));
    const part = takeRows(table, order.subarray(start, end));
    start = end;
    return part;
  });
}
