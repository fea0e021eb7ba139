/** Where the arguments of functions come from, so that a solved function can be evaluated on another file with the same columns. */
import type { DataDeclaration, Model, ModelLevel, TableRef, Term } from "../compiler/check/model.ts";
import { termsIn } from "../compiler/check/terms.ts";
import { fieldColumns } from "./data/header.ts";
import type { LoadOptions } from "./data/sources.ts";
import { isStandardized, momentsOf } from "./data/standardize.ts";
import { isColumn, type Table } from "./data/table.ts";
import type { FunctionInput } from "./types.ts";

type Apply = Extract<Term, { kind: "apply" }>;
type Field = { readonly table: string; readonly field: string };

/** By the unknown's name: the fields that its clause, or else the rest of the program, evaluates it at, as csv columns. */
export async function functionInputs(
  model: Model,
  tables: ReadonlyMap<string, Table>,
  options: LoadOptions,
): Promise<ReadonlyMap<string, readonly FunctionInput[]>> {
  const found = new Map<string, readonly FunctionInput[]>();
  const terms = rootsOf(model).flatMap((root) => [...termsIn([root])]);
  const tableOf = new Map<number, TableRef>();
  for (const term of terms)
    if (term.kind === "reduce")
      for (const { id, range } of term.binders) if (range.kind === "table") tableOf.set(id, range.table);
  const fieldOf = (term: Term): Field | undefined => {
    const table =
      term.kind === "column" ? term.table : term.kind === "row-field" ? tableOf.get(term.binder) : undefined;
    if (table?.kind !== "data" || !(term.kind === "column" || term.kind === "row-field")) return undefined;
    return { table: table.name, field: term.field };
  };
  for (const term of terms) {
    if (term.kind !== "apply") continue;
    const name = unknownOf(term);
    const fields = term.arguments.map(fieldOf);
    if (name === undefined || found.has(name)) continue;
    const inputs = await Promise.all(fields.map((field) => field && inputOf(model.data, tables, options, field)));
    if (inputs.every((input) => input !== undefined)) found.set(name, inputs);
  }
  return found;
}

/** Those of the lower level first: they are what its functions are fitted on. */
function rootsOf({ upper, level, reports }: Model): readonly Term[] {
  const inLevel = (own: ModelLevel | undefined): readonly Term[] =>
    own === undefined
      ? []
      : [
          ...own.clauses.flatMap((clause) =>
            clause.kind === "optimize" ? [clause.objective] : [clause.left, clause.right],
          ),
          ...inLevel(own.deeper),
        ];
  return [...inLevel(level), ...(upper === undefined ? [] : [upper.objective]), ...reports.map(({ value }) => value)];
}

function unknownOf({ map, weights, frozen, index }: Apply): string | undefined {
  if (frozen || index !== undefined) return undefined;
  if (weights === undefined) return map;
  return weights.kind === "variable" && weights.index === undefined ? weights.name : undefined;
}

/** Through splits, and through one standardisation. */
async function inputOf(
  data: readonly DataDeclaration[],
  tables: ReadonlyMap<string, Table>,
  options: LoadOptions,
  { table, field }: Field,
): Promise<FunctionInput | undefined> {
  const declaration = data.find((own) => own.tables.some(({ name }) => name === table));
  if (declaration === undefined) return undefined;
  const { source } = declaration;
  if (source.kind === "split") return inputOf(data, tables, options, { table: source.table, field });
  if (source.kind === "standardize") {
    const below = await inputOf(data, tables, options, { table: source.table, field });
    const [own, like] = [tables.get(source.table), tables.get(source.like)].map((each) => each?.fields.get(field));
    if (below === undefined || own === undefined || like === undefined || !isColumn(own) || !isColumn(like))
      return undefined;
    if (!isStandardized(field, own, source.fields)) return below;
    const { mean, deviation } = momentsOf(like);
    return below.mean === undefined ? { ...below, mean: [...mean], deviation: [...deviation] } : undefined;
  }
  const columns = await fieldColumns(declaration, field, options);
  return columns && { columns };
}
