/**
 * Renaming, in every file that sees the name. It is safe because it is tried: the changed files are checked again, and
 * unless every name then stands for what it stood for before, nothing is changed.
 */
import type { Position, Range, TextEdit, WorkspaceEdit } from "vscode-languageserver-types";
import type { DeclaredName } from "../compiler/check/context.ts";
import { builtins } from "../compiler/check/signatures.ts";
import type { Diagnostic, Span } from "../grammar/diagnostics.ts";
import { syntaxCodes } from "../grammar/errors.ts";
import { contextualWords, keywords, namePattern } from "../grammar/tokens.ts";
import { nameAt, placesOf } from "./names.ts";
import { createDocument, occurrenceAt, rangeIn, type Snapshot, takeSnapshot } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

/** Why a name cannot be changed so, in one sentence; an editor shows it. */
export interface Refused {
  readonly refused: string;
}

export function prepareRename(
  snapshot: Snapshot,
  position: Position,
): { readonly range: Range; readonly placeholder: string } | Refused {
  const occurrence = occurrenceAt(snapshot, snapshot.document.offsetAt(position));
  if (occurrence === undefined) return { refused: "no name that this program declares stands here" };
  const why = refusal(snapshot, occurrence.name);
  if (why !== undefined) return { refused: why };
  return { range: rangeIn(snapshot.document, occurrence.span), placeholder: occurrence.name.name };
}

export function rename(
  workspace: Workspace,
  snapshot: Snapshot,
  position: Position,
  to: string,
): WorkspaceEdit | Refused {
  const name = nameAt(snapshot, position);
  if (name === undefined) return { refused: "no name that this program declares stands here" };
  const next = to.normalize("NFC");
  if (next === name.name) return { changes: {} };
  const why = unfitName(next, name) ?? refusal(snapshot, name);
  if (why !== undefined) return { refused: why };
  const programs = [snapshot, ...workspace.seeing(name.span.file).filter(({ file }) => file !== snapshot.file)];
  const unread = programs.find(({ compiled }) => compiled.diagnostics.some(isOfSyntax));
  if (unread !== undefined) return { refused: `${unread.file} has syntax errors, and names in it may be overlooked` };

  const places = placesOf(workspace, snapshot, name);
  const byFile = Map.groupBy(places, ({ file }) => file);
  const texts = new Map([...byFile].map(([file, spans]) => [file, replaced(workspace, file, spans, next)]));
  const imports = (path: string, from: string) => {
    const file = workspace.host.resolve(path, from);
    const text = texts.get(file) ?? workspace.document(file)?.getText();
    return text === undefined ? undefined : { text, file };
  };
  const broken = programs.find((before) => {
    const text = texts.get(before.file) ?? before.document.getText();
    const after = takeSnapshot(createDocument(before.document.uri, 0, text), before.file, imports);
    return !standForTheSame(before, after);
  });
  if (broken !== undefined)
    return { refused: `${next} already stands for something else where ${name.name} is used in ${broken.file}` };
  const changes: Record<string, TextEdit[]> = {};
  for (const [file, spans] of byFile) {
    const document = workspace.document(file);
    if (document !== undefined)
      changes[document.uri] = spans.map((span) => ({ range: rangeIn(document, span), newText: next }));
  }
  return { changes };
}

/** Names that something outside of the programs reads. */
function refusal({ compiled }: Snapshot, name: DeclaredName): string | undefined {
  if (name.field === undefined) return undefined;
  const { table } = name.field;
  const source = compiled.model?.data.find(({ tables }) => tables.some((each) => each.name === table))?.source;
  const isNamedInFile = source?.kind === "file" && source.columns.size === 0 && source.format !== "npy";
  return isNamedInFile ? `${name.name} is what ${source.path} calls the array; rename it there` : undefined;
}

function unfitName(next: string, { sort }: DeclaredName): string | undefined {
  if (!new RegExp(`^${namePattern}$`, "u").test(next)) return `${next} is no name: letters, digits and _ make one`;
  if (Object.hasOwn(keywords, next)) return `${next} is a reserved word`;
  const constants: readonly string[] = contextualWords.constant;
  if (sort !== "field" && (builtins.has(next) || constants.includes(next))) return `${next} is a name of the language`;
  return undefined;
}

const isOfSyntax = ({ code }: Diagnostic): boolean => (syntaxCodes as readonly string[]).includes(code);

function replaced(workspace: Workspace, file: string, spans: readonly Span[], next: string): string {
  let text = workspace.document(file)?.getText() ?? "";
  for (const { start, end } of [...spans].reverse()) text = text.slice(0, start) + next + text.slice(end);
  return text;
}

/** Whether the k-th name of a program still stands for the k-th one it stood for, and as much is wrong as before. */
function standForTheSame(before: Snapshot, after: Snapshot): boolean {
  return before.compiled.diagnostics.length === after.compiled.diagnostics.length && pattern(before) === pattern(after);
}

function pattern({ compiled }: Snapshot): string {
  const spans = [...compiled.names.keys()].sort((a, b) =>
    a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1,
  );
  const numbers = new Map(spans.map((span, i) => [`${span.start} ${span.file}`, i]));
  return spans
    .map((span) => {
      const declared = compiled.names.get(span)?.span;
      return declared && numbers.get(`${declared.start} ${declared.file}`);
    })
    .join(" ");
}
