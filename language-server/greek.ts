/** Greek letters by name: `\lambda`, or `lambda`, becomes λ. */
import { type CompletionItem, CompletionItemKind } from "vscode-languageserver-types";
import { rangeIn, type Snapshot } from "./snapshot.ts";

const names =
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega".split(
    " ",
  );
const letters = [..."αβγδεζηθικλμνξοπρστυφχψω"];

/** The name that is being written, with its backslash where there is one. */
export function greekItems({ document }: Snapshot, text: string, offset: number): readonly CompletionItem[] {
  const written = /\\?[a-zA-Z]*$/.exec(text.slice(Math.max(0, offset - 20), offset))?.[0] ?? "";
  const bare = written.replace("\\", "");
  if (written === "") return [];
  const range = rangeIn(document, { start: offset - written.length, end: offset });
  return names.flatMap((name, i) => {
    const isCapital = bare !== "" && bare[0] === bare[0]?.toUpperCase();
    const shown = isCapital ? `${name[0]?.toUpperCase()}${name.slice(1)}` : name;
    const letter = isCapital ? letters[i]?.toUpperCase() : letters[i];
    if (letter === undefined || !shown.startsWith(bare)) return [];
    return [
      {
        label: letter,
        kind: CompletionItemKind.Text,
        detail: `the letter ${shown}`,
        filterText: written.startsWith("\\") ? `\\${shown}` : shown,
        sortText: `z${name}`,
        textEdit: { range, newText: letter },
      },
    ];
  });
}
