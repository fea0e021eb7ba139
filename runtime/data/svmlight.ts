/**
 * Sparse rows, one a line: a label, then `index:value` pairs; `qid:` pairs and what follows a # are skipped. Indices begin at 1, or at 0
 * where an index 0 is met. The one matrix field takes the features, the one vector field the labels; both are dense from here on.
 */
import { type ArrayType, showType, type TableType } from "../../compiler/check/types.ts";
import { growingArray, growTo, largestArray, shrinkTo } from "../growing.ts";
import { dataTooLarge, fail, fileMalformed, shapeMismatch, tableEmpty } from "./errors.ts";
import { chunksOf, type DataFile } from "./files.ts";
import type { Sizes } from "./sizes.ts";
import type { Table } from "./table.ts";
import { acceptsOf, rejected } from "./values.ts";

/** The non-zero entries, row by row. */
interface SparseRows {
  readonly labels: Float64Array<ArrayBuffer>;
  /** Where each row's entries begin, and one more. */
  readonly starts: number[];
  readonly indices: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
}

export async function readSvmlight(file: DataFile, type: TableType, sizes: Sizes): Promise<Table> {
  const { features, labels } = fieldsOf(file, type);
  const acceptsLabel = acceptsOf(labels.type.element);
  const sparse: SparseRows = {
    labels: growingArray(0),
    starts: [0],
    indices: growingArray(0),
    values: growingArray(0),
  };
  let [rows, entries, lowest, highest] = [0, 0, Number.POSITIVE_INFINITY, -1];
  for await (const { text, line } of linesOf(file)) {
    const malformed = (why: string): never => fail(fileMalformed(file, why, { file: file.path, line }));
    const [label = "", ...pairs] = text.replace(/#.*/, "").trim().split(/\s+/);
    if (label === "") continue;
    const value = Number(label);
    if (!acceptsLabel(value)) {
      const what = `${file.table}.${labels.name}`;
      fail(rejected(labels.type.element, { file, place: { file: file.path, line, column: 1 }, what, text: label }));
    }
    growTo(sparse.labels, rows + 1);
    sparse.labels[rows] = value;
    growTo(sparse.indices, entries + pairs.length);
    growTo(sparse.values, entries + pairs.length);
    for (const pair of pairs) {
      if (pair.startsWith("qid:")) continue;
      const [index, entry] = pair.split(":").map(Number);
      if (
        index === undefined ||
        entry === undefined ||
        !Number.isInteger(index) ||
        index < 0 ||
        !Number.isFinite(entry)
      )
        malformed(`"${pair}" is no pair index:value`);
      sparse.indices[entries] = index as number;
      sparse.values[entries] = entry as number;
      entries += 1;
      lowest = Math.min(lowest, index as number);
      highest = Math.max(highest, index as number);
    }
    rows += 1;
    sparse.starts.push(entries);
  }
  if (rows === 0) fail(tableEmpty(file, "rows"));
  const base = lowest === 0 ? 0 : 1;
  const width = widthOf(file, features, sizes, highest + 1 - base);
  if (rows * width > largestArray) fail(dataTooLarge(file, `${features.name} would be real[${rows}, ${width}]`));
  shrinkTo(sparse.labels, rows);
  return {
    rows,
    fields: new Map([
      [
        features.name,
        { element: features.type.element, shape: [rows, width], values: dense(sparse, rows, width, base) },
      ],
      [labels.name, { element: labels.type.element, shape: [rows], values: sparse.labels }],
    ]),
    origin: { file: file.path, locate: async (_, row) => ({ file: file.path, line: row + 1 }) },
  };
}

interface Field {
  readonly name: string;
  readonly type: ArrayType;
}

function fieldsOf(file: DataFile, type: TableType): { readonly features: Field; readonly labels: Field } {
  const fields = [...type.fields].flatMap(([name, own]): readonly Field[] =>
    own.kind === "table" ? [] : [{ name, type: own }],
  );
  const [features] = fields.filter((field) => field.type.shape.length === 2);
  const [labels] = fields.filter((field) => field.type.shape.length === 1);
  if (type.fields.size !== 2 || features === undefined || labels === undefined)
    return fail(
      fileMalformed(file, "it holds a matrix of features and a vector of labels, and the table has other fields"),
    );
  return { features, labels };
}

/** A size that is known already wins: a file need not mention its last features. */
function widthOf(file: DataFile, { name, type }: Field, sizes: Sizes, found: number): number {
  const known = type.shape[1] && sizes.value(type.shape[1]);
  if (known === undefined) return found;
  if (found > known) fail(shapeMismatch(file, name, showType(type), `${file.path} has features up to number ${found}`));
  return known;
}

function dense({ starts, indices, values }: SparseRows, rows: number, width: number, base: number): Float64Array {
  const filled = growingArray(rows * width);
  for (let row = 0; row < rows; row += 1) {
    for (let k = starts[row] ?? 0; k < (starts[row + 1] ?? 0); k += 1)
      filled[row * width + (indices[k] ?? 0) - base] = values[k] ?? 0;
  }
  return filled;
}

async function* linesOf(file: DataFile): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  const decoder = new TextDecoder();
  let [rest, line] = ["", 0];
  for await (const chunk of chunksOf(file)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      line += 1;
      yield { text, line };
    }
  }
  if (rest !== "") yield { text: rest, line: line + 1 };
}
