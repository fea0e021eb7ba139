/**
 * The language services: documents in, answers out, in the types of the Language Server Protocol. server.ts puts the
 * protocol around them, and an editor in a browser calls them as they are.
 */
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  Diagnostic,
  DocumentHighlight,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  Position,
  Range,
  SelectionRange,
  SemanticTokens,
  SignatureHelp,
  TextEdit,
  WorkspaceEdit,
  WorkspaceSymbol,
} from "vscode-languageserver-types";
import { codeActions } from "./code-actions.ts";
import { codeLenses } from "./code-lenses.ts";
import { completion } from "./completion.ts";
import { diagnosticsOf, showDiagnostics } from "./diagnostics.ts";
import { foldingRanges } from "./folding.ts";
import { formatOnType, formatting } from "./formatting.ts";
import type { Host } from "./host.ts";
import { hover } from "./hover.ts";
import { inlayHints } from "./inlay-hints.ts";
import { definition, highlights, references } from "./names.ts";
import { prepareRename, type Refused, rename } from "./rename.ts";
import { selectionRanges } from "./selection-ranges.ts";
import { semanticTokens } from "./semantic-tokens.ts";
import { signatureHelp } from "./signature-help.ts";
import type { Snapshot } from "./snapshot.ts";
import { documentSymbols, workspaceSymbols } from "./symbols.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

export interface Services extends Pick<Workspace, "open" | "change" | "close" | "importing"> {
  /** What the checker says; fast enough for every keystroke. */
  diagnostics(uri: string): readonly Diagnostic[];
  /** What every stage and the data say; `undefined` where the document changed meanwhile. */
  thoroughDiagnostics(uri: string): Promise<readonly Diagnostic[] | undefined>;
  hover(uri: string, position: Position): Hover | null;
  completion(uri: string, position: Position): Promise<readonly CompletionItem[]>;
  signatureHelp(uri: string, position: Position): SignatureHelp | null;
  definition(uri: string, position: Position): Location | null;
  references(uri: string, position: Position, withDeclaration: boolean): readonly Location[];
  highlights(uri: string, position: Position): readonly DocumentHighlight[];
  prepareRename(uri: string, position: Position): ReturnType<typeof prepareRename>;
  rename(uri: string, position: Position, to: string): WorkspaceEdit | Refused;
  documentSymbols(uri: string): readonly DocumentSymbol[];
  workspaceSymbols(query: string): readonly WorkspaceSymbol[];
  semanticTokens(uri: string): SemanticTokens;
  /** Of a range, or of the whole. */
  formatting(uri: string, range?: Range): readonly TextEdit[];
  /** After a line break or a `}` was typed. */
  formatOnType(uri: string, position: Position): readonly TextEdit[];
  codeActions(uri: string, range: Range): readonly CodeAction[];
  inlayHints(uri: string, range: Range): readonly InlayHint[];
  foldingRanges(uri: string): readonly FoldingRange[];
  selectionRanges(uri: string, positions: readonly Position[]): readonly SelectionRange[];
  codeLenses(uri: string): readonly CodeLens[];
}

export function createServices(host: Host): Services {
  const workspace = createWorkspace(host);
  /** The answer for an open document; `none` for one that is not. */
  const on = <T>(uri: string, none: T, answer: (snapshot: Snapshot) => T): T => {
    const snapshot = workspace.snapshot(uri);
    return snapshot === undefined ? none : answer(snapshot);
  };
  const { open, change, close, importing } = workspace;
  return {
    ...{ open, change, close, importing },
    diagnostics: (uri) => on(uri, [], (s) => showDiagnostics(workspace, s, diagnosticsOf(s, false))),
    thoroughDiagnostics: async (uri) => {
      const snapshot = await workspace.refined(uri);
      return snapshot && showDiagnostics(workspace, snapshot, diagnosticsOf(snapshot, true));
    },
    hover: (uri, position) => on(uri, null, (s) => hover(s, position)),
    completion: (uri, position) => on(uri, Promise.resolve([]), (s) => completion(workspace, s, position)),
    signatureHelp: (uri, position) => on(uri, null, (s) => signatureHelp(s, position)),
    definition: (uri, position) => on(uri, null, (s) => definition(workspace, s, position)),
    references: (uri, position, withDeclaration) =>
      on(uri, [], (s) => references(workspace, s, position, withDeclaration)),
    highlights: (uri, position) => on(uri, [], (s) => highlights(s, position)),
    prepareRename: (uri, position) => on(uri, notOpen, (s) => prepareRename(s, position)),
    rename: (uri, position, to) => on(uri, notOpen, (s) => rename(workspace, s, position, to)),
    documentSymbols: (uri) => on(uri, [], documentSymbols),
    workspaceSymbols: (query) => workspaceSymbols(workspace, query),
    semanticTokens: (uri) => on(uri, { data: [] }, semanticTokens),
    formatting: (uri, range) => on(uri, [], (s) => formatting(s, range)),
    formatOnType: (uri, position) => on(uri, [], (s) => formatOnType(s, position)),
    codeActions: (uri, range) => on(uri, [], (s) => codeActions(workspace, s, range)),
    inlayHints: (uri, range) => on(uri, [], (s) => inlayHints(s, range)),
    foldingRanges: (uri) => on(uri, [], foldingRanges),
    selectionRanges: (uri, positions) => on(uri, [], (s) => selectionRanges(s, positions)),
    codeLenses: (uri) => on(uri, [], codeLenses),
  };
}

const notOpen: Refused = { refused: "the document is not open" };
