/** Formatting: the canonical style, as the fewest changed lines, so that the cursor stays where it is. */
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Position, Range, TextEdit } from "vscode-languageserver-types";
import { syntaxCodes } from "../grammar/errors.ts";
import { print } from "../grammar/print.ts";
import { parse } from "../grammar/read.ts";
import { type Change, changedLines } from "./changed-lines.ts";
import { rangeIn, type Snapshot } from "./snapshot.ts";

/** Of the whole, or of the lines of a range. A text with syntax errors stays as it is. */
export function formatting({ file, document, compiled }: Snapshot, range?: Range): readonly TextEdit[] {
  const syntax: readonly string[] = syntaxCodes;
  if (compiled.diagnostics.some(({ code }) => syntax.includes(code))) return [];
  const before = document.getText();
  const after = print(compiled.program);
  const [old, lines] = [before.split("\n"), after.split("\n")];
  const changes = changedLines(old, lines);
  if (range === undefined) return changes.map((change) => edit(document, old, change));
  const last = range.end.line - (range.end.character === 0 && range.end.line > range.start.line ? 1 : 0);
  const edits = changes
    .filter(({ from, to }) => from <= last && Math.max(to, from + 1) > range.start.line)
    .map((change) => edit(document, old, change));
  // Lines that make sense together alone are not taken apart.
  const { program, diagnostics } = parse(TextDocument.applyEdits(document, edits), file);
  return diagnostics.length === 0 && print(program) === after ? edits : [];
}

/** After a line break or a closing brace: the lines of the declaration that has just ended. */
export function formatOnType(snapshot: Snapshot, position: Position): readonly TextEdit[] {
  const { document, compiled } = snapshot;
  const ended = compiled.program.declarations.findLast(({ span }) => span.end <= document.offsetAt(position));
  return ended === undefined ? [] : formatting(snapshot, rangeIn(document, ended.span));
}

/** By offsets, as a carriage return is a line break to an editor. The last line has none to replace: the one before it is. */
function edit(document: TextDocument, old: readonly string[], { from, to, lines }: Change): TextEdit {
  const startOf = (line: number): number => old.slice(0, line).reduce((sum, each) => sum + each.length + 1, 0);
  const end = document.getText().length;
  if (to < old.length)
    return {
      range: rangeIn(document, { start: startOf(from), end: startOf(to) }),
      newText: lines.map((each) => `${each}\n`).join(""),
    };
  if (from === 0) return { range: rangeIn(document, { start: 0, end }), newText: lines.join("\n") };
  const range = rangeIn(document, { start: startOf(from) - 1, end });
  return { range, newText: lines.map((each) => `\n${each}`).join("") };
}
