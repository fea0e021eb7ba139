/** How the values of a result are shown: with the declared type and the names of their entries. */
import type { Model } from "../compiler/check/model.ts";
import { showType, type ValueType } from "../compiler/check/types.ts";
import type { NestedArray, Value } from "../runtime/types.ts";
import type { Shown } from "./show.ts";

export type ColumnNames = ReadonlyMap<string, readonly string[]>;

export function shownUnknowns(
  model: Model,
  values: Readonly<Record<string, Value>>,
  columns: ColumnNames,
): readonly Shown[] {
  return Object.entries(values).flatMap(([name, value]): readonly Shown[] =>
    typeof value === "number" || Array.isArray(value)
      ? [shown(name, value, typeOfUnknown(model, name), columns)]
      : Object.entries(value).map(([tensor, own]) => ({ name: `${name}.${tensor}`, value: own })),
  );
}

export function shownReports(
  model: Model,
  values: Readonly<Record<string, NestedArray>>,
  columns: ColumnNames,
): readonly Shown[] {
  return model.reports.flatMap(({ name, value: { type } }) => {
    const value = values[name];
    return value === undefined ? [] : [shown(name, value, type, columns)];
  });
}

function shown(name: string, value: NestedArray, type: ValueType | undefined, columns: ColumnNames): Shown {
  const axis = type?.kind === "array" && type.shape.length === 1 ? type.shape[0]?.key : undefined;
  return { name, type: type && showType(type), value, labels: axis === undefined ? undefined : columns.get(axis) };
}

/** The type of all of an unknown: an indexed one is shown by its value's shape alone. */
function typeOfUnknown(model: Model, name: string): ValueType | undefined {
  const declaration = model.unknowns.find((unknown) => unknown.name === name);
  return declaration?.index === undefined ? declaration?.type : undefined;
}
