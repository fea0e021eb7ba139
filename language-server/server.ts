/**
 * The protocol around the services: documents in step with the editor, one handler a request. A request that was given up
 * before its turn is not answered, and an answer about a text that has changed meanwhile is dropped.
 */
import {
  type CancellationToken,
  type ClientCapabilities,
  type CompletionItem,
  type Connection,
  ErrorCodes,
  type InitializeParams,
  type InitializeResult,
  InsertTextFormat,
  LSPErrorCodes,
  type Position,
  ResponseError,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import type { Host } from "./host.ts";
import { legend } from "./semantic-tokens.ts";
import { createServices, type Services } from "./services.ts";

/** How long the text rests before every stage looks at it, in milliseconds. */
const rest = 200;

const capabilities: InitializeResult["capabilities"] = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
  hoverProvider: true,
  completionProvider: { triggerCharacters: [".", '"', "/", "\\", "(", "[", ":"] },
  signatureHelpProvider: { triggerCharacters: ["(", ","] },
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  documentSymbolProvider: true,
  workspaceSymbolProvider: true,
  semanticTokensProvider: { legend, full: true },
  documentFormattingProvider: true,
  documentRangeFormattingProvider: true,
  documentOnTypeFormattingProvider: { firstTriggerCharacter: "\n", moreTriggerCharacter: ["}"] },
  codeActionProvider: { codeActionKinds: ["quickfix", "refactor.rewrite"] },
  inlayHintProvider: true,
  foldingRangeProvider: true,
  selectionRangeProvider: true,
  codeLensProvider: {},
};

/** Serves one editor; the host is made once the editor has said which folders it has open. */
export function serve(connection: Connection, createHost: (params: InitializeParams) => Host): void {
  let services: Services | undefined;
  connection.onInitialize((params) => {
    services = createServices(createHost(params));
    register(connection, services, params.capabilities);
    return { capabilities, serverInfo: { name: "bilevel" } };
  });
  connection.listen();
}

interface About {
  readonly textDocument: { readonly uri: string };
}

interface At extends About {
  readonly position: Position;
}

