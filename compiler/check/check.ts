/**
 * The checker: names, levels, types and shapes. It elaborates the tree into a model in phases, so that declarations may come
 * in any order: symbols, sizes and tables, the types of unknowns, definitions, and then every expression.
 */
import type { Diagnostic, Span } from "../../grammar/diagnostics.ts";
import type { Declaration, Name, Program } from "../../grammar/syntax.ts";
import { namedSize, sizeOf } from "../ir/size.ts";
import { checkOption } from "../plan/options.ts";
import {
  attempt,
  type Context,
  type DeclaredName,
  type Denotation,
  type GlobalSymbol,
  report,
  type Scope,
} from "./context.ts";
import { readData } from "./data.ts";
import { sizeNames } from "./declared-types.ts";
import { elaborate, toValue, value } from "./elaborate.ts";
import { duplicateName, nameCycle, repeatedSection, unboundSize, wrongArguments } from "./errors.ts";
import { optionValue } from "./families.ts";
import { type Importer, withImports } from "./imports.ts";
import { checkLevels } from "./levels.ts";
import type { DataDeclaration, DimDeclaration, Model, OptionValue, Report } from "./model.ts";
import { inOrder } from "./order.ts";
import { type CheckedProblem, readProblem } from "./problem.ts";
import { asSize, settled } from "./sizes.ts";
import { skimDefinition } from "./skim.ts";
import { arrayType } from "./types.ts";
import { declare, readFunction, readNetwork, readParam, readVar } from "./unknowns.ts";

export interface CheckOptions {
  /** Reads imported files; without it, every import is an error. */
  readonly imports?: Importer;
  /** Values for dims that replace the declared ones. */
  readonly replaced?: ReadonlyMap<string, number>;
}

type Of<K extends Declaration["kind"]> = Extract<Declaration, { kind: K }>;
type Select = <K extends Declaration["kind"]>(...kinds: readonly K[]) => readonly Of<K>[];

/** The checked model, absent when there is an error; warnings ride along. */
export function check(
  program: Program,
  options: CheckOptions = {},
): {
  readonly model?: Model;
  readonly diagnostics: readonly Diagnostic[];
  /** What every name stands for, by its place. */
  readonly names: ReadonlyMap<Span, DeclaredName>;
} {
  const symbols = new Map<string, GlobalSymbol>();
  let binders = 0;
  const context: Context = {
    symbols,
    diagnostics: [],
    reported: new Set(),
    definitions: new Map(),
    classSizes: new Map(),
    binderTables: new Map(),
    binderCounts: new Map(),
    foldsOf: new Map(),
    requirements: new Map(),
    names: new Map(),
    visited: new Set(),
    nextBinder: () => binders++,
    expanded: 0,
    height: 0,
  };
  const scope: Scope = { context };
  const declarations = withImports(program, options.imports, (d) => report(scope, d));
  const select: Select = (...kinds) =>
    declarations.filter((d) => (kinds as readonly string[]).includes(d.kind)) as never;

  collectSymbols(scope, symbols, declarations);
  const { dims, data } = readSizesAndTables(scope, select, options.replaced ?? new Map());
  const unknowns = select("param", "var", "network", "function");
  for (const kind of ["param", "network", "function", "var"]) {
    for (const declaration of unknowns.filter((d) => d.kind === kind)) {
      give(
        scope,
        declaration.name,
        attempt(() => declare(scope, declaration), { kind: "poison" }),
      );
    }
  }
  readDefinitions(scope, select("let"));

  const denoted = (name: Name): Denotation => symbols.get(name.text)?.denotation ?? { kind: "poison" };
  const params = select("param").map((d) => readParam(scope, d, denoted(d.name)));
  const vars = select("var").map((d) => readVar(scope, d, denoted(d.name)));
  const networks = select("network").map((d) => readNetwork(scope, d, denoted(d.name)));
  const functions = select("function").map((d) => readFunction(scope, d, denoted(d.name)));
  const problem = onlyOne(scope, select("problem"), "problem");
  const checked: CheckedProblem = problem === undefined ? { optimised: new Map() } : readProblem(scope, problem);
  const reports = select("report").map((d) => readReport(scope, d));
  const solve = readSolve(scope, onlyOne(scope, select("solve"), "solve block"));

  const declared = {
    params: present(params),
    unknowns: present(vars),
    networks: present(networks),
    functions: present(functions),
    reports: present(reports),
  };
  for (const { value, parameters } of select("let")) skimDefinition(scope, value, parameters ?? []);
  if (!hasErrors(context) && problem !== undefined) checkLevels(scope, checked, declared);
  const diagnostics = [...context.diagnostics].sort(bySourceOrder);
  const { names } = context;
  if (hasErrors(context)) return { diagnostics, names };
  const { upper, level } = checked;
  const model: Model = {
    file: program.span.file,
    dims: [...dims, ...classDims(context)],
    data,
    ...declared,
    ...(upper && { upper }),
    ...(level && { level }),
    ...(problem && { problemSpan: problem.span }),
    solve,
    requirements: [...context.requirements.values()],
  };
  return { model, diagnostics, names };
}

