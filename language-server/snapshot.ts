/** A program as it stands in the editor, and what the compiler knows of it. Every request is a function of a snapshot. */
import type { IToken } from "chevrotain";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Range } from "vscode-languageserver-types";
import type { CheckOptions } from "../compiler/check/check.ts";
import type { DeclaredName } from "../compiler/check/context.ts";
import { analyse, type Compiled, derive } from "../compiler/compile.ts";
import { type Plan, planOf } from "../compiler/plan/plan.ts";
import { BilevelError, type Diagnostic, type Span } from "../grammar/diagnostics.ts";
import type { StatementMemory } from "../grammar/read.ts";
import type { Level, Program } from "../grammar/syntax.ts";
import { lexer } from "../grammar/tokens.ts";
import type { DataFacts } from "./host.ts";

export interface Snapshot {
  readonly file: string;
  readonly document: TextDocument;
  /** Up to the checked model. */
  readonly compiled: Compiled;
  /** The names of this file in the order of the text, each with what it stands for. */
  readonly occurrences: readonly Occurrence[];
  /** The level at which each unknown is optimised; the upper one is 0. */
  readonly levels: ReadonlyMap<string, number>;
  /** The files that it imports, directly or not. */
  readonly imported: ReadonlySet<string>;
  /** Absent until the data has been looked at. */
  readonly facts?: DataFacts;
  /** Computed when first asked for. */
  readonly tokens: () => readonly IToken[];
  readonly derived: () => Derived;
  /** Of that, what does not ask for the data. */
  readonly derivation: () => Compiled;
}

export interface Occurrence {
  readonly span: Span;
  readonly name: DeclaredName;
}

/** The stages after the checker. */
export interface Derived {
  readonly compiled: Compiled;
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

export function takeSnapshot(
  document: TextDocument,
  file: string,
  imports: NonNullable<CheckOptions["imports"]>,
  memory?: StatementMemory,
): Snapshot {
  const imported = new Set<string>();
  const compiled = analyse(document.getText(), file, {
    memory,
    imports: (path, from) => {
      const found = imports(path, from);
      if (typeof found === "object") imported.add(found.file);
      return found;
    },
  });
  const occurrences = [...compiled.names]
    .map(([span, name]) => ({ span, name }))
    .filter(({ span }) => span.file === file)
    .sort((a, b) => a.span.start - b.span.start);
  const base = {
    file,
    document,
    compiled,
    occurrences,
    levels: levelsOf(compiled.program),
    imported,
    tokens: once(() => lexer.tokenize(document.getText()).tokens),
    derivation: once(() => derive(compiled)),
  };
  return { ...base, derived: once(() => planned(base, undefined)) };
}

/** The same text, once its data has been looked at. */
export function withFacts(snapshot: Snapshot, facts: DataFacts): Snapshot {
  return { ...snapshot, facts, derived: once(() => planned(snapshot, facts)) };
}

function planned(
  { compiled: checked, derivation: deriving }: Pick<Snapshot, "compiled" | "derivation">,
  facts: DataFacts | undefined,
): Derived {
  const compiled = deriving();
  const { model, problem, derivation } = compiled;
  const diagnostics = compiled.diagnostics.filter((each) => !checked.diagnostics.includes(each));
  if (model?.problemSpan === undefined || problem === undefined || derivation === undefined)
    return { compiled, diagnostics };
  try {
    return { compiled, plan: planOf(problem.graph, derivation, model.solve, facts?.sizes ?? new Map()), diagnostics };
  } catch (error) {
    if (!(error instanceof BilevelError)) throw error;
    return { compiled, diagnostics: error.diagnostics };
  }
}

function once<T>(compute: () => T): () => T {
  let kept: { readonly value: T } | undefined;
  return () => {
    kept ??= { value: compute() };
    return kept.value;
  };
}

function levelsOf({ declarations }: Program): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  const problem = declarations.find((each) => each.kind === "problem");
  for (const { text } of problem?.objective?.over ?? []) levels.set(text, 0);
  let depth = 1;
  for (let level: Level | undefined = problem?.level; level !== undefined; level = level.deeper, depth += 1) {
    for (const clause of level.clauses) {
      const unknowns = clause.kind === "solves" ? [clause.unknown] : clause.unknowns;
      for (const { name } of unknowns) if (!levels.has(name.text)) levels.set(name.text, depth);
    }
  }
  return levels;
}

/** The name that stands at an offset, or ends there. */
export function occurrenceAt({ occurrences }: Snapshot, offset: number): Occurrence | undefined {
  return occurrences.find(({ span }) => span.start <= offset && offset <= span.end);
}

/** Two names are one where they are declared at one place. */
export const isSameName = (a: DeclaredName, b: DeclaredName): boolean =>
  a.span.file === b.span.file && a.span.start === b.span.start;

export const isDeclaration = ({ span, name }: Occurrence): boolean =>
  span.file === name.span.file && span.start === name.span.start;

export function rangeIn(
  document: TextDocument,
  { start, end }: { readonly start: number; readonly end: number },
): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

export function createDocument(uri: string, version: number, text: string): TextDocument {
  return TextDocument.create(uri, "bilevel", version, text);
}
