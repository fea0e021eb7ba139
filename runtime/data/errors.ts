/** Every diagnostic of reading data. */
import { BilevelError, type DataPlace, type Diagnostic, type Note, type Span } from "../../grammar/diagnostics.ts";
import type { DataFile } from "./files.ts";

export const dataCodes = [
  "array-missing",
  "array-ragged",
  "cell-empty",
  "cell-invalid",
  "cell-not-finite",
  "column-constant",
  "column-duplicate",
  "column-missing",
  "column-unnamed",
  "csv-quotes",
  "data-too-large",
  "data-unknown-table",
  "dtype-unsupported",
  "field-shape",
  "file-malformed",
  "file-missing",
  "file-unreadable",
  "folds-invalid",
  "label-invalid",
  "label-not-plus-minus-one",
  "label-out-of-range",
  "row-empty",
  "row-ragged",
  "rows-disagree",
  "size-invalid",
  "size-mismatch",
  "size-unbound",
  "sizes-disagree",
  "split-invalid",
  "stream-not-fed",
  "table-empty",
] as const;

export function fail(diagnostic: Diagnostic): never {
  throw new BilevelError([diagnostic]);
}

/** One value in a data file: `what` names it in the model's words, `text` is what stands there. */
export interface BadValue {
  readonly file: DataFile;
  readonly place: DataPlace;
  /** `train.y (column "target")`, `tasks.ys[3][2]`. */
  readonly what: string;
  readonly text: string;
}

function inFile(
  code: (typeof dataCodes)[number],
  file: DataFile,
  message: string,
  rest: Pick<Diagnostic, "place" | "suggestion" | "notes"> = {},
): Diagnostic {
  return { code, severity: "error", message, span: file.span, place: { file: file.path }, ...rest };
}

// ------------------------------------------------------------------------------------------------------- files

export function fileMissing(file: DataFile): Diagnostic {
  return inFile("file-missing", file, `there is no file ${file.path}, which ${file.table} reads`, {
    suggestion: `paths are relative to the source file; --data ${file.table}=PATH reads another file`,
  });
}

export function fileUnreadable(file: DataFile, reason: string): Diagnostic {
  return inFile("file-unreadable", file, `${file.path} cannot be read: ${reason}`);
}

export function fileMalformed(file: DataFile, reason: string, place: DataPlace = { file: file.path }): Diagnostic {
  return inFile("file-malformed", file, `${file.path} is not well formed: ${reason}`, { place });
}

export function dataTooLarge(source: Pick<DataFile, "table" | "span">, amount: string): Diagnostic {
  return {
    code: "data-too-large",
    severity: "error",
    message: `${source.table} does not fit in memory: ${amount}`,
    span: source.span,
    suggestion: "use fewer rows or columns",
  };
}

export function streamNotFed(table: string, span: Span): Diagnostic {
  return {
    code: "stream-not-fed",
    severity: "refusal",
    message: `the rows of ${table} are fed by a program, and nothing feeds them here`,
    span,
    suggestion: `compile(source, { streams: new Map([["${table}", batches]]) }) in a program; or read a file`,
  };
}

export function unknownTable(table: string, nearest: string | undefined, tables: readonly string[]): Diagnostic {
  return {
    code: "data-unknown-table",
    severity: "error",
    message: `--data ${table}=...: no table ${table} is read from a file`,
    suggestion:
      nearest !== undefined ? `did you mean ${nearest}?` : `tables read from files: ${tables.join(", ") || "none"}`,
  };
}

// --------------------------------------------------------------------------------------------------------- csv

export function columnMissing(
  file: DataFile,
  field: string,
  column: string,
  columns: readonly string[],
  nearest: string | undefined,
): Diagnostic {
  const only = columns.length === 1 ? (columns[0] ?? "") : "";
  const separator = [";", "\t"].find((mark) => only.includes(mark));
  const semicolons =
    separator && `cells are separated by commas; this file seems to use ${separator === ";" ? "semicolons" : "tabs"}`;
  return inFile(
    "column-missing",
    file,
    `${file.table}.${field} reads column ${quoted(column)}, which ${file.path} does not have`,
    {
      place: { file: file.path, line: 1, column: 1 },
      notes: [{ message: `its columns are ${listed(columns.map(quoted))}` }],
      suggestion: semicolons ?? (nearest === undefined ? undefined : `did you mean ${quoted(nearest)}?`),
    },
  );
}