const hasErrors = (context: Context): boolean => context.diagnostics.some((d) => d.severity !== "warning");

function present<T>(items: readonly (T | undefined)[]): readonly T[] {
  return items.filter((item) => item !== undefined);
}

const bySourceOrder = (a: Diagnostic, b: Diagnostic): number =>
  a.span?.file === b.span?.file ? (a.span?.start ?? 0) - (b.span?.start ?? 0) : 0;

function give(scope: Scope, name: Name, denotation: Denotation): void {
  const symbol = scope.context.symbols.get(name.text);
  // Of two declarations of one name, the first counts; the second has been reported.
  if (symbol !== undefined && symbol.span === name.span) symbol.denotation = denotation;
}

// ------------------------------------------------------------------------------------------------------- symbols

function namesOf(declaration: Declaration): readonly Name[] {
  switch (declaration.kind) {
    case "data":
      return declaration.names;
    case "problem":
    case "solve":
    case "import":
      return [];
    default:
      return [declaration.name];
  }
}

function collectSymbols(scope: Scope, symbols: Map<string, GlobalSymbol>, declarations: readonly Declaration[]): void {
  const add = (name: Name, sort: GlobalSymbol["sort"], doc: string | undefined): void => {
    const first = symbols.get(name.text);
    const symbol = { name: name.text, span: name.span, sort, ...(doc !== undefined && { doc }) };
    scope.context.names.set(name.span, symbol);
    if (first !== undefined) report(scope, duplicateName(name.span, name.text, first.span));
    else symbols.set(name.text, symbol);
  };
  for (const declaration of declarations) {
    const { kind } = declaration;
    if (kind === "problem" || kind === "solve" || kind === "import") continue;
    for (const name of namesOf(declaration)) add(name, kind, declaration.doc);
  }
  // A size first named in a data type is declared by it, unless a declaration anywhere has the name.
  for (const declaration of declarations) {
    if (declaration.kind !== "data" || declaration.type === undefined) continue;
    for (const { name, span } of sizeNames(declaration.type)) {
      if (symbols.has(name)) continue;
      const symbol = { name, span, sort: "size", denotation: sizeDenotation(name, span) } as const;
      scope.context.names.set(span, symbol);
      symbols.set(name, symbol);
    }
  }
  for (const declaration of declarations) {
    if (declaration.kind === "dim")
      give(scope, declaration.name, sizeDenotation(declaration.name.text, declaration.name.span));
  }
}

function sizeDenotation(name: string, span: Name["span"]): Denotation {
  return { kind: "value", term: { kind: "size", size: namedSize(name), type: arrayType("int", []), span } };
}

// ----------------------------------------------------------------------------------------------- sizes and tables

function readSizesAndTables(
  scope: Scope,
  select: Select,
  replaced: ReadonlyMap<string, number>,
): { dims: readonly DimDeclaration[]; data: readonly DataDeclaration[] } {
  const { sorted, cycles } = inOrder(select("dim", "data"), (d) => namesOf(d).map((name) => name.text));
  reportCycles(scope, cycles);
  const cyclic = new Set(cycles.flat());
  const dims: DimDeclaration[] = [];
  const data: DataDeclaration[] = [];
  for (const declaration of sorted) {
    if (declaration.kind === "dim") {
      const name = declaration.name.text;
      const replacement = replaced.get(name);
      const size = cyclic.has(declaration)
        ? undefined
        : attempt(() => asSize(scope, value(scope, declaration.value), declaration.value), undefined);
      if (size === undefined) continue;
      const given = replacement === undefined ? size : sizeOf(replacement);
      scope.context.definitions.set(name, settled(scope.context, given));
      dims.push({
        kind: "defined",
        name,
        span: declaration.name.span,
        value: given,
        ...(declaration.doc !== undefined && { doc: declaration.doc }),
      });
      continue;
    }
    const read = cyclic.has(declaration) ? undefined : attempt(() => readData(scope, declaration), undefined);
    if (read !== undefined) data.push(read.data);
    for (const name of declaration.names) give(scope, name, read?.tables.get(name.text) ?? { kind: "poison" });
  }
  return { dims: [...dataDims(scope, select("data"), data), ...dims], data };
}

