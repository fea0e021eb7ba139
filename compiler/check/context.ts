/**
 * What the checker carries along: the symbols of the program, the scope an expression is read in, and where messages go.
 */
import type { Diagnostic, Span } from "../../grammar/diagnostics.ts";
import { printExpression } from "../../grammar/print.ts";
import type { Declaration, Expression, Name } from "../../grammar/syntax.ts";
import type { Size } from "../ir/size.ts";
import { expansionTooLarge } from "./errors.ts";
import type { BinderId, DataRequirement, Kernel, TableRef, Term, TermRange } from "./model.ts";
import type { ArrayType, FieldType, MapType, TableType, ValueType } from "./types.ts";

export type LetDeclaration = Extract<Declaration, { kind: "let" }>;

/** What a name or an expression stands for. Only values have terms; the rest is resolved away where it is used. */
export type Denotation =
  | { readonly kind: "value"; readonly term: Term }
  | { readonly kind: "table"; readonly ref: TableRef; readonly type: TableType; readonly name: string }
  | {
      readonly kind: "row";
      readonly binder: BinderId;
      readonly ref: TableRef;
      readonly type: TableType;
      readonly name: string;
    }
  /** `var v[task in tasks]`: whole until it is indexed. */
  | { readonly kind: "indexed"; readonly name: string; readonly type: ValueType; readonly range: TermRange }
  | MapDenotation
  | { readonly kind: "kernel"; readonly kernel: Kernel }
  /** `let f(x) = ...`: expanded where it is called. */
  | { readonly kind: "definition"; readonly declaration: LetDeclaration; readonly parameters: readonly Name[] }
  /** Something was wrong with it, and has been reported. */
  | { readonly kind: "poison" };

export interface MapDenotation {
  readonly kind: "map";
  readonly name: string;
  readonly type: MapType;
  readonly sort: "network" | "L2" | "RKHS";
  readonly frozen: boolean;
  /** `function h[task in tasks]`: which indices it takes, and the one it was given. */
  readonly range?: TermRange;
  readonly index?: Term;
}

/** A name that the program introduces. */
export interface DeclaredName {
  readonly name: string;
  /** Of the name itself, where it is declared. */
  readonly span: Span;
  readonly sort: GlobalSort | "field" | "binder" | "argument";
  /** Absent until its phase of the pass has come, and of a field. */
  denotation?: Denotation;
  readonly doc?: string;
  /** Of a field. */
  readonly field?: { readonly table: string; readonly type: FieldType };
}

type GlobalSort = "dim" | "size" | "param" | "data" | "let" | "var" | "network" | "function" | "report";

/** One that is seen everywhere. */
export interface GlobalSymbol extends DeclaredName {
  readonly sort: GlobalSort;
}

/** One that is seen in an expression alone. */
export interface Local {
  readonly denotation: Denotation;
  /** Where the name is declared. */
  readonly span: Span;
}

export interface Context {
  readonly symbols: ReadonlyMap<string, GlobalSymbol>;
  readonly diagnostics: Diagnostic[];
  /** Places that have had their message; a place gets one. */
  readonly reported: Set<string>;
  /** What each `dim` is over the sizes that only the data settle. */
  readonly definitions: Map<string, Size>;
  /** Sizes that a `classes(D.label)` inside an expression brought in, by name. */
  readonly classSizes: Map<string, { readonly table: string; readonly field: string; readonly span: Span }>;
  /** Which table a binder runs over, and which table a `folds` was made of: to find the column a row's field is read from. */
  readonly binderTables: Map<BinderId, TableRef>;
  readonly foldsOf: Map<string, string>;
  /** How many values a binder takes. */
  readonly binderCounts: Map<BinderId, Size>;
  readonly requirements: Map<string, DataRequirement>;
  /** What stands at every place where a name is written, its declaration included: a by-product for editors. */
  readonly names: Map<Span, DeclaredName>;
  /** The expressions that were read, so that no name in the others is overlooked. */
  readonly visited: Set<Expression>;
  readonly nextBinder: () => BinderId;
  /** Terms made by expanding definitions so far. */
  expanded: number;
  /** How deep the expression under way is, expansions included. */
  height: number;
}

/** Names that hide the globals, innermost first. */
export type Frame = { readonly outer?: Frame } & (
  | { readonly kind: "names"; readonly names: ReadonlyMap<string, Local> }
  /** `E[train]`: the fields of the row by name; `besideOuter` if the next frame outwards is of the same reducer. */
  | {
      readonly kind: "opened";
      readonly binder: BinderId;
      readonly type: TableType;
      readonly name: string;
      readonly ref: TableRef;
      readonly besideOuter: boolean;
    }
);

