/** Definition, references, highlights: where a name is declared and used. */
import {
  type DocumentHighlight,
  DocumentHighlightKind,
  type Location,
  type Position,
} from "vscode-languageserver-types";
import type { DeclaredName } from "../compiler/check/context.ts";
import type { Span } from "../grammar/diagnostics.ts";
import { isDeclaration, isSameName, occurrenceAt, rangeIn, type Snapshot } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

export function nameAt(snapshot: Snapshot, position: Position): DeclaredName | undefined {
  return occurrenceAt(snapshot, snapshot.document.offsetAt(position))?.name;
}

/** The declaration of a name; of an import's path, the file. */
export function definition(workspace: Workspace, snapshot: Snapshot, position: Position): Location | null {
  const name = nameAt(snapshot, position);
  if (name !== undefined) return workspace.locate(name.span) ?? null;
  const offset = snapshot.document.offsetAt(position);
  for (const each of snapshot.compiled.program.declarations) {
    if (each.kind !== "import" || offset < each.pathSpan.start || offset > each.pathSpan.end) continue;
    return workspace.locate({ file: workspace.host.resolve(each.path, snapshot.file), start: 0, end: 0 }) ?? null;
  }
  return null;
}

/** Every place of a name, in all files that see it, each once. */
export function placesOf(workspace: Workspace, snapshot: Snapshot, name: DeclaredName): readonly Span[] {
  const seen = new Map<string, Span>();
  for (const { compiled } of [snapshot, ...workspace.seeing(name.span.file)]) {
    for (const [span, other] of compiled.names)
      if (isSameName(name, other)) seen.set(`${span.start} ${span.file}`, span);
  }
  return [...seen.values()].sort((a, b) => (a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1));
}

export function references(
  workspace: Workspace,
  snapshot: Snapshot,
  position: Position,
  withDeclaration: boolean,
): readonly Location[] {
  const name = nameAt(snapshot, position);
  if (name === undefined) return [];
  return placesOf(workspace, snapshot, name)
    .filter((span) => withDeclaration || !isDeclaration({ span, name }))
    .flatMap((span) => workspace.locate(span) ?? []);
}

export function highlights(snapshot: Snapshot, position: Position): readonly DocumentHighlight[] {
  const name = nameAt(snapshot, position);
  if (name === undefined) return [];
  return snapshot.occurrences
    .filter((each) => isSameName(each.name, name))
    .map((each) => ({
      range: rangeIn(snapshot.document, each.span),
      kind: isDeclaration(each) ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
    }));
}
