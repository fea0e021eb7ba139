/** The names that are seen at a place, found from tokens, so that they are there before the statement parses. */
import type { IToken } from "chevrotain";
import type { DeclaredName, Denotation } from "../compiler/check/context.ts";
import type { TableType } from "../compiler/check/types.ts";
import { keywordTokens, NameToken, Reducer } from "../grammar/tokens.ts";
import { enclosures } from "./cursor.ts";
import { typeText } from "./describe.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Visible {
  readonly name: string;
  readonly sort: DeclaredName["sort"];
  /** Its type, as a hover shows it. */
  readonly type: string;
  readonly doc?: string;
  /** What stands behind `name.`, of a table or a row. */
  readonly table?: TableType;
  readonly denotation?: Denotation;
}

/** The innermost declaration of each name. */
export function visibleAt(snapshot: Snapshot, before: readonly IToken[]): ReadonlyMap<string, Visible> {
  const visible = new Map(globals(snapshot).map((name) => [name.name, visibleName(name)] as const));
  for (const local of argumentsOf(before)) visible.set(local, { name: local, sort: "argument", type: "argument" });
  for (const index of clauseIndex(visible, before)) visible.set(index.name, index);
  const binders = enclosures(before)
    .toReversed()
    .flatMap(({ at, opener }) => [
      ...(opener.image === "(" ? bindersBefore(before, at) : []),
      // A later binder may name an earlier row.
      ...(opener.image === "[" && isReducer(before[at - 1]) ? split(before.slice(at + 1)).slice(0, -1) : []),
    ]);
  for (const tokens of [...statementBinders(before), ...binders]) {
    const isNamed = tokens[1]?.tokenType === keywordTokens.in;
    const table = tableAt(visible, isNamed ? tokens.slice(2) : tokens);
    const name = tokens[0]?.image.normalize("NFC");
    if (isNamed && name !== undefined)
      visible.set(name, { name, sort: "binder", type: table === undefined ? "int" : "row", ...(table && { table }) });
    else if (table !== undefined) for (const field of fieldsOf(table)) visible.set(field.name, field);
  }
  return visible;
}

/** The names that are seen everywhere in the program. */
export function globals({ compiled }: Snapshot): readonly DeclaredName[] {
  return [...new Set(compiled.names.values())].filter(({ sort }) => !["field", "binder", "argument"].includes(sort));
}

function visibleName(name: DeclaredName): Visible {
  const { denotation, doc } = name;
  return {
    name: name.name,
    sort: name.sort,
    type: typeText(name),
    ...(doc !== undefined && { doc }),
    ...(denotation !== undefined && { denotation }),
    ...((denotation?.kind === "table" || denotation?.kind === "row") && { table: denotation.type }),
  };
}

export function fieldsOf(table: TableType): readonly Visible[] {
  return [...table.fields].map(([name, field]) => ({
    name,
    sort: "field",
    type: typeText(field),
    ...(field.kind === "table" && { table: field.table }),
  }));
}

/** The table that `train` or `fold.valid` is; a row is taken for its table. */
export function tableAt(visible: ReadonlyMap<string, Visible>, path: readonly IToken[]): TableType | undefined {
  const [first, ...rest] = path.filter(({ image }) => image !== ".");
  let table = first && visible.get(first.image.normalize("NFC"))?.table;
  for (const { image } of rest) {
    const field = table?.fields.get(image.normalize("NFC"));
    table = field?.kind === "table" ? field.table : undefined;
  }
  return table;
}

const isReducer = (token: IToken | undefined): boolean => token?.tokenType.CATEGORIES?.includes(Reducer) ?? false;

/** `E[r in train, valid](`: what stands between the square brackets, one list of tokens a binder. */
function bindersBefore(tokens: readonly IToken[], at: number): readonly (readonly IToken[])[] {
  if (tokens[at - 1]?.image !== "]") return [];
  const inner = enclosures(tokens.slice(0, at - 1))[0];
  if (inner?.opener.image !== "[" || !isReducer(tokens[inner.at - 1])) return [];
  return split(tokens.slice(inner.at + 1, at - 1));
}

/** At the commas that stand in no bracket. */
function split(tokens: readonly IToken[]): readonly (readonly IToken[])[] {
  const parts: IToken[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if ("([{".includes(token.image)) depth += 1;
    if (")]}".includes(token.image)) depth -= 1;
    if (token.image === "," && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** `where v[task] minimizes ...`: a row or number of what v is declared over. */
function clauseIndex(visible: ReadonlyMap<string, Visible>, before: readonly IToken[]): readonly Visible[] {
  const [keyword, unknown, bracket, index] = before;
  const isIndexed = bracket?.image === "[" && index?.tokenType === NameToken;
  if (!isIndexed || !["where", "and"].includes(keyword?.image ?? "")) return [];
  const denotation = visible.get(unknown?.image.normalize("NFC") ?? "")?.denotation;
  const range = denotation?.kind === "indexed" || denotation?.kind === "map" ? denotation.range : undefined;
  const name = index.image.normalize("NFC");
  if (range?.kind !== "table") return [{ name, sort: "binder", type: "int" }];
  return [{ name, sort: "binder", type: "row", table: range.type }];
}

/** Of `var v[task in tasks]: ...`. */
function statementBinders(before: readonly IToken[]): readonly (readonly IToken[])[] {
  const [keyword, , bracket, ...rest] = before;
  if (bracket?.image !== "[" || !["var", "function"].includes(keyword?.image ?? "")) return [];
  const end = rest.findIndex(({ image }) => image === "]");
  return end < 0 ? [] : [rest.slice(0, end)];
}

/** Of `let f(a, b) = ...`. */
function argumentsOf(before: readonly IToken[]): readonly string[] {
  if (before[0]?.tokenType !== keywordTokens.let || before[2]?.image !== "(") return [];
  const end = before.findIndex(({ image }) => image === ")");
  return before.slice(3, Math.max(end, 3)).flatMap(({ tokenType, image }) => (tokenType === NameToken ? [image] : []));
}
