/** Cross-validation: k rows of two tables each. */
import type { Span } from "../../grammar/diagnostics.ts";
import { fail, foldsInvalid } from "./errors.ts";
import { rowOrder } from "./split.ts";
import { type Table, takeRows } from "./table.ts";

/** Fold i leaves out the rows from round(n i / k) to round(n (i + 1) / k) of the order for `valid`; `train` is the others. */
export function foldTable(table: Table, name: string, k: number, seed: number | undefined, span: Span): Table {
  if (k < 2 || k > table.rows) fail(foldsInvalid(name, k, table.rows, span));
  const order = rowOrder(table.rows, seed);
  const bound = (i: number) => Math.round((table.rows * i) / k);
  const folds = Array.from({ length: k }, (_, i) => ({
    valid: takeRows(table, order.subarray(bound(i), bound(i + 1))),
    train: takeRows(
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
