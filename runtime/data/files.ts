/** Where bytes come from. The only reader of the disk; tests and other hosts hand in their own. */
import { open, stat } from "node:fs/promises";
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

const chunkSize = 1 << 18;

export const readFromDisk: ReadChunks = async function* (path) {
  const handle = await open(path);
  try {
    const chunk = Buffer.allocUnsafe(chunkSize);
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunkSize);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
};

/** Its bytes, where it lies on the disk. */
export async function diskSize(file: DataFile): Promise<number | undefined> {
  if (file.read !== readFromDisk) return undefined;
  return (await stat(file.path).catch(() => undefined))?.size;
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
export async function bytesOf(file: DataFile, limit: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(chunkSize);
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