function register(connection: Connection, services: Services, client: ClientCapabilities): void {
  const versions = new Map<string, number>();
  const publish = publisher(
    connection,
    services,
    (uri) => versions.get(uri),
    // Hints show sizes, which are there once the data was read.
    () => (client.workspace?.inlayHint?.refreshSupport ? connection.languages.inlayHint.refresh() : Promise.resolve()),
  );

  connection.onDidOpenTextDocument(({ textDocument: { uri, version, text } }) => {
    services.open(uri, version, text);
    versions.set(uri, version);
    publish(uri);
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    services.change(uri, version, contentChanges);
    versions.set(uri, version);
    publish(uri);
  });
  connection.onDidSaveTextDocument(({ textDocument: { uri } }) => publish(uri));
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    services.close(uri);
    versions.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });

  /** The answer about one document, unless it is no longer wanted. */
  const answer =
    <P extends About, R>(handler: (params: P) => R | Promise<R>) =>
    async (params: P, token: CancellationToken): Promise<R | ResponseError> => {
      const { uri } = params.textDocument;
      const version = versions.get(uri);
      if (token.isCancellationRequested) return cancelled();
      const result = await handler(params);
      if (token.isCancellationRequested) return cancelled();
      return versions.get(uri) === version
        ? result
        : new ResponseError(LSPErrorCodes.ContentModified, "the text changed");
    };
  /** A list that the connection may keep. */
  const list = <P extends About, T>(handler: (params: P) => readonly T[] | Promise<readonly T[]>) =>
    answer(async (params: P): Promise<T[]> => [...(await handler(params))]);

  connection.onHover(answer(({ textDocument, position }: At) => services.hover(textDocument.uri, position)));
  connection.onCompletion(
    list(async ({ textDocument, position }: At) => {
      const items = await services.completion(textDocument.uri, position);
      return client.textDocument?.completion?.completionItem?.snippetSupport ? items : items.map(withoutSnippet);
    }),
  );
  connection.onSignatureHelp(
    answer(({ textDocument, position }: At) => services.signatureHelp(textDocument.uri, position)),
  );
  connection.onDefinition(answer(({ textDocument, position }: At) => services.definition(textDocument.uri, position)));
  connection.onReferences(
    list(({ textDocument, position, context }) =>
      services.references(textDocument.uri, position, context.includeDeclaration),
    ),
  );
  connection.onDocumentHighlight(
    list(({ textDocument, position }: At) => services.highlights(textDocument.uri, position)),
  );
  connection.onPrepareRename(
    answer(({ textDocument, position }: At) => allowed(services.prepareRename(textDocument.uri, position))),
  );
  connection.onRenameRequest(
    answer(({ textDocument, position, newName }) => allowed(services.rename(textDocument.uri, position, newName))),
  );
  connection.onDocumentSymbol(list(({ textDocument }: About) => services.documentSymbols(textDocument.uri)));
  connection.onWorkspaceSymbol(({ query }) => [...services.workspaceSymbols(query)]);
  connection.languages.semanticTokens.on(
    answer(({ textDocument }: About) => services.semanticTokens(textDocument.uri)),
  );
  connection.onDocumentFormatting(list(({ textDocument }: About) => services.formatting(textDocument.uri)));
  connection.onDocumentRangeFormatting(list(({ textDocument, range }) => services.formatting(textDocument.uri, range)));
  connection.onDocumentOnTypeFormatting(
    list(({ textDocument, position }: At) => services.formatOnType(textDocument.uri, position)),
  );
  connection.onCodeAction(list(({ textDocument, range }) => services.codeActions(textDocument.uri, range)));
  connection.languages.inlayHint.on(list(({ textDocument, range }) => services.inlayHints(textDocument.uri, range)));
  connection.onFoldingRanges(list(({ textDocument }: About) => services.foldingRanges(textDocument.uri)));
  connection.onSelectionRanges(
    list(({ textDocument, positions }) => services.selectionRanges(textDocument.uri, positions)),
  );
  connection.onCodeLens(list(({ textDocument }: About) => services.codeLenses(textDocument.uri)));
}

/** For editors that insert a text as it is: the name alone. */
const withoutSnippet = (item: CompletionItem): CompletionItem =>
  item.insertTextFormat !== InsertTextFormat.Snippet || item.textEdit === undefined
    ? item
    : { ...item, insertTextFormat: InsertTextFormat.PlainText, textEdit: { ...item.textEdit, newText: item.label } };

const cancelled = (): ResponseError => new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled");

/** The answer, or an error that the editor shows. */
function allowed<T extends object>(result: T): Exclude<T, { readonly refused: string }> {
  if ("refused" in result) throw new ResponseError(ErrorCodes.InvalidParams, String(result.refused));
  return result as Exclude<T, { readonly refused: string }>;
}

/**
 * Publishes twice: what the checker says, at once; what the derivation, the plan and the data say, when the text rests. A
 * text that checks does not clear what the second had found before it has looked again.
 */
function publisher(
  connection: Connection,
  services: Services,
  versionOf: (uri: string) => number | undefined,
  afterData: () => Promise<void>,
): (uri: string) => void {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const send = (uri: string, diagnostics: ReturnType<Services["diagnostics"]>): void => {
    const version = versionOf(uri);
    if (version !== undefined) void connection.sendDiagnostics({ uri, version, diagnostics: [...diagnostics] });
  };
  const later = (uri: string, run: () => Promise<void>): void => {
    clearTimeout(timers.get(uri));
    const timer = setTimeout(() => run().catch((error: unknown) => connection.console.error(String(error))), rest);
    timers.set(uri, timer);
  };
  const found = new Map<string, number>();
  return (changed) => {
    for (const uri of new Set([changed, ...services.importing(changed)])) {
      const quick = services.diagnostics(uri);
      if (quick.length > 0 || !found.get(uri)) send(uri, quick);
      later(uri, async () => {
        const thorough = await services.thoroughDiagnostics(uri);
        if (thorough === undefined) return;
        found.set(uri, thorough.length);
        send(uri, thorough);
        await afterData();
      });
    }
  };
}
