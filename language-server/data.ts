/** What the data says of a program that is being written, through the runtime's readers. */
import { machine } from "#machine";
import type { DataDeclaration, Model } from "../compiler/check/model.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { ReadChunks } from "../runtime/data/files.ts";
import { columnsOf } from "../runtime/data/header.ts";
import { loadData } from "../runtime/data/load.ts";
import { checkReadable, readableFolders } from "../runtime/data/sources.ts";
import type { DataFacts } from "./host.ts";

/**
 * Sizes and mistakes, from the tables that come from files and what is made of them; nothing is generated. `folders` may be read in,
 * beside the program's own.
 */
export async function readFacts(model: Model, folders: readonly string[], read?: ReadChunks): Promise<DataFacts> {
  const data = fromFiles(model.data);
  try {
    checkReadable(data, undefined, readableFolders(model.file, folders));
    const { sizes, warnings } = await loadData({ ...model, data }, { read });
    return { sizes, diagnostics: warnings };
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    return { sizes: new Map(), diagnostics: error.diagnostics };
  }
}

function fromFiles(declarations: readonly DataDeclaration[]): readonly DataDeclaration[] {
  const names = new Set<string>();
  let kept: readonly DataDeclaration[] = [];
  for (let before = -1; before < kept.length; ) {
    before = kept.length;
    kept = declarations.filter(
      ({ source }) => source.kind === "file" || ("table" in source && names.has(source.table)),
    );
    for (const { tables } of kept) for (const { name } of tables) names.add(name);
  }
  return kept;
}

/** Of a file of named columns; none where it has none. */
export async function readColumns(path: string, format: string, read = machine.read): Promise<readonly string[]> {
  if (format !== "csv" && format !== "parquet") return [];
  return columnsOf({ table: "", path, span: { file: path, start: 0, end: 0 }, read }, format);
}
