/** Files as bytes: the machine reads them, or what was handed in in its place. */
import { machine } from "#machine";
import type { Span } from "../../grammar/diagnostics.ts";
import { dataTooLarge, fail, fileMissing, fileUnreadable } from "./errors.ts";

/** Gives a file piece by piece; a piece may be overwritten once the next is asked for. Throws what Node throws. */
export type ReadChunks = (path: string) => AsyncIterable<Uint8Array>;

/** A file behind a table, as every reader and message about it needs it. */
export interface DataFile {
  readonly table: string;
  readonly path: string;
  /** Where the source names it. */
  readonly span: Span;
  readonly read: ReadChunks;
}

/** Its bytes, where the machine's own reader knows. */
export async function sizeOf(file: DataFile): Promise<number | undefined> {
  return file.read === machine.read ? machine.sizeOf(file.path) : undefined;
}

/** The file's pieces, with the host's failures as diagnostics. */
export async function* chunksOf(file: DataFile): AsyncGenerator<Uint8Array> {
  const chunks = file.read(file.path)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => fail(unreadable(file, error)));
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}

function unreadable(file: DataFile, error: unknown) {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") return fileMissing(file);
  return fileUnreadable(file, reasons[code] ?? (error instanceof Error ? error.message : String(error)));
}

const reasons: Readonly<Record<string, string>> = {
  EISDIR: "it is a folder",
  EACCES: "it may not be read",
  EPERM: "it may not be read",
  EMFILE: "too many files are open",
};

/** The whole file; `limit` in bytes. */
export async function bytesOf(file: DataFile, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(1 << 18);
  let length = 0;
  for await (const chunk of chunksOf(file)) {
    if (length + chunk.length > limit) fail(dataTooLarge(file, `more than ${limit} bytes`));
    if (length + chunk.length > bytes.length) {
      const grown = new Uint8Array(Math.max(bytes.length * 2, length + chunk.length));
      grown.set(bytes.subarray(0, length));
      bytes = grown;
    }
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}
