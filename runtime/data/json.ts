/** An object of nested arrays: {"xs": [[1, 2], [3, 4]], "ys": [0, 1]}. */
import { type ArrayType, showType, type TableType } from "../../compiler/check/types.ts";
import type { DataPlace } from "../../grammar/diagnostics.ts";
import { tableOf, wantedArrays } from "./arrays.ts";
import { arrayRagged, fail, fileMalformed, shapeMismatch } from "./errors.ts";
import { bytesOf, type DataFile } from "./files.ts";
import type { Column, Table } from "./table.ts";
import { acceptsOf, rejected } from "./values.ts";

/** A string holds no more than this many characters. */
const largestText = 2 ** 29 - 64;

export async function readJson(file: DataFile, type: TableType): Promise<Table> {
  const text = new TextDecoder().decode(await bytesOf(file, largestText));
  const value = parse(file, text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail(fileMalformed(file, 'an object of arrays is expected, as in {"x": [1, 2]}'));
  }
  const arrays = new Map<string, unknown>(Object.entries(value));
  const wanted = wantedArrays(file, type, [...arrays.keys()]);
  const columns = [...wanted].map(
    ([field, arrayType]) => [field, readColumn(file, field, arrayType, arrays.get(field))] as const,
  );
  return tableOf(file, new Map(columns));
}

function parse(file: DataFile, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /at position (\d+)/.exec(String(error))?.[1];
    if (position === undefined) return fail(fileMalformed(file, "the JSON text ends too early"));
    return fail(fileMalformed(file, "this is not JSON", placeOf(file, text, Number(position))));
  }
}

function placeOf(file: DataFile, text: string, position: number): DataPlace {
  const lines = text.slice(0, position).split("\n");
  return { file: file.path, line: lines.length, column: [...(lines.at(-1) ?? "")].length + 1 };
}

/** The sizes are those of the first entries; every other list must have them too. */
function readColumn(file: DataFile, field: string, type: ArrayType, value: unknown): Column {
  const name = `${file.table}.${field}`;
  const shape: number[] = [];
  let first = value;
  for (let axis = 0; axis < type.shape.length; axis++) {
    if (!Array.isArray(first)) {
      if (axis > 0 && shape[axis - 1] === 0) {
        shape.push(0);
        continue;
      }
      return fail(
        shapeMismatch(file, field, showType(type), `${name}${"[0]".repeat(axis)} in ${file.path} is not a list`),
      );
    }
    shape.push(first.length);
    first = first[0];
  }

  const values = new Float64Array(shape.reduce((product, size) => product * size, 1));
  const accepts = acceptsOf(type.element);
  const index = shape.map(() => 0);
  const pathTo = (axis: number) =>
    name +
    index
      .slice(0, axis)
      .map((i) => `[${i}]`)
      .join("");
  let next = 0;

  function fill(entry: unknown, axis: number): void {
    if (axis === shape.length) {
      values[next++] = leaf(entry);
      return;
    }
    const size = shape[axis] ?? 0;
    if (!Array.isArray(entry) || entry.length !== size) {
      const entries = Array.isArray(entry) ? entry.length : undefined;
      fail(arrayRagged(file, pathTo(axis), entries, `${name}${"[0]".repeat(axis)}`, size));
    }
    for (let i = 0; i < size; i++) {
      index[axis] = i;
      fill(entry[i], axis + 1);
    }
  }

  function leaf(entry: unknown): number {
    if (typeof entry === "number" && accepts(entry)) return entry;
    if (typeof entry === "boolean" && type.element === "bool") return Number(entry);
    const what = pathTo(shape.length);
    if (Array.isArray(entry))
      return fail(shapeMismatch(file, field, showType(type), `${what} in ${file.path} is a list`));
    return fail(rejected(type.element, { file, place: { file: file.path }, what, text: textOf(entry) }));
  }

  fill(value, 0);
  return { element: type.element, shape, values };
}

function textOf(entry: unknown): string {
  if (typeof entry === "object" && entry !== null) return "{...}";
  return String(entry);
}