export function columnDuplicate(file: DataFile, column: string, first: DataPlace, place: DataPlace): Diagnostic {
  return inFile("column-duplicate", file, `${file.path} has two columns named ${quoted(column)}`, {
    place,
    notes: [{ message: `the first is at ${first.line}:${first.column}` }],
    suggestion: "rename one of them in the header row",
  });
}

export function columnUnnamed(file: DataFile, position: number, place: DataPlace): Diagnostic {
  return inFile("column-unnamed", file, `column ${position} of ${file.path} has no name in the header row`, {
    place,
    suggestion: "name it; where it holds row numbers saved along with the data, leave it out",
  });
}

export function csvQuotes(file: DataFile, place: DataPlace): Diagnostic {
  return inFile(
    "csv-quotes",
    file,
    `the quoted cell that starts here in ${file.path} does not end with a quote before a comma or a line end`,
    {
      place,
      suggestion: 'a quote inside a quoted cell is written twice: "he said ""no"""',
    },
  );
}

export function rowEmpty(file: DataFile, line: number): Diagnostic {
  return inFile("row-empty", file, `line ${line} of ${file.path} is empty`, {
    place: { file: file.path, line, column: 1 },
    suggestion: "remove the line",
  });
}

export function rowRagged(file: DataFile, place: DataPlace, line: number, cells: number, columns: number): Diagnostic {
  const message = `line ${line} of ${file.path} has ${count(cells, "cell")}, the header row has ${columns}`;
  return inFile("row-ragged", file, message, { place });
}

export function tableEmpty(file: DataFile, missing: "header" | "rows"): Diagnostic {
  const message =
    missing === "header"
      ? `${file.path} is empty: a header row is expected`
      : `${file.path} has no rows for ${file.table}`;
  return inFile("table-empty", file, message);
}

// ------------------------------------------------------------------------------------------------------ values

export function cellEmpty(bad: BadValue): Diagnostic {
  return inFile("cell-empty", bad.file, `${bad.what} is empty here`, {
    place: bad.place,
    suggestion: "there are no missing values: remove the row or fill it in",
  });
}

export function cellInvalid(bad: BadValue, expected: string): Diagnostic {
  const decimalComma = /^[+-]?\d+,\d+$/.test(bad.text);
  return inFile("cell-invalid", bad.file, `${bad.what} is ${quoted(bad.text)} here, and must be ${expected}`, {
    place: bad.place,
    suggestion: decimalComma ? "write a decimal point instead of a comma" : undefined,
  });
}

export function cellNotFinite(bad: BadValue): Diagnostic {
  return inFile("cell-not-finite", bad.file, `${bad.what} is ${quoted(bad.text)} here, and must be a finite number`, {
    place: bad.place,
    suggestion: "there are no missing values: remove the row or fill it in",
  });
}

export function labelInvalid(bad: BadValue): Diagnostic {
  return inFile(
    "label-invalid",
    bad.file,
    `${bad.what} is ${quoted(bad.text)} here, and labels are whole numbers from 0`,
    {
      place: bad.place,
      suggestion: "number the classes 0, 1, 2, ...",
    },
  );
}

/** `label` at `table.field[row]` indexes something of `classes` classes. */
export function labelOutOfRange(
  at: { readonly what: string; readonly place?: DataPlace; readonly span: Span },
  label: number,
  noun: "labels" | "indices",
  classes: string,
): Diagnostic {
  return {
    code: "label-out-of-range",
    severity: "error",
    message: `${at.what} is ${label}, and here ${noun} must be below ${classes}`,
    span: at.span,
    place: at.place,
  };
}

export function labelNotPlusMinusOne(
  at: { readonly what: string; readonly place?: DataPlace; readonly span: Span },
  label: number,
  zeroOne: boolean,
  field: string,
): Diagnostic {
  return {
    code: "label-not-plus-minus-one",
    severity: "error",
    message: `${at.what} is ${label}, and real labels of this loss must be -1 or 1`,
    span: at.span,
    place: at.place,
    suggestion: zeroOne
      ? `the labels are 0 and 1: declare ${field} as class instead of real, or write 2 * ${field} - 1`
      : `for labels 0 and 1 declare ${field} as class instead of real`,
  };
}

// ------------------------------------------------------------------------------------------------------ arrays

