/** What the program needs of the values that were read, beyond their shapes. */
import { indexOutOfRange } from "../../compiler/check/errors.ts";
import type { DataRequirement } from "../../compiler/check/model.ts";
import { namesIn, type Size } from "../../compiler/ir/size.ts";
import type { DataPlace, Diagnostic } from "../../grammar/diagnostics.ts";
import { labelNotPlusMinusOne, labelOutOfRange, sizesDisagree } from "./errors.ts";
import type { Sizes } from "./sizes.ts";
import { type Column, isColumn, rowLength, type Table } from "./table.ts";

/** The diagnostics of the requirements that do not hold; those about what could not be read are passed over. */
export async function checkRequirements(
  requirements: readonly DataRequirement[],
  tables: ReadonlyMap<string, Table>,
  sizes: Sizes,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const requirement of requirements) {
    const diagnostic = await check(requirement, tables, sizes);
    if (diagnostic !== undefined) found.push(diagnostic);
  }
  return found;
}

async function check(
  requirement: DataRequirement,
  tables: ReadonlyMap<string, Table>,
  sizes: Sizes,
): Promise<Diagnostic | undefined> {
  const { span } = requirement;
  switch (requirement.kind) {
    case "equal-sizes": {
      const [left, right] = [sizes.value(requirement.left), sizes.value(requirement.right)];
      if (left === undefined || right === undefined || left === right) return undefined;
      return sizesDisagree(valued(requirement.left, left), valued(requirement.right, right), requirement.because, span);
    }
    case "index-within": {
      const [index, below, entries] = [requirement.index, requirement.below, requirement.entries].map(sizes.value);
      if (index === undefined || below === undefined || (index >= 0 && index < below)) return undefined;
      const shown = requirement.text === String(index) ? requirement.text : `${requirement.text} (${index})`;
      return indexOutOfRange(span, shown, valued(requirement.entries, entries ?? below));
    }
    case "labels-below": {
      const classes = sizes.value(requirement.classes);
      if (classes === undefined) return undefined;
      const bad = await firstBad(
        requirement,
        tables,
        (label) => label >= 0 && label < classes && Number.isInteger(label),
      );
      return (
        bad && labelOutOfRange({ ...bad, span }, bad.value, requirement.what, valued(requirement.classes, classes))
      );
    }
    case "plus-minus-one": {
      const bad = await firstBad(requirement, tables, (label) => label === 1 || label === -1);
      if (bad === undefined) return undefined;
      const zeroOne = bad.column.values.every((label) => label === 0 || label === 1);
      return labelNotPlusMinusOne({ ...bad, span }, bad.value, zeroOne, requirement.field);
    }
  }
}

/** `d (10)`, or the number alone. */
function valued(size: Size, value: number): string {
  return namesIn(size).size === 0 ? String(value) : `${size.key} (${value})`;
}

interface BadLabel {
  readonly what: string;
  readonly value: number;
  readonly column: Column;
  readonly place?: DataPlace;
}

/** The first value of the column that does not pass, in file order of its table's rows. */
async function firstBad(
  { table: name, field }: { readonly table: string; readonly field: string },
  tables: ReadonlyMap<string, Table>,
  passes: (value: number) => boolean,
): Promise<BadLabel | undefined> {
  for (const [path, table, column] of columnsNamed(name, tables.get(name), field)) {
    const at = column.values.findIndex((value) => !passes(value));
    if (at < 0) continue;
    const length = rowLength(column);
    const row = Math.floor(at / length);
    const place = await table.origin?.locate(field, row, at % length);
    return { what: `${path}.${field}[${row}]`, value: column.values[at] ?? NaN, column, place };
  }
  return undefined;
}

/** The column of the table, or those of the tables in its rows (`train` and `valid` of a fold). */
function* columnsNamed(
  path: string,
  table: Table | undefined,
  field: string,
): Generator<readonly [path: string, table: Table, column: Column]> {
  const own = table?.fields.get(field);
  if (table !== undefined && own !== undefined && isColumn(own)) yield [path, table, own];
  for (const [name, inner] of table?.fields ?? []) {
    if (isColumn(inner)) continue;
    for (const [i, each] of inner.entries()) yield* columnsNamed(`${path}[${i}].${name}`, each, field);
  }
}
