/** Folding: declarations and comments that take several lines. */
import { type FoldingRange, FoldingRangeKind } from "vscode-languageserver-types";
import type { Snapshot } from "./snapshot.ts";

export function foldingRanges({ document, compiled }: Snapshot): readonly FoldingRange[] {
  const { declarations, comments } = compiled.program;
  const lineOf = (offset: number): number => document.positionAt(offset).line;
  const parts = declarations.map(({ span }) => ({ startLine: lineOf(span.start), endLine: lineOf(span.end) }));
  const runs: { startLine: number; endLine: number }[] = [];
  for (const { ownLine, span } of comments) {
    const line = lineOf(span.start);
    const last = runs.at(-1);
    if (!ownLine) continue;
    if (last?.endLine === line - 1) last.endLine = line;
    else runs.push({ startLine: line, endLine: line });
  }
  return [...parts, ...runs.map((run) => ({ ...run, kind: FoldingRangeKind.Comment }))].filter(
    ({ startLine, endLine }) => endLine > startLine,
  );
}
