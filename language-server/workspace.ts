/** The documents that are open, as snapshots, and those beside them on the disk that a request needs too. */
import { TextDocument, type TextDocumentContentChangeEvent } from "vscode-languageserver-textdocument";
import type { Location } from "vscode-languageserver-types";
import type { Span } from "../grammar/diagnostics.ts";
import type { StatementMemory } from "../grammar/read.ts";
import type { Host } from "./host.ts";
import { createDocument, rangeIn, type Snapshot, takeSnapshot, withFacts } from "./snapshot.ts";

export interface Workspace {
  readonly host: Host;
  open(uri: string, version: number, text: string): void;
  /** Ranges and texts as the editor sent them, or a whole text. */
  change(uri: string, version: number, changes: readonly TextDocumentContentChangeEvent[]): void;
  close(uri: string): void;
  /** The open documents that import a file. */
  importing(uri: string): readonly string[];
  /** Of an open document. */
  snapshot(uri: string): Snapshot | undefined;
  /** The same with what its data says, once that was read; `undefined` where the document changed meanwhile. */
  refined(uri: string): Promise<Snapshot | undefined>;
  /** Every program of the workspace, open or on the disk. */
  all(): readonly Snapshot[];
  /** The programs that see what a file declares: itself, and those that import it. */
  seeing(file: string): readonly Snapshot[];
  /** A place in any file, open or on the disk. */
  locate(span: Span): Location | undefined;
  /** The text of any file, open or on the disk. */
  document(file: string): TextDocument | undefined;
}

interface Opened {
  readonly document: TextDocument;
  readonly memory: StatementMemory;
  snapshot?: Snapshot;
  /** Whether a file that it imports has changed since. */
  stale?: boolean;
}

export function createWorkspace(host: Host): Workspace {
  const opened = new Map<string, Opened>();

  const document = (file: string): TextDocument | undefined => {
    const open = opened.get(file);
    if (open !== undefined) return open.document;
    const text = host.readText(file);
    return text === undefined ? undefined : createDocument(host.uriOf(file), 0, text);
  };
  const imports = (path: string, from: string) => {
    const file = host.resolve(path, from);
    const text = document(file)?.getText();
    return text === undefined ? undefined : { text, file };
  };
  /** Of files that are not open, as long as they stay as they are; one that imports may change with what it imports. */
  const onDisk = new Map<string, Snapshot>();
  const snapshotOnDisk = (file: string): Snapshot | undefined => {
    const found = document(file);
    const before = onDisk.get(file);
    if (found === undefined) return undefined;
    if (before?.imported.size === 0 && before.document.getText() === found.getText()) return before;
    const snapshot = takeSnapshot(found, file, imports);
    onDisk.set(file, snapshot);
    return snapshot;
  };
  const snapshotOf = (file: string): Snapshot | undefined => {
    const open = opened.get(file);
    if (open === undefined) return snapshotOnDisk(file);
    if (open.snapshot === undefined || open.stale)
      open.snapshot = takeSnapshot(open.document, file, imports, open.memory);
    open.stale = false;
    return open.snapshot;
  };
  const files = (): readonly string[] => [...new Set([...opened.keys(), ...host.programs()])];
  const importing = (file: string): readonly Opened[] =>
    [...opened.values()].filter(({ snapshot }) => snapshot?.imported.has(file));
  const replace = (file: string, next: Opened | undefined): void => {
    for (const each of importing(file)) each.stale = true;
    if (next === undefined) opened.delete(file);
    else opened.set(file, next);
  };

  return {
    host,
    document,
    open: (uri, version, text) => {
      replace(host.fileOf(uri), { document: createDocument(uri, version, text), memory: { statements: new Map() } });
    },
    change: (uri, version, changes) => {
      const file = host.fileOf(uri);
      const before = opened.get(file);
      if (before === undefined) return;
      const changed = TextDocument.update(
        createDocument(uri, version, before.document.getText()),
        [...changes],
        version,
      );
      replace(file, { document: changed, memory: before.memory });
    },
    close: (uri) => replace(host.fileOf(uri), undefined),
    importing: (uri) => importing(host.fileOf(uri)).map((each) => each.document.uri),
    snapshot: (uri) => (opened.has(host.fileOf(uri)) ? snapshotOf(host.fileOf(uri)) : undefined),
    refined: async (uri) => {
      const file = host.fileOf(uri);
      const open = opened.get(file);
      const plain = open && snapshotOf(file);
      const model = plain?.compiled.model;
      if (open === undefined || plain === undefined || model === undefined) return plain;
      const facts = await host.readData(model);
      if (opened.get(file) !== open || open.snapshot !== plain || open.stale) return undefined;
      open.snapshot = withFacts(plain, facts);
      return open.snapshot;
    },
    all: () => files().flatMap((file) => snapshotOf(file) ?? []),
    seeing: (declaring) =>
      files()
        // Most programs import nothing, and need not be read for that.
        .filter((file) => file === declaring || document(file)?.getText().includes("import"))
        .flatMap((file) => snapshotOf(file) ?? [])
        .filter(({ file, imported }) => file === declaring || imported.has(declaring)),
    locate: (span) => {
      const at = document(span.file);
      return at && { uri: at.uri, range: rangeIn(at, span) };
    },
  };
}
