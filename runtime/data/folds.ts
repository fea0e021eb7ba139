/** Cross-validation: k rows of two tables each. */
import type { Span } from "../../grammar/diagnostics.ts";
import { fail, foldsInvalid } from "./errors.ts";
import { rowOrder } from "./split.ts";
import { seeRows, type Table } from "./table.ts";

/** Fold i leaves out the rows from round(n i / k) to round(n (i + 1) / k) of the order for `valid`; `train` is the others. */
export function foldTable(table: Table, name: string, k: number, seed: number | undefined, span: Span): Table {
  if (k < 2 || k > table.rows) fail(foldsInvalid(name, k, table.rows, span));
  const order = rowOrder(table.rows, seed);
  const bound = (i: number) => Math.round((table.rows * i) / k);
  const folds = Array.from({ length: k }, (_, i) => ({
    valid: seeRows(table, order.subarray(bound(i), bound(i + 1))),
    train: seeRows(
      table,
      order.filter((_, at) => at < bound(i) || at >= bound(i + 1)),
    ),
  }));
  const fields = new Map([
    ["train", folds.map((fold) => fold.train)],
    ["valid", folds.map((fold) => fold.valid)],
  ]);
  return { rows: k, fields };
}

/** [folds, rows of the table that was folded], flat: 1 where the fold's part has the row. */
export function foldMask(parts: readonly Table[], length: number): Float64Array {
  const mask = new Float64Array(length);
  const rows = length / parts.length;
  parts.forEach(({ taken = new Uint32Array() }, fold) => {
    for (const row of taken) mask[fold * rows + row] = 1;
  });
  return mask;
}
