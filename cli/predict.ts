/** `bilevel predict`: a function that was solved for, at the rows of a csv file, from the result of a run alone. */
import { readFileSync } from "node:fs";
import { machine } from "#machine";
import { arrayType } from "../compiler/check/types.ts";
import { namedSize } from "../compiler/ir/size.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { readCsv } from "../runtime/data/csv.ts";
import type { FieldColumns } from "../runtime/data/fields.ts";
import { isColumn, rowLength, type Table } from "../runtime/data/table.ts";
import { resultUnusable, sourceUnreadable } from "../runtime/errors.ts";
import { predictor, type Solved } from "../runtime/predict.ts";
import type { FunctionInput, NestedArray } from "../runtime/types.ts";
import { flatten } from "../runtime/values.ts";
import { columnsByOrder } from "./errors.ts";
import type { ExitStatus, Output } from "./output.ts";
import { writeWhole } from "./write-file.ts";

export interface PredictFlags {
  readonly data: string;
  /** Which of the result's functions; all of them by default. */
  readonly functions: readonly string[];
  readonly out?: string;
}

/** As csv with a column a value, or one JSON document with a list a function. */
export async function predict(file: string, flags: PredictFlags, output: Output): Promise<ExitStatus> {
  const result = readResult(file);
  const known = Object.keys(result.functions ?? {});
  const names = flags.functions.length > 0 ? flags.functions : known;
  if (names.length === 0)
    throw new BilevelError([
      resultUnusable(`${file} holds no function`, "the program has to solve for a network or a function"),
    ]);
  const predicted: [name: string, values: readonly NestedArray[]][] = [];
  for (const name of names) {
    const evaluate = await predictor(result, name);
    const inputs = result.functions?.[name]?.inputs;
    if (inputs === undefined) output.diagnose([columnsByOrder(name, flags.data)]);
    const points = await readPoints(flags.data, inputs);
    predicted.push([name, evaluate(points) as readonly NestedArray[]]);
  }
  const text = output.json ? `${JSON.stringify(Object.fromEntries(predicted))}\n` : asCsv(predicted);
  if (flags.out === undefined) output.print(text);
  else writeWhole(flags.out, text);
  return 0;
}

/** `-` is standard input. */
function readResult(file: string): Solved {
  const unreadable = (why: string): BilevelError =>
    new BilevelError([sourceUnreadable(file, why, "give what bilevel run --json printed")]);
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch {
    throw unreadable("the file cannot be read");
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw unreadable("the file holds no JSON");
  }
  const isResult = typeof document === "object" && document !== null && "upper" in document && "lower" in document;
  if (!isResult) throw unreadable("the file holds no result of a run");
  return document as Solved;
}

/**
 * The rows of the file as a function's points: the columns that it was fitted on, centred and scaled as they were; where these are
 * not known, all columns in order.
 */
async function readPoints(
  path: string,
  inputs: readonly FunctionInput[] = [],
): Promise<readonly (readonly number[])[]> {
  const columns: FieldColumns =
    inputs.length === 0
      ? new Map([["points", "rest"]])
      : new Map(inputs.map((input, k) => [`argument ${k + 1}`, input.columns]));
  const names = [...columns.keys()];
  const type = {
    kind: "table" as const,
    rows: namedSize("rows"),
    endless: false,
    fields: new Map(names.map((name) => [name, arrayType("real", [namedSize("rows"), namedSize(name)])])),
  };
  const source = { table: "--data", path, span: { file: path, start: 0, end: 0 }, read: machine.read };
  const table = await readCsv(source, type, columns, () => []);
  const parts = names.map((name, k) => rowsOf(table, name, inputs[k]));
  return Array.from({ length: table.rows }, (_, row) => parts.flatMap((part) => part(row)));
}

function rowsOf(table: Table, name: string, input: FunctionInput | undefined): (row: number) => readonly number[] {
  const field = table.fields.get(name);
  if (field === undefined || !isColumn(field)) throw new Error(`no column ${name}`);
  const width = rowLength(field);
  const { mean, deviation } = input ?? {};
  return (row) =>
    [...field.values.subarray(row * width, (row + 1) * width)].map(
      (value, k) => (value - (mean?.[k] ?? 0)) / (deviation?.[k] || 1),
    );
}

/** `h`, or `h[0]`, `h[1]` for a function of several values. */
function asCsv(predicted: readonly (readonly [name: string, values: readonly NestedArray[]])[]): string {
  const header = predicted.flatMap(([name, [first]]) =>
    typeof first === "number" ? [name] : flatten(first ?? []).map((_, k) => `${name}[${k}]`),
  );
  const rows = (predicted[0]?.[1] ?? []).map((_, i) => predicted.flatMap(([, values]) => flatten(values[i] ?? [])));
  return [header, ...rows].map((cells) => `${cells.join(",")}\n`).join("");
}
