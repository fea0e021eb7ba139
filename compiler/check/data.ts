/** Data declarations: where a table comes from, and the types of those made from other tables. */
import type { Declaration, Expression, TypeSyntax } from "../../grammar/syntax.ts";
import { constantSize, namedSize } from "../ir/size.ts";
import { matchArguments } from "./calls.ts";
import { type Denotation, fail, noteUse, poison, report, type Scope, written } from "./context.ts";
import { readTableType, withRows } from "./declared-types.ts";
import { elaborate, value } from "./elaborate.ts";
import { badSource, plural, unknownField } from "./errors.ts";
import type { DataDeclaration, DataSource, FileFormat } from "./model.ts";
import { nearest } from "./nearest.ts";
import { asSize, constantOf, settled } from "./sizes.ts";
import { arrayType, type TableType } from "./types.ts";

type DataSyntax = Extract<Declaration, { kind: "data" }>;
type CallExpression = Extract<Expression, { kind: "call" }>;
type TableDenotation = Extract<Denotation, { kind: "table" }>;

interface Source {
  readonly text: string;
  readonly doc: string;
  /** The tables' types, in the order of the declared names, and where they come from. */
  readonly read: (
    scope: Scope,
    declaration: DataSyntax,
    e: CallExpression,
    argument: (name: string) => readonly Expression[],
  ) => {
    readonly types: readonly TableType[];
    readonly source: DataSource;
  };
}

/** Formats of named columns, whose source says which columns each field takes. */
const columned: ReadonlySet<FileFormat> = new Set(["csv", "parquet"]);

/** Every source by name; the generators of arrays are sources too. */
export const sources: Readonly<Record<string, Source>> = {
  csv: file(
    "csv",
    'a comma-separated file with a header row: field: "column" or ["c1", "c2"]; one field may take all the other columns',
  ),
  parquet: file("parquet", "an Apache Parquet file, its columns named as for csv"),
  npy: file("npy", "one NumPy array"),
  npz: file("npz", "named NumPy arrays"),
  safetensors: file("safetensors", "named arrays, as networks' weights are stored"),
  json: file("json", "an object of nested arrays"),
  svmlight: file("svmlight", "sparse rows: a label and index:value pairs"),
  stream: {
    text: "stream()",
    doc: "rows that the embedding program feeds",
    read: (scope, declaration, e) => ({ types: [declaredType(scope, declaration, e)], source: { kind: "stream" } }),
  },
  normal: generator("normal"),
  uniform: generator("uniform"),
  linspace: generator("linspace"),
  zeros: generator("zeros"),
  ones: generator("ones"),
  eye: generator("eye"),
  split: {
    text: "split(D, ...fractions, seed: none)",
    doc: "the rows of a table in several parts, in file order without a seed",
    read: (scope, declaration, e, argument) => {
      const table = tableArgument(scope, argument("D")[0] as Expression);
      const parts = argument("fractions");
      const fractions = parts.map((part) => {
        const fraction = constantArgument(scope, part);
        if (!(fraction > 0 && fraction <= 1))
          fail(scope, badSource(part.span, `${written(part)} is not a fraction between 0 and 1`));
        return fraction;
      });
      const names = declaration.names.map((name) => name.text);
      if (fractions.length !== names.length) {
        fail(
          scope,
          badSource(
            e.span,
            `split gives ${plural(fractions.length, "table")}, and ${plural(names.length, "name")} ${names.length === 1 ? "is" : "are"} declared`,
            `write one fraction for each of ${names.join(", ")}`,
          ),
        );
      }
      const total = fractions.reduce((a, b) => a + b, 0);
      if (total > 1 + 1e-9)
        fail(scope, badSource(e.span, `the fractions add up to ${Number(total.toPrecision(6))}, more than 1`));
      return {
        types: names.map((name) => withRows(table.type, namedSize(`rows(${name})`))),
        source: { kind: "split", table: declaredName(scope, table, e), fractions, ...seedOf(scope, argument) },
      };
    },
  },
  folds: {
    text: "folds(D, k: 5, seed: none)",
    doc: "k rows, each with the tables train and valid: cross-validation",
    read: (scope, declaration, e, argument) => {
      const table = tableArgument(scope, argument("D")[0] as Expression);
      const k = argument("k")[0];
      if (k === undefined)
        return fail(scope, badSource(e.span, "folds needs its number of folds", "write folds(D, k: 5)"));
      const size = asSize(scope, value(scope, k), k);
      const folds = constantSize(settled(scope.context, size));
      if (folds !== undefined && folds < 2)
        fail(scope, badSource(k.span, `there must be at least 2 folds, and k is ${folds}`));
      const name = declaration.names[0]?.text ?? "folds";
      const parent = declaredName(scope, table, e);
      scope.context.foldsOf.set(name, parent);
      const part = (field: string) => ({
        kind: "table" as const,
        table: withRows(table.type, namedSize(`rows(${name}.${field})`)),
      });
      const fields = new Map([
        ["train", part("train")],
        ["valid", part("valid")],
      ]);
      return {
        types: [{ rows: size, endless: false, fields }],
        source: { kind: "folds", table: parent, k: size, ...seedOf(scope, argument) },
      };
    },
  },
  standardize: {
    text: "standardize(D, like: D, fields: matrices)",
    doc: "fields scaled by the mean and deviation of another table's",
    read: (scope, _, e, argument) => {
      const table = tableArgument(scope, argument("D")[0] as Expression);
      const like = argument("like")[0];
      const reference = like === undefined ? table : tableArgument(scope, like);
      const matrices = [...table.type.fields].flatMap(([name, field]) =>
        field.kind === "array" && field.element === "real" && field.shape.length === 2 ? [name] : [],
      );
      const given = argument("fields")[0];
      const fields = given === undefined ? matrices : fieldNames(scope, table, given);
      if (fields.length === 0)
        fail(
          scope,
          badSource(
            e.span,
            `${table.name} has no matrix field to scale`,
            "name the fields: standardize(D, fields: [y])",
          ),
        );
      const missing = fields.find((name) => !reference.type.fields.has(name));
      if (missing !== undefined)
        fail(scope, unknownField((like ?? e).span, reference.name, missing, [...reference.type.fields.keys()]));
      return {
        types: [table.type],
        source: {
          kind: "standardize",
          table: declaredName(scope, table, e),
          like: declaredName(scope, reference, e),
          fields,
        },
      };
    },
  },
};

