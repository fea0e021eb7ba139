/** Selection ranges: the constructs around a place, one inside the other, up to the whole text. */
import type { Position, SelectionRange } from "vscode-languageserver-types";
import type { Span } from "../grammar/diagnostics.ts";
import { rangeIn, type Snapshot } from "./snapshot.ts";
import { spansAround } from "./tree.ts";

export function selectionRanges(snapshot: Snapshot, positions: readonly Position[]): readonly SelectionRange[] {
  const { document, compiled } = snapshot;
  const whole: Span = { file: snapshot.file, start: 0, end: document.getText().length };
  return positions.map((position) => {
    const inner = spansAround(compiled.program.declarations, document.offsetAt(position));
    const spans = inner[0]?.start === whole.start && inner[0].end === whole.end ? inner : [whole, ...inner];
    const nested = spans.reduce<SelectionRange | undefined>((parent, span) => {
      const range = rangeIn(document, span);
      return parent === undefined ? { range } : { range, parent };
    }, undefined);
    return nested ?? { range: { start: position, end: position } };
  });
}