/** The sizes that reading the data settles. A size that only generated tables name is settled by nothing. */
function dataDims(
  scope: Scope,
  syntaxes: readonly Of<"data">[],
  data: readonly DataDeclaration[],
): readonly DimDeclaration[] {
  const generated = new Set(
    data.filter((d) => d.source.kind === "generated").flatMap((d) => d.tables.map((t) => t.name)),
  );
  const measuredBy = new Map<string, string>();
  for (const { type, names } of syntaxes) {
    const table = names[0]?.text;
    if (type === undefined || table === undefined || generated.has(table)) continue;
    for (const size of sizeNames(type)) if (!measuredBy.has(size.name)) measuredBy.set(size.name, table);
  }
  const dims: DimDeclaration[] = [];
  for (const { name, span, sort } of scope.context.symbols.values()) {
    if (sort !== "size") continue;
    const table = measuredBy.get(name);
    if (table === undefined) report(scope, unboundSize(span, name));
    else dims.push({ kind: "data", name, span, table });
  }
  return [...dims, ...data.flatMap(rowDims)];
}

/** Parts of a table have their own rows; so has an endless table, whose sample the runtime draws. */
function rowDims(declaration: DataDeclaration): readonly DimDeclaration[] {
  const { source, tables } = declaration;
  return tables.flatMap(({ name, span, type }) => {
    const own = (rows: string): DimDeclaration => ({ kind: "data", name: rows, span, table: name });
    if (source.kind === "split" || type.endless) return [own(`rows(${name})`)];
    return source.kind === "folds" ? [...type.fields.keys()].map((field) => own(`rows(${name}.${field})`)) : [];
  });
}

function classDims(context: Context): readonly DimDeclaration[] {
  return [...context.classSizes].map(([name, { table, field, span }]) => ({
    kind: "classes",
    name,
    table,
    field,
    span,
  }));
}

function reportCycles(scope: Scope, cycles: readonly (readonly Declaration[])[]): void {
  for (const cycle of cycles) {
    const names = cycle.flatMap((d) => namesOf(d).slice(0, 1));
    const first = names[0];
    if (first !== undefined)
      report(
        scope,
        nameCycle(
          first.span,
          names.map((name) => name.text),
        ),
      );
  }
}

// --------------------------------------------------------------------------------------------------- definitions

/** A definition without arguments is read once, where it is written; its term is shared by all uses. */
function readDefinitions(scope: Scope, lets: readonly Of<"let">[]): void {
  const fieldsOf = (name: string): readonly string[] => {
    const table = scope.context.symbols.get(name)?.denotation;
    return table?.kind === "table" ? [...table.type.fields.keys()] : [];
  };
  const { sorted, cycles } = inOrder(lets, (d) => [d.name.text], fieldsOf);
  reportCycles(scope, cycles);
  for (const declaration of cycles.flat()) give(scope, declaration.name, { kind: "poison" });
  const cyclic = new Set(cycles.flat());
  for (const declaration of sorted) {
    if (cyclic.has(declaration)) continue;
    const { parameters } = declaration;
    if (parameters === undefined) {
      give(scope, declaration.name, elaborate(scope, declaration.value));
      continue;
    }
    const twice = parameters.find((p, i) => parameters.findIndex((q) => q.text === p.text) < i);
    if (twice !== undefined)
      report(scope, wrongArguments(twice.span, `${declaration.name.text} has two arguments ${twice.text}`));
    give(scope, declaration.name, { kind: "definition", declaration, parameters });
  }
}

// --------------------------------------------------------------------------------------------- reports and solve

function onlyOne<D extends Declaration>(scope: Scope, declarations: readonly D[], what: string): D | undefined {
  const [first, ...others] = declarations;
  for (const other of others) if (first !== undefined) report(scope, repeatedSection(other.span, what, first.span));
  return first;
}

function readReport(scope: Scope, declaration: Of<"report">): Report | undefined {
  const term = attempt(() => toValue(scope, elaborate(scope, declaration.value), declaration.value), undefined);
  return (
    term && {
      name: declaration.name.text,
      span: declaration.name.span,
      value: term,
      ...(declaration.doc !== undefined && { doc: declaration.doc }),
    }
  );
}

function readSolve(scope: Scope, block: Of<"solve"> | undefined): ReadonlyMap<string, OptionValue> {
  const entries = new Map<string, OptionValue>();
  for (const { name, value: e } of block?.entries ?? []) {
    if (entries.has(name.text))
      report(scope, duplicateName(name.span, name.text, entries.get(name.text)?.span ?? name.span));
    const option = attempt(() => optionValue(scope, e), undefined);
    if (option === undefined) continue;
    for (const diagnostic of checkOption(name.text, option, name.span)) report(scope, diagnostic);
    entries.set(name.text, option);
  }
  return entries;
}