/** The model's declaration, and what each declared name stands for. Throws poison where the source makes no sense. */
export function readData(
  scope: Scope,
  declaration: DataSyntax,
): { data: DataDeclaration; tables: ReadonlyMap<string, Denotation> } {
  const { source: e, names, span } = declaration;
  const callee = e.kind === "call" && e.callee.kind === "name" ? e.callee.name : e.kind === "name" ? e.name : undefined;
  const source = callee !== undefined && Object.hasOwn(sources, callee) ? sources[callee] : undefined;
  if (callee === undefined || source === undefined) {
    const close = callee === undefined ? undefined : nearest(callee, Object.keys(sources));
    const place = e.kind === "call" ? e.callee.span : e.span;
    return fail(
      scope,
      badSource(
        place,
        `${written(e)} is not a source of data`,
        close === undefined ? `the sources are ${Object.keys(sources).join(", ")}` : `did you mean ${close}?`,
        close,
      ),
    );
  }
  if (e.kind !== "call") return fail(scope, badSource(e.span, `${callee} needs its arguments`, `write ${source.text}`));
  const first = names[0];
  if (names.length > 1 && callee !== "split")
    return fail(
      scope,
      badSource(
        e.span,
        `${callee} gives one table, and ${names.length} are declared`,
        "only split gives several tables",
      ),
    );
  const fields = declaration.type?.kind === "table" ? declaration.type.fields.map((f) => f.name.text) : [];
  const named = source.text.includes("fields...")
    ? `${callee}(path${fields.map((f) => `, ${f}: column`).join("")})`
    : source.text;
  const matched = matchArguments(scope, callee, e.span, named, e.arguments);
  const { types, source: read } = source.read(scope, declaration, e, (name) => matched.get(name) ?? []);
  const tables = new Map<string, Denotation>();
  names.forEach((name, i) => {
    const type = types[i];
    if (type === undefined) return;
    tables.set(name.text, { kind: "table", ref: { kind: "data", name: name.text }, type, name: name.text });
  });
  const declared = names.flatMap(({ text, span: place }, i) => {
    const type = types[i];
    return type === undefined
      ? []
      : [{ name: text, span: place, type, ...(declaration.doc !== undefined && { doc: declaration.doc }) }];
  });
  return { data: { tables: declared, source: read, file: (first?.span ?? span).file, span }, tables };
}

function declaredType(scope: Scope, declaration: DataSyntax, e: Expression): TableType {
  const name = declaration.names[0]?.text ?? "the table";
  if (declaration.type === undefined) {
    return fail(
      scope,
      badSource(
        e.span,
        `${name} needs the types of its fields`,
        `write data ${name}: { X: real[n, d], y: real[n] } = ${written(e)}`,
      ),
    );
  }
  return readTableType(scope, name, declaration.type);
}

function file(format: FileFormat, doc: string): Source {
  return {
    text: columned.has(format) ? `${format}(path, fields...)` : `${format}(path)`,
    doc,
    read: (scope, declaration, e, argument) => {
      const path = argument("path")[0] as Expression;
      if (path.kind !== "string")
        return fail(
          scope,
          badSource(
            path.span,
            `${written(path)} is not a file path`,
            `write the path in quotes: ${format}("train.${format}")`,
          ),
        );
      const type = declaredType(scope, declaration, e);
      const names = [...type.fields.keys()];
      for (const { name } of e.arguments.named) noteUse(scope, name.span, type.declared?.get(name.text));
      if (type.endless)
        fail(
          scope,
          badSource(e.span, "a file has a last row, and the table is declared endless", "name its rows: real[n, ...]"),
        );
      if (format === "npy" && names.length > 1)
        fail(
          scope,
          badSource(
            e.span,
            "an npy file holds one array, and several fields are declared",
            "use npz for several arrays",
          ),
        );
      const columns = columned.has(format)
        ? readColumns(scope, declaration.type, type, e, argument)
        : new Map<string, readonly string[] | "rest">();
      return { types: [type], source: { kind: "file", format, path: path.value, pathSpan: path.span, columns } };
    },
  };
}

