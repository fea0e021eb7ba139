/** Completion inside of quotes: paths of files, and the columns of the file that a source names. */
import { type CompletionItem, CompletionItemKind } from "vscode-languageserver-types";
import type { Cursor } from "./cursor.ts";
import { enclosures, endOf } from "./cursor.ts";
import { rangeIn, type Snapshot } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

export async function completeString(
  workspace: Workspace,
  snapshot: Snapshot,
  cursor: Cursor,
): Promise<readonly CompletionItem[]> {
  const { word, before, offset, statement } = cursor;
  if (word === undefined) return [];
  const written = word.image.slice(1, offset - word.startOffset);
  if (statement === "import") return paths(workspace, snapshot, cursor, written, "bilevel");
  const source = enclosures(before).findLast(({ callee }) => callee !== undefined);
  const format = source?.callee?.image;
  if (statement !== "data" || source === undefined || format === undefined) return [];
  const path = before[source.at + 1];
  if (path === undefined) return paths(workspace, snapshot, cursor, written, format);
  if (!path.image.startsWith('"')) return [];
  const file = workspace.host.resolve(path.image.replace(/^"|"$/g, ""), snapshot.file);
  const columns = await workspace.host.columns(file, format);
  const end = word.image.length > 1 && word.image.endsWith('"') ? endOf(word) - 1 : endOf(word);
  const range = rangeIn(snapshot.document, { start: word.startOffset + 1, end });
  return columns.map((label) => ({
    label,
    kind: CompletionItemKind.Field,
    textEdit: { range, newText: JSON.stringify(label).slice(1, -1) },
  }));
}

/** Folders, and files of the format, in the folder that is written so far. */
function paths(
  { host }: Workspace,
  { file, document }: Snapshot,
  { word, offset }: Cursor,
  written: string,
  format: string,
): readonly CompletionItem[] {
  const folder = written.slice(0, written.lastIndexOf("/") + 1);
  const start = (word?.startOffset ?? offset) + 1 + folder.length;
  const range = rangeIn(document, { start, end: offset });
  const fits = (name: string): boolean => name.endsWith(`.${format}`) || format === "svmlight";
  return host
    .entries(host.resolve(folder === "" ? "." : folder, file))
    .filter((entry) => entry.folder || fits(entry.name))
    .map((entry) => ({
      label: entry.folder ? `${entry.name}/` : entry.name,
      kind: entry.folder ? CompletionItemKind.Folder : CompletionItemKind.File,
      textEdit: { range, newText: entry.folder ? `${entry.name}/` : entry.name },
    }));
}
