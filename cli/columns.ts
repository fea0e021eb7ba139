/** What the entries along a named axis are called: the csv columns that were read into it. */
import type { Model } from "../compiler/check/model.ts";
import { fieldColumns } from "../runtime/data/header.ts";
import type { LoadOptions } from "../runtime/data/sources.ts";

/** Column names by axis, for axes that are the last one of a csv field. A file that cannot be read names nothing. */
export async function columnNames(model: Model, given: LoadOptions): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, readonly string[]>();
  for (const declaration of model.data) {
    if (declaration.source.kind !== "file") continue;
    for (const field of declaration.source.columns.keys()) {
      const type = declaration.tables[0]?.type.fields.get(field);
      const axis = type?.kind === "array" && type.shape.length === 2 ? type.shape[1]?.key : undefined;
      if (axis === undefined || names.has(axis)) continue;
      const columns = await fieldColumns(declaration, field, given);
      if (columns !== undefined) names.set(axis, columns);
    }
  }
  return names;
}