/** Which columns each field takes; the one field that names none takes the rest. */
function readColumns(
  scope: Scope,
  syntax: TypeSyntax | undefined,
  type: TableType,
  e: CallExpression,
  argument: (name: string) => readonly Expression[],
): ReadonlyMap<string, readonly string[] | "rest"> {
  const columns = new Map<string, readonly string[] | "rest">();
  const unnamed: string[] = [];
  for (const [name, field] of type.fields) {
    const shape = field.kind === "array" ? field.shape : [];
    const span =
      (syntax?.kind === "table" ? syntax.fields.find((f) => f.name.text === name)?.span : undefined) ?? e.span;
    if (shape.length > 2)
      report(
        scope,
        badSource(
          span,
          `the field ${name} has ${shape.length} axes, and a table of columns gives vectors and matrices`,
          "store it as npy, npz or json",
        ),
      );
    const given = argument(name)[0];
    if (given === undefined) {
      unnamed.push(name);
      columns.set(name, "rest");
      continue;
    }
    const items = given.kind === "list" ? given.items : [given];
    const named = items.map((item) => {
      if (item.kind === "string") return item.value;
      return fail(
        scope,
        badSource(
          item.span,
          `${written(item)} is not a column name`,
          `write column names in quotes: ${name}: "${written(item)}"`,
        ),
      );
    });
    const wanted = shape.length === 2 ? constantSize(settled(scope.context, shape[1] ?? namedSize("d"))) : 1;
    if (wanted !== undefined && wanted !== named.length) {
      const is = shape.length === 2 ? `has ${plural(wanted, "column")}` : "is one column";
      fail(
        scope,
        badSource(
          given.span,
          `${name} ${is}, and ${plural(named.length, "name")} ${named.length === 1 ? "is" : "are"} given`,
          shape.length === 1 && named.length > 1 ? `declare it as ${name}: real[n, ${named.length}]` : undefined,
        ),
      );
    }
    columns.set(name, named);
  }
  if (unnamed.length > 1) {
    fail(
      scope,
      badSource(
        e.span,
        `the columns of ${unnamed.join(" and ")} are not named, and one field at most takes all the other columns`,
        `name them: ${unnamed
          .slice(1)
          .map((name) => `${name}: "${name}"`)
          .join(", ")}`,
      ),
    );
  }
  return columns;
}

function generator(name: string): Source {
  const parameters: Readonly<Record<string, string>> = {
    normal: "seed: 0",
    uniform: "low: 0, high: 1, seed: 0",
    linspace: "from, to",
  };
  return {
    text: `${name}(${parameters[name] ?? ""})`,
    doc: "generated, of the declared shapes; each field is drawn independently",
    read: (scope, declaration, e) => {
      const type = declaredType(scope, declaration, e);
      const made = value(
        { ...scope, shape: arrayType("real", name === "eye" ? [namedSize("n"), namedSize("n")] : []) },
        e,
      );
      if (made.kind !== "generate") throw poison;
      return { types: [type], source: { kind: "generated", generator: made.generator } };
    },
  };
}

function tableArgument(scope: Scope, e: Expression): TableDenotation {
  const denotation = elaborate(scope, e);
  if (denotation.kind === "table") return denotation;
  if (denotation.kind === "poison") throw poison;
  return fail(scope, badSource(e.span, `${written(e)} is not a table`));
}

function declaredName(scope: Scope, table: TableDenotation, e: Expression): string {
  if (table.type.endless)
    fail(
      scope,
      badSource(e.span, `${table.name} is endless, and only a table with a last row is split, folded or scaled`),
    );
  return table.ref.kind === "data"
    ? table.ref.name
    : fail(scope, badSource(e.span, `${table.name} is not a declared table`));
}

function fieldNames(scope: Scope, table: TableDenotation, e: Expression): readonly string[] {
  const items = e.kind === "list" ? e.items : [e];
  const known = [...table.type.fields.keys()];
  return items.map((item) => {
    const name = item.kind === "name" ? item.name : item.kind === "string" ? item.value : written(item);
    noteUse(scope, item.span, table.type.declared?.get(name));
    if (!known.includes(name)) fail(scope, unknownField(item.span, table.name, name, known, nearest(name, known)));
    return name;
  });
}

function constantArgument(scope: Scope, e: Expression): number {
  const number = constantOf(scope.context, value(scope, e));
  return number ?? fail(scope, badSource(e.span, `${written(e)} is not a constant number`));
}

function seedOf(scope: Scope, argument: (name: string) => readonly Expression[]): { readonly seed?: number } {
  const e = argument("seed")[0];
  return e === undefined ? {} : { seed: constantArgument(scope, e) };
}
