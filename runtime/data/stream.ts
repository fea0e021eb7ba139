/**
 * Rows that the embedding program feeds, a batch at a time: only the present one is in memory. All batches have as many rows as the
 * first, since the tensor program is compiled for them.
 */
import type { DataDeclaration, DataRequirement } from "../../compiler/check/model.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import type { Present } from "../types.ts";
import { fail, streamNotFed, tableEmpty } from "./errors.ts";
import { type TableGiven, tableFrom } from "./given.ts";
import { checkRequirements } from "./requirements.ts";
import { settleShapes, shapeClaims } from "./shapes.ts";
import type { Sizes } from "./sizes.ts";
import type { Table } from "./table.ts";

/** A generator is told by its `yield` where the run stands: what an environment acts on. */
export type Batches = AsyncIterable<TableGiven, void, Present> | Iterable<TableGiven, void, Present>;

/** The next batch, of the first one's shapes and checked like it; `undefined` when there is none. */
export type NextBatch = (now: Present) => Promise<Table | undefined>;

export interface Feed {
  readonly first: Table;
  readonly next: NextBatch;
}

/** Reads the first batch. Throws a BilevelError where there is none. */
export async function openStream(
  declaration: DataDeclaration,
  given: ReadonlyMap<string, Batches> | undefined,
  sizes: Sizes,
  requirements: readonly DataRequirement[],
): Promise<Feed> {
  const { name, type, span } = declaration.tables[0] as DataDeclaration["tables"][number];
  const batches = given?.get(name) ?? fail(streamNotFed(name, span));
  const iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  const table = (rows: TableGiven): Table => tableFrom(name, type, rows, origin, span);
  const begin = await iterator.next();
  if (begin.done === true)
    return fail(tableEmpty({ table: name, path: origin, span, read: () => (async function* () {})() }, "rows"));
  const own = requirements.filter((requirement) => "table" in requirement && requirement.table === name);
  return {
    first: table(begin.value),
    next: async (now) => {
      const { done, value } = await iterator.next(now);
      if (done === true) return undefined;
      const batch = table(value as TableGiven);
      const problems: Diagnostic[] = [];
      settleShapes([...shapeClaims(name, type, batch, origin, span)], sizes, problems);
      problems.push(...(await checkRequirements(own, new Map([[name, batch]]), sizes)));
      if (problems.length > 0) throw new BilevelError(problems);
      return batch;
    },
  };
}

const origin = "the stream";
