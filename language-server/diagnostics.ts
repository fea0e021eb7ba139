/** Diagnostics: what every stage says, with its second places, its page, and its suggestion on a line of its own. */
import {
  type DiagnosticRelatedInformation,
  DiagnosticSeverity,
  type Diagnostic as Shown,
} from "vscode-languageserver-types";
import type { DataPlace, Diagnostic, Severity, Span } from "../grammar/diagnostics.ts";
import { rangeIn, type Snapshot } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

const severities = {
  error: DiagnosticSeverity.Error,
  refusal: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
} as const satisfies Record<Severity, DiagnosticSeverity>;

/** The checker's alone, or with `thorough` those of every stage, and of the data where that was looked at. */
export function diagnosticsOf(snapshot: Snapshot, thorough: boolean): readonly Diagnostic[] {
  const { compiled, facts } = snapshot;
  const later = thorough ? [...snapshot.derived().diagnostics, ...(facts?.diagnostics ?? [])] : [];
  return [...compiled.diagnostics, ...later];
}

export function showDiagnostics(
  workspace: Workspace,
  snapshot: Snapshot,
  diagnostics: readonly Diagnostic[],
): readonly Shown[] {
  return diagnostics.map((each) => show(workspace, snapshot, each));
}

function show(workspace: Workspace, snapshot: Snapshot, diagnostic: Diagnostic): Shown {
  const { code, severity, message, span, notes = [], suggestion, place } = diagnostic;
  const isHere = span?.file === snapshot.file;
  const related = [
    ...(place === undefined ? [] : placeOf(workspace, place)),
    ...(span === undefined || isHere ? [] : noteAt(workspace, message, span)),
    ...notes.flatMap((note) => (note.span === undefined ? [] : noteAt(workspace, note.message, note.span))),
  ];
  const elsewhere = notes.flatMap((note) => (note.span === undefined ? [note.message] : []));
  const href = workspace.host.pageOf(code);
  return {
    range: rangeIn(snapshot.document, isHere ? span : importOf(snapshot, span)),
    severity: severities[severity],
    code,
    source: "bilevel",
    message: [message, ...elsewhere, ...(suggestion === undefined ? [] : [suggestion])].join("\n"),
    ...(href !== undefined && { codeDescription: { href } }),
    ...(related.length > 0 && { relatedInformation: related }),
  };
}

/** What is wrong in an imported file shows at the imports; what has no place at all, at the top. */
function importOf({ compiled }: Snapshot, span: Span | undefined): { readonly start: number; readonly end: number } {
  const imports = compiled.program.declarations.filter((each) => each.kind === "import");
  const own = imports.find(({ path }) => span?.file.endsWith(path.replace(/^(\.\/)+/, ""))) ?? imports[0];
  return span !== undefined && own !== undefined ? own.pathSpan : { start: 0, end: 0 };
}

function noteAt(workspace: Workspace, message: string, span: Span): readonly DiagnosticRelatedInformation[] {
  const location = workspace.locate(span);
  return location === undefined ? [] : [{ location, message }];
}

function placeOf(
  { host }: Workspace,
  { file, line = 1, column = 1 }: DataPlace,
): readonly DiagnosticRelatedInformation[] {
  const at = { line: line - 1, character: column - 1 };
  return [{ location: { uri: host.uriOf(file), range: { start: at, end: at } }, message: "in the data" }];
}
