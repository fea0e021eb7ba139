/** How each kind of source becomes tables. */
import { machine } from "#machine";
import { pathOutside } from "../../compiler/check/errors.ts";
import type { DataDeclaration, DataRequirement, DataSource } from "../../compiler/check/model.ts";
import type { ArrayType, TableType } from "../../compiler/check/types.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { largestArray } from "../growing.ts";
import { readCsv } from "./csv.ts";
import { dataTooLarge, fail, sizeUnbound } from "./errors.ts";
import type { DataFile, ReadChunks } from "./files.ts";
import { foldTable } from "./folds.ts";
import { generate, generatorOfField } from "./generators.ts";
import { readJson } from "./json.ts";
import { readNpy } from "./npy.ts";
import { readNpz } from "./npz.ts";
import { readParquet } from "./parquet.ts";
import { readSafetensors } from "./safetensors.ts";
import type { Sizes } from "./sizes.ts";
import { splitTable } from "./split.ts";
import { standardizeTable } from "./standardize.ts";
import { type Batches, type NextBatch, openStream } from "./stream.ts";
import { readSvmlight } from "./svmlight.ts";
import type { Column, Table } from "./table.ts";

export interface LoadOptions {
  /** `--data name=path`, relative to the working directory. */
  readonly files?: ReadonlyMap<string, string>;
  /** `--set name=value` for sizes. */
  readonly dims?: ReadonlyMap<string, number>;
  /** Rows of the one sample that stands for an endless table. */
  readonly draws?: number;
  readonly read?: ReadChunks;
  /** What feeds the tables declared as `stream()`; those that come later are left out. */
  readonly streams?: ReadonlyMap<string, Batches> | "later";
}

/** Of the file behind a declaration, if there is one; `given` replaces the declared one by the table's name. */
export function pathOf(
  { source, tables: [table], file }: DataDeclaration,
  given: LoadOptions["files"],
): string | undefined {
  if (source.kind !== "file" || table === undefined) return undefined;
  return given?.get(table.name) ?? machine.resolve(source.path, file);
}

/** Folders that a program may read in: its own, and those that are allowed beside it. */
export const readableFolders = (file: string, allowed: readonly string[] = []): readonly string[] => [
  machine.resolve(".", file),
  ...allowed,
];

/** Throws a BilevelError where the program's own paths lead out of the folders; files that are `given` are the user's choice. */
export function checkReadable(
  declarations: readonly DataDeclaration[],
  given: LoadOptions["files"],
  folders: readonly string[],
): void {
  const outside = declarations.flatMap(({ source, tables: [table], file }) => {
    if (source.kind !== "file" || table === undefined || given?.has(table.name)) return [];
    return machine.within(machine.resolve(source.path, file), folders)
      ? []
      : [pathOutside(source.pathSpan, source.path)];
  });
  if (outside.length > 0) throw new BilevelError(outside);
}

type Source<K extends DataSource["kind"]> = Extract<DataSource, { readonly kind: K }>;

export interface LoadContext {
  readonly options: LoadOptions;
  readonly tables: ReadonlyMap<string, Table>;
  readonly sizes: Sizes;
  readonly requirements: readonly DataRequirement[];
  readonly warnings: Diagnostic[];
  /** The streams that were opened. */
  readonly feeds: Map<string, NextBatch>;
}

/** The tables of a declaration in order; "not-ready" while one it is made from, or a size, is missing. */
export type Loaded = readonly Table[] | "not-ready";
type Loader<K extends DataSource["kind"]> = (source: Source<K>, declaration: DataDeclaration) => Promise<Loaded>;

