/** Inlay hints: the shape that a definition has, the level at which an unknown is optimised, the sizes of data. */
import { type InlayHint, InlayHintKind, type Range } from "vscode-languageserver-types";
import { levelText, sizesText, typeText } from "./describe.ts";
import { isDeclaration, type Snapshot } from "./snapshot.ts";

export function inlayHints(snapshot: Snapshot, range: Range): readonly InlayHint[] {
  const { document } = snapshot;
  const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  return snapshot.occurrences
    .filter((each) => isDeclaration(each) && each.span.end >= start && each.span.start <= end)
    .flatMap(({ name, span }): readonly InlayHint[] => {
      const position = document.positionAt(span.end);
      const { sort, denotation } = name;
      if (sort === "let" && denotation?.kind === "value")
        return [{ position, label: `: ${typeText(name)}`, kind: InlayHintKind.Type }];
      const known = sort === "data" ? sizesText(snapshot, name) : (levelText(snapshot, name.name) ?? "");
      const isHinted = ["data", "var", "network", "function"].includes(sort) && known !== "";
      return isHinted ? [{ position, label: ` (${known})` }] : [];
    });
}
