/** All data of a program, from its sources to tables in memory, with every named size bound and every demand checked. */
import type { DataDeclaration, Model } from "../../compiler/check/model.ts";
import { nearest } from "../../compiler/check/nearest.ts";
import type { TableType } from "../../compiler/check/types.ts";
import { namedSize, type Size } from "../../compiler/ir/size.ts";
import { BilevelError, type Diagnostic, type Span } from "../../grammar/diagnostics.ts";
import { dataTooLarge, sizeUnbound, unknownTable } from "./errors.ts";
import { checkRequirements } from "./requirements.ts";
import { type ShapeClaim, settleShapes, shapeClaims } from "./shapes.ts";
import { createSizes, type Sizes } from "./sizes.ts";
import { type LoadOptions, loaderOf } from "./sources.ts";
import type { NextBatch } from "./stream.ts";
import { isColumn, type Table } from "./table.ts";

export interface LoadedData {
  readonly tables: ReadonlyMap<string, Table>;
  /** Every named size that the data or a `dim` settles, and the rows of tables whose type names them. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly warnings: readonly Diagnostic[];
  /** Of the tables that are streams, whose rows here are the first batch. */
  readonly feeds: ReadonlyMap<string, NextBatch>;
}

/** Throws a BilevelError with everything that is wrong: at most one diagnostic a table, one an axis name, one a demand. */
export async function loadData(
  model: Pick<Model, "data" | "dims" | "requirements">,
  options: LoadOptions = {},
): Promise<LoadedData> {
  const tables = new Map<string, Table>();
  const problems: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const sizes = createSizes(
    model.dims,
    options.dims ?? new Map(),
    (table, field) => classesOf(tables.get(table), field),
    (problem) => problems.push(problem),
  );
  const feeds = new Map<string, NextBatch>();
  const load = loaderOf({ options, tables, sizes, requirements: model.requirements, warnings, feeds });
  problems.push(...unknownFiles(model.data, options.files ?? new Map()));

  // A table waits until the tables and sizes it is made from are there; what never becomes ready lacks one of them.
  let waiting: readonly DataDeclaration[] = model.data;
  const shapes: ShapeClaim[] = [];
  for (let before = Infinity; waiting.length < before; ) {
    before = waiting.length;
    const still: DataDeclaration[] = [];
    for (const declaration of waiting) {
      const outcome = await attempt(declaration, () => load(declaration));
      if (outcome === "not-ready") still.push(declaration);
      else if (outcome instanceof BilevelError) problems.push(...outcome.diagnostics);
      else {
        declaration.tables.forEach((declared, i) => {
          const table = outcome[i];
          if (table === undefined) return;
          tables.set(declared.name, table);
          shapes.push(...shapeClaims(declared.name, declared.type, table, readFrom(declaration, table), declared.span));
        });
        settleShapes(shapes, sizes, problems);
      }
    }
    waiting = still;
  }

  for (const dim of model.dims) sizes.value(namedSize(dim.name));
  if (problems.length === 0) problems.push(...unsettled(model, waiting, shapes, sizes));
  problems.push(...(await checkRequirements(model.requirements, tables, sizes)));
  if (problems.length > 0) throw new BilevelError(problems);
  return { tables, sizes: sizes.bound, warnings, feeds };
}

/** The result, what is wrong, or that something it needs is still missing. */
async function attempt<T>(declaration: DataDeclaration, load: () => Promise<T>): Promise<T | BilevelError> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof BilevelError) return error;
    // Array lengths beyond what the host can allocate.
    if (error instanceof RangeError) {
      const table = declaration.tables[0]?.name ?? "";
      return new BilevelError([dataTooLarge({ table, span: declaration.span }, "its arrays cannot be allocated")]);
    }
    throw error;
  }
}

function unknownFiles(data: readonly DataDeclaration[], files: ReadonlyMap<string, string>): readonly Diagnostic[] {
  const known = data.flatMap((each) => (each.source.kind === "file" ? each.tables.map((table) => table.name) : []));
  return [...files.keys()]
    .filter((name) => !known.includes(name))
    .map((name) => unknownTable(name, nearest(name, known), known));
}

/** One more than the largest label. */
function classesOf(table: Table | undefined, field: string): number | undefined {
  const column = table?.fields.get(field);
  if (column === undefined || !isColumn(column)) return undefined;
  return column.values.reduce((largest, label) => Math.max(largest, label), -1) + 1;
}

function readFrom(declaration: DataDeclaration, table: Table): string {
  const { source } = declaration;
  if (source.kind === "file") return table.origin?.file ?? source.path;
  return source.kind === "generated" ? source.generator.kind : source.kind;
}

/** Names that nothing settles: of tables that wait for them, of shapes, of dims. */
function unsettled(
  model: Pick<Model, "dims">,
  waiting: readonly DataDeclaration[],
  shapes: readonly ShapeClaim[],
  sizes: Sizes,
): readonly Diagnostic[] {
  // What a stream brings later may settle the rest.
  if (waiting.some(({ source }) => source.kind === "stream")) return [];
  const found = new Map<string, Diagnostic>();
  const need = (size: Size, user: string, span: Span) => {
    if (sizes.value(size) === undefined && !found.has(size.key)) found.set(size.key, sizeUnbound(size.key, user, span));
  };
  for (const { tables, source, span } of waiting) {
    if (source.kind === "folds") need(source.k, tables[0]?.name ?? "folds", span);
    for (const { name, type } of tables) if (source.kind === "generated") needFields(name, type, span, need);
  }
  for (const claim of shapes) need(claim.size, claim.what, claim.span);
  for (const dim of model.dims) if (dim.kind === "defined") need(dim.value, dim.name, dim.span);
  return [...found.values()];
}

function needFields(
  name: string,
  type: TableType,
  span: Span,
  need: (size: Size, user: string, span: Span) => void,
): void {
  for (const [field, fieldType] of type.fields) {
    if (fieldType.kind === "array") for (const size of fieldType.shape) need(size, `${name}.${field}`, span);
  }
}
