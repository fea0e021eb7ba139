/** Which csv columns a field of a table was read from. */
import { machine } from "#machine";
import type { DataDeclaration } from "../../compiler/check/model.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { cellText, scanCsv } from "./csv-scan.ts";
import type { DataFile } from "./files.ts";
import { parquetColumns } from "./parquet.ts";
import { type LoadOptions, pathOf } from "./sources.ts";

/** In order; `undefined` for what no csv file holds. A file that cannot be read has no columns. */
export async function fieldColumns(
  declaration: DataDeclaration,
  field: string,
  { files, read = machine.read }: LoadOptions,
): Promise<readonly string[] | undefined> {
  const {
    source,
    tables: [table],
  } = declaration;
  const path = pathOf(declaration, files);
  if (source.kind !== "file" || source.format !== "csv" || table === undefined || path === undefined) return undefined;
  const named = source.columns.get(field);
  if (named !== "rest") return named;
  const taken = [...source.columns.values()].flatMap((each) => (each === "rest" ? [] : each));
  const header = await columnsOf({ table: table.name, path, span: source.pathSpan, read }, "csv");
  return header.filter((name) => !taken.includes(name));
}

/** The columns of a file of a format that names them. A file that cannot be read has none. */
export async function columnsOf(file: DataFile, format: "csv" | "parquet"): Promise<readonly string[]> {
  let header: readonly string[] = [];
  try {
    if (format === "parquet") return await parquetColumns(file);
    await scanCsv(file, (record) => {
      header = Array.from({ length: record.cells }, (_, cell) => cellText(record, cell));
      return false;
    });
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
  }
  return header;
}