export function loaderOf(context: LoadContext): (declaration: DataDeclaration) => Promise<Loaded> {
  const { options, tables, sizes, requirements, warnings, feeds } = context;

  const loaders: { readonly [K in DataSource["kind"]]: Loader<K> } = {
    file: async (source, declaration) => {
      const [path, declared] = [pathOf(declaration, options.files), declaration.tables[0]];
      if (declared === undefined || path === undefined) return [];
      const file = { table: declared.name, path, span: source.pathSpan, read: options.read ?? machine.read };
      return [await readFile(file, declared.type, source, sizes)];
    },

    generated: async ({ generator }, { tables: [declared] }) => {
      if (declared === undefined) return [];
      const { type, name, span } = declared;
      const draws = options.draws ?? 1024;
      if (type.endless && sizes.value(type.rows) === undefined)
        sizes.agree(type.rows, draws, { message: `draws: ${draws}`, span });
      const rows = sizes.value(type.rows);
      const fields = new Map<string, Column>();
      for (const [field, fieldType] of type.fields) {
        if (fieldType.kind === "table") continue;
        const shape = shapeOf(fieldType, sizes);
        if (shape === undefined) return "not-ready";
        if (shape.reduce((product, size) => product * size, 1) > largestArray) {
          fail(dataTooLarge({ table: name, span }, `${field} would be real[${shape.join(", ")}]`));
        }
        const values = generate(generatorOfField(generator, fields.size), shape);
        fields.set(field, { element: fieldType.element, shape, values });
      }
      return rows === undefined ? "not-ready" : [{ rows, fields }];
    },

    split: async (source, declaration) => {
      const table = tables.get(source.table);
      if (table === undefined) return "not-ready";
      const parts = declaration.tables.map(({ name }, i) => ({ name, fraction: source.fractions[i] ?? 0 }));
      return splitTable(table, parts, source.seed, declaration.span);
    },

    folds: async (source, declaration) => {
      const table = tables.get(source.table);
      const k = sizes.value(source.k);
      if (table === undefined || k === undefined) return "not-ready";
      return [foldTable(table, source.table, k, source.seed, declaration.span)];
    },

    standardize: async (source, declaration) => {
      const table = tables.get(source.table);
      const like = tables.get(source.like);
      if (table === undefined || like === undefined) return "not-ready";
      const scaled = standardizeTable(table, { name: source.like, table: like }, source.fields, declaration.span);
      warnings.push(...scaled.warnings);
      return [scaled.table];
    },

    stream: async (_, declaration) => {
      if (options.streams === "later") return "not-ready";
      const { first, next } = await openStream(declaration, options.streams, sizes, requirements);
      for (const { name } of declaration.tables) feeds.set(name, next);
      return [first];
    },
  };

  return (declaration) => {
    const loader = loaders[declaration.source.kind] as Loader<DataSource["kind"]>;
    return loader(declaration.source as never, declaration);
  };
}

function readFile(file: DataFile, type: TableType, source: Source<"file">, sizes: Sizes): Promise<Table> | never {
  switch (source.format) {
    case "csv":
      return readCsv(file, type, source.columns, (field) => trailingSizes(file, type, field, sizes));
    case "npy":
      return readNpy(file, type);
    case "npz":
      return readNpz(file, type);
    case "json":
      return readJson(file, type);
    case "parquet":
      return readParquet(file, type, source.columns, (field) => trailingSizes(file, type, field, sizes));
    case "safetensors":
      return readSafetensors(file, type);
    case "svmlight":
      return readSvmlight(file, type, sizes);
  }
}

/** The sizes after the rows, which columns side by side do not tell. */
function trailingSizes(file: DataFile, type: TableType, field: string, sizes: Sizes): readonly number[] {
  const fieldType = type.fields.get(field);
  if (fieldType === undefined || fieldType.kind === "table") return [];
  return fieldType.shape
    .slice(1)
    .map((size) => sizes.value(size) ?? fail(sizeUnbound(size.key, `${file.table}.${field}`, file.span)));
}

function shapeOf(type: ArrayType, sizes: Sizes): readonly number[] | undefined {
  const shape = type.shape.map((size) => sizes.value(size)).filter((size) => size !== undefined);
  return shape.length === type.shape.length ? shape : undefined;
}