/** A definition under expansion: messages in its body name the use. */
export interface Use {
  readonly name: string;
  readonly span: Span;
  readonly outer?: Use;
}

export interface Scope {
  readonly context: Context;
  readonly frame?: Frame;
  readonly use?: Use;
  /** The declared type that a generator without shape arguments takes (inside `init`). */
  readonly shape?: ArrayType;
}

/** Thrown out of a rule that cannot go on; the mistake has been reported, and the expression becomes poison. */
export const poison = Symbol("poison");

const maximalErrors = 100;
const maximalExpansion = 200_000;
/** Expansion recurses; the grammar bounds the height of what is written, and this that of what it expands to. */
const maximalHeight = 500;

const placeOf = ({ file, start, end }: Span): string => `${file}:${start}:${end}`;

/** No further message will be kept for this place, so none is worth composing. */
export function isSettled(context: Context, span: Span): boolean {
  return context.diagnostics.length >= maximalErrors || context.reported.has(placeOf(span));
}

export function report(scope: Scope, diagnostic: Diagnostic): void {
  const { context } = scope;
  const place = diagnostic.span === undefined ? diagnostic.message : placeOf(diagnostic.span);
  if (context.reported.has(place) || context.diagnostics.length >= maximalErrors) return;
  context.reported.add(place);
  const uses = [];
  for (let use = scope.use; use !== undefined && uses.length < 3; use = use.outer) {
    uses.push({ message: `while checking this use of ${use.name}`, span: use.span });
  }
  context.diagnostics.push(
    uses.length === 0 ? diagnostic : { ...diagnostic, notes: [...(diagnostic.notes ?? []), ...uses] },
  );
}

export function fail(scope: Scope, diagnostic: Diagnostic): never {
  report(scope, diagnostic);
  throw poison;
}

/** Runs a rule; a mistake in it, already reported, gives the fallback. */
export function attempt<T, F>(rule: () => T, fallback: F): T | F {
  try {
    return rule();
  } catch (thrown) {
    if (thrown === poison) return fallback;
    throw thrown;
  }
}

/** Runs a rule for each item, so that every one is reported, and only then gives up if one failed. */
export function all<T, R>(items: readonly T[], rule: (item: T, i: number) => R): R[] {
  const results: R[] = [];
  items.forEach((item, i) => attempt(() => results.push(rule(item, i)), undefined));
  if (results.length < items.length) throw poison;
  return results;
}

/** Counts an expression; their number and height under expanded definitions are bounded, so that expansion ends. */
export function counted<T>(scope: Scope, rule: () => T): T {
  const { context, use } = scope;
  if (use !== undefined) context.expanded += 1;
  if (use !== undefined && (context.expanded > maximalExpansion || context.height > maximalHeight)) {
    let first = use;
    while (first.outer !== undefined) first = first.outer;
    fail({ context }, expansionTooLarge(first.span, first.name));
  }
  context.height += 1;
  try {
    return rule();
  } finally {
    context.height -= 1;
  }
}

export function withNames(scope: Scope, sort: "binder" | "argument", names: ReadonlyMap<string, Local>): Scope {
  for (const [name, { span, denotation }] of names) {
    // A definition is read at every use; its arguments stand for the first one's.
    if (!scope.context.names.has(span)) scope.context.names.set(span, { name, span, sort, denotation });
  }
  return { ...scope, frame: { kind: "names", names, outer: scope.frame } };
}

/** Notes that a name stands at a place, and where it is declared. */
export function noteUse({ context: { names } }: Scope, place: Span, declaredAt: Span | undefined): void {
  const declared = declaredAt && names.get(declaredAt);
  if (declared !== undefined) names.set(place, declared);
}

/** A scope in which nothing is said, and nothing asked of the data. */
export function muted(scope: Scope): Scope {
  const context = { ...scope.context, diagnostics: [], reported: new Set<string>() };
  return { ...scope, context: { ...context, requirements: new Map(), classSizes: new Map() } };
}

/** An expression as the author would write it, on one line, for messages. */
export function written(e: Expression): string {
  const text = printExpression(e);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Requirements are recorded once each. */
export function demand(scope: Scope, key: string, requirement: DataRequirement): void {
  if (!scope.context.requirements.has(key)) scope.context.requirements.set(key, requirement);
}
