/** The outline of a program, and the declarations of all programs by name. */
import { type DocumentSymbol, SymbolKind, type WorkspaceSymbol } from "vscode-languageserver-types";
import type { Declaration, Name } from "../grammar/syntax.ts";
import { typeText } from "./describe.ts";
import { globals } from "./scope.ts";
import { rangeIn, type Snapshot } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

const kinds = {
  dim: SymbolKind.Number,
  param: SymbolKind.Constant,
  data: SymbolKind.Struct,
  let: SymbolKind.Function,
  var: SymbolKind.Variable,
  network: SymbolKind.Class,
  function: SymbolKind.Class,
  report: SymbolKind.Event,
  problem: SymbolKind.Object,
  solve: SymbolKind.Namespace,
  import: SymbolKind.Module,
} as const satisfies Record<Declaration["kind"], SymbolKind>;

export function documentSymbols(snapshot: Snapshot): readonly DocumentSymbol[] {
  const { document, compiled } = snapshot;
  const types = new Map(globals(snapshot).map((name) => [name.span, typeText(name)] as const));
  const symbol = (
    declaration: Declaration,
    name: string,
    at: Name["span"],
    more: Partial<DocumentSymbol> = {},
  ): DocumentSymbol => ({
    name,
    kind: kinds[declaration.kind],
    range: rangeIn(document, declaration.span),
    selectionRange: rangeIn(document, at),
    ...more,
  });
  return compiled.program.declarations.flatMap((each): readonly DocumentSymbol[] => {
    switch (each.kind) {
      case "problem": {
        const at = {
          ...each.span,
          end: each.span.start + (each.objective === undefined ? "where" : "minimize").length,
        };
        const words = each.objective === undefined ? "where" : `${each.objective.direction} over`;
        return [symbol(each, [words, ...(each.objective?.over ?? []).map(({ text }) => text)].join(" "), at)];
      }
      case "solve":
        return [symbol(each, "solve", { ...each.span, end: each.span.start + "solve".length })];
      case "import":
        return [symbol(each, `import ${each.path}`, each.pathSpan)];
      case "data": {
        const fields = each.type?.kind === "table" ? each.type.fields : [];
        const children = fields.map(({ name, span }) => ({
          name: name.text,
          kind: SymbolKind.Field,
          range: rangeIn(document, span),
          selectionRange: rangeIn(document, name.span),
        }));
        return each.names.map((name) => symbol(each, name.text, name.span, { children }));
      }
      default:
        return [symbol(each, each.name.text, each.name.span, { detail: types.get(each.name.span) ?? "" })];
    }
  });
}

/** Declarations whose name holds the letters of the query in their order. */
export function workspaceSymbols(workspace: Workspace, query: string): readonly WorkspaceSymbol[] {
  const fits = (name: string): boolean => {
    let left = query.toLowerCase();
    for (const letter of name.toLowerCase()) if (left.startsWith(letter)) left = left.slice(letter.length);
    return left === "";
  };
  return workspace.all().flatMap((snapshot) =>
    globals(snapshot)
      .filter(({ span, name }) => span.file === snapshot.file && fits(name))
      .map(({ name, span, sort }) => ({
        name,
        kind: sort === "size" ? SymbolKind.Number : kinds[sort as Declaration["kind"]],
        location: { uri: snapshot.document.uri, range: rangeIn(snapshot.document, span) },
      })),
  );
}
