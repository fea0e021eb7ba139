/** Quick fixes: what the diagnostics propose, a declaration for a name that has none, and rewritings that compute better. */
import { type CodeAction, CodeActionKind, type Range, type Diagnostic as Shown } from "vscode-languageserver-types";
import type { Diagnostic, Fix } from "../grammar/diagnostics.ts";
import { follow } from "../grammar/follow.ts";
import type { Clause, Declaration } from "../grammar/syntax.ts";
import { cursorAt } from "./cursor.ts";
import { diagnosticsOf, showDiagnostics } from "./diagnostics.ts";
import { rangeIn, type Snapshot } from "./snapshot.ts";
import { stableForms } from "./stable-forms.ts";
import type { Workspace } from "./workspace.ts";

export function codeActions(workspace: Workspace, snapshot: Snapshot, range: Range): readonly CodeAction[] {
  const { document } = snapshot;
  const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  const found = diagnosticsOf(snapshot, true).filter(
    ({ span }) => span?.file === snapshot.file && span.start <= end && start <= span.end,
  );
  const fixes = found.flatMap((diagnostic) => {
    const [shown] = showDiagnostics(workspace, snapshot, [diagnostic]);
    return [...(diagnostic.fixes ?? []), ...declarations(snapshot, diagnostic)].map((fix, i) =>
      action(snapshot, fix, CodeActionKind.QuickFix, shown, i === 0),
    );
  });
  const rewritings = [...stableForms(snapshot, start), ...selections(snapshot, start)];
  return [...fixes, ...rewritings.map((fix) => action(snapshot, fix, CodeActionKind.RefactorRewrite))];
}

function action(
  { document }: Snapshot,
  { title, span, text }: Fix,
  kind: CodeActionKind,
  diagnostic?: Shown,
  isPreferred = false,
): CodeAction {
  const edit = { changes: { [document.uri]: [{ range: rangeIn(document, span), newText: text }] } };
  return { title, kind, edit, ...(diagnostic && { diagnostics: [diagnostic] }), ...(isPreferred && { isPreferred }) };
}

/** Declarations that would give a name a meaning, by where it is used. */
function declarations(snapshot: Snapshot, { code, span }: Diagnostic): readonly Fix[] {
  if (code !== "unknown-name" || span === undefined) return [];
  const name = snapshot.document.getText().slice(span.start, span.end);
  const cursor = cursorAt(snapshot, span.end);
  const rules = follow(cursor?.before ?? []).expected.find(({ token }) => token.name === "Name")?.rules ?? [];
  const isSize = rules.includes("size");
  const isUnknown = rules.at(-1) === "unknown" || (rules.at(-1) === "names" && rules.includes("objective"));
  const lines = isSize
    ? [`dim ${name} = 10`]
    : [`var ${name}: real`, ...(isUnknown ? [] : [`param ${name}: real = 1`])];
  const { program } = snapshot.compiled;
  const user = program.declarations.find((each) => each.span.start <= span.start && span.end <= each.span.end);
  const at = lineStart(snapshot, user, span.start);
  const end = user?.kind === "problem" ? "\n\n" : "\n";
  return lines.map((line) => ({
    title: `declare ${line}`,
    span: { ...span, start: at, end: at },
    text: line + end,
  }));
}

/** Above a declaration and its documentation. */
function lineStart({ compiled, document }: Snapshot, user: Declaration | undefined, offset: number): number {
  let line = document.positionAt(user?.span.start ?? offset).line;
  const docs = new Set(
    compiled.program.comments.flatMap(({ doc, span }) => (doc ? [document.positionAt(span.start).line] : [])),
  );
  while (docs.has(line - 1)) line -= 1;
  return document.offsetAt({ line, character: 0 });
}

/** Of a lower level that says nothing of which minimiser it means. */
function selections({ compiled }: Snapshot, offset: number): readonly Fix[] {
  const problem = compiled.program.declarations.find((each) => each.kind === "problem");
  const clauses: Clause[] = [];
  for (let level = problem?.level; level !== undefined; level = level.deeper) clauses.push(...level.clauses);
  return clauses.flatMap((clause): readonly Fix[] => {
    const { span } = clause;
    if (clause.kind !== "optimize" || clause.selection !== undefined || offset < span.start || offset > span.end)
      return [];
    const names = clause.unknowns.map(({ name }) => name.text).join(", ");
    return [
      {
        title: `select the ${names} that gradient flow reaches from its start`,
        span: { ...span, start: span.end },
        text: " by gradient_flow",
      },
    ];
  });
}