export function arrayMissing(
  file: DataFile,
  field: string,
  names: readonly string[],
  nearest: string | undefined,
): Diagnostic {
  return inFile("array-missing", file, `${file.path} holds no array ${quoted(field)}, which ${file.table} declares`, {
    notes: [{ message: `it holds ${listed(names.map(quoted))}` }],
    suggestion: nearest === undefined ? undefined : `did you mean ${quoted(nearest)}?`,
  });
}

export function arrayRagged(
  file: DataFile,
  path: string,
  got: number | undefined,
  other: string,
  expected: number,
): Diagnostic {
  const found = got === undefined ? "is not a list" : `has ${count(got, "entry", "entries")}`;
  return inFile("array-ragged", file, `${path} ${found}, ${other} has ${expected}`);
}

export function dtypeUnsupported(file: DataFile, dtype: string): Diagnostic {
  return inFile(
    "dtype-unsupported",
    file,
    `${file.path} holds values of type ${quoted(dtype)}, which are not numbers this reads`,
    {
      suggestion: "save it as float64, float32, an integer type or bool",
    },
  );
}

// ------------------------------------------------------------------------------------------------------ shapes

/**
 * An axis was read with another size than its declaration has, or than the name had before. `expected` is absent where
 * no whole number makes the declared size what was read.
 */
export function sizeMismatch(
  read: {
    readonly what: string;
    readonly declared: string;
    /** `train.csv gives real[442, 10]`. */
    readonly read: string;
    readonly span: Span;
    readonly place?: DataPlace;
  },
  { size, expected, because }: { readonly size: string; readonly expected?: number; readonly because?: Note },
): Diagnostic {
  const known = because === undefined ? undefined : `${size} is ${expected} by ${because.message}`;
  return {
    code: "size-mismatch",
    severity: "error",
    message: `${read.what} is declared ${read.declared}, and ${read.read}${known === undefined ? "" : `: ${known}`}`,
    span: read.span,
    place: read.place,
    notes: because?.span && known ? [{ message: known, span: because.span }] : undefined,
  };
}

export function shapeMismatch(file: DataFile, field: string, declared: string, read: string): Diagnostic {
  return inFile("field-shape", file, `${file.table}.${field} is declared ${declared}, and ${read}`);
}

export function rowsDisagree(file: DataFile, a: string, aRows: number, b: string, bRows: number): Diagnostic {
  return inFile(
    "rows-disagree",
    file,
    `the fields of ${file.table} have different rows in ${file.path}: ${a} has ${aRows}, ${b} has ${bRows}`,
  );
}

export function sizesDisagree(left: string, right: string, because: string, span: Span): Diagnostic {
  return { code: "sizes-disagree", severity: "error", message: `${left} and ${right} must be equal: ${because}`, span };
}

/** A `dim` that is not a size. */
export function sizeInvalid(name: string, value: number, why: string, span: Span): Diagnostic {
  return { code: "size-invalid", severity: "error", message: `${name} would be ${value}, and ${why}`, span };
}

export function sizeUnbound(size: string, user: string, span: Span): Diagnostic {
  return {
    code: "size-unbound",
    severity: "error",
    message: `nothing that is read says what ${size} is, which ${user} needs`,
    span,
    suggestion: `declare ${/[ *+]/.test(size) ? "a size in it" : "it"}, as in dim ${/^[^ *+]+/.exec(size)?.[0] ?? "n"} = 100`,
  };
}

// ----------------------------------------------------------------------------------------------- derived tables

export function splitInvalid(message: string, span: Span): Diagnostic {
  return { code: "split-invalid", severity: "error", message, span };
}

export function foldsInvalid(table: string, k: number, rows: number, span: Span): Diagnostic {
  return {
    code: "folds-invalid",
    severity: "error",
    message: `${k} folds of ${table}, which has ${count(rows, "row")}: the number of folds is at least 2 and at most the rows`,
    span,
  };
}

export function columnConstant(what: string, value: number, like: string, span: Span): Diagnostic {
  return {
    code: "column-constant",
    severity: "warning",
    message: `${what} is ${value} in every row of ${like}: it is centred and not scaled`,
    span,
  };
}

// --------------------------------------------------------------------------------------------------------- text

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** As JSON, so that whatever a file holds stays on one line and sends nothing to the terminal. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return "none";
  return names.length > 30 ? `${names.slice(0, 30).join(", ")} and ${names.length - 30} more` : names.join(", ");
}
