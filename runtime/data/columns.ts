/** What the columns of a field are called, where it is read from a csv file. */
import { dirname, isAbsolute, join } from "node:path";
import type { DataDeclaration } from "../../compiler/check/model.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { cellText, scanCsv } from "./csv-scan.ts";
import { type DataFile, readFromDisk } from "./files.ts";
import type { LoadOptions } from "./sources.ts";

/** Absent for other sources; a file that cannot be read names nothing. */
export async function fieldColumns(
  { source, tables: [table], file }: DataDeclaration,
  field: string,
  { files, read = readFromDisk }: Pick<LoadOptions, "files" | "read">,
): Promise<readonly string[] | undefined> {
  if (source.kind !== "file" || source.format !== "csv" || table === undefined) return undefined;
  const named = source.columns.get(field);
  if (named !== "rest") return named;
  const taken = [...source.columns.values()].flatMap((each) => (each === "rest" ? [] : each));
  const own = isAbsolute(source.path) ? source.path : join(dirname(file), source.path);
  const path = files?.get(table.name) ?? own;
  const header = await headerOf({ table: table.name, path, span: source.pathSpan, read });
  return header.filter((name) => !taken.includes(name));
}

async function headerOf(file: DataFile): Promise<readonly string[]> {
  let header: readonly string[] = [];
  try {
    await scanCsv(file, (record) => {
      header = Array.from({ length: record.cells }, (_, cell) => cellText(record, cell));
      return false;
    });
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
  }
  return header;
}
