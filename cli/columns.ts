/** What the entries along a named axis are called: the csv columns that were read into it. */
import { dirname, join } from "node:path";
import type { Model } from "../compiler/check/model.ts";
import { BilevelError, type Span } from "../grammar/diagnostics.ts";
import { cellText, scanCsv } from "../runtime/data/csv-scan.ts";
import { readFromDisk } from "../runtime/data/files.ts";

/** Column names by axis, for axes that are the last one of a csv field. A file that cannot be read names nothing. */
export async function columnNames(
  model: Model,
  files: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, readonly string[]>();
  for (const { source, tables, file } of model.data) {
    const table = tables[0];
    if (source.kind !== "file" || source.format !== "csv" || table === undefined) continue;
    for (const [field, columns] of source.columns) {
      const type = table.type.fields.get(field);
      const axis = type?.kind === "array" && type.shape.length === 2 ? type.shape[1]?.key : undefined;
      if (axis === undefined || names.has(axis)) continue;
      const taken = [...source.columns.values()].flatMap((each) => (each === "rest" ? [] : each));
      const path = files.get(table.name) ?? join(dirname(file), source.path);
      names.set(
        axis,
        columns === "rest"
          ? (await headerOf(path, table.name, source.pathSpan)).filter((name) => !taken.includes(name))
          : columns,
      );
    }
  }
  return names;
}

async function headerOf(path: string, table: string, span: Span): Promise<readonly string[]> {
  let header: readonly string[] = [];
  try {
    await scanCsv({ table, path, span, read: readFromDisk }, (record) => {
      header = Array.from({ length: record.cells }, (_, cell) => cellText(record, cell));
      return false;
    });
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
  }
  return header;
}
