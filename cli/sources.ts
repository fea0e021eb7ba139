/** Source files from the disk: read once, kept for the lines that messages show. */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { BilevelError } from "../grammar/diagnostics.ts";
import { sourceUnreadable } from "./errors.ts";

export interface Source {
  readonly file: string;
  readonly text: string;
}

export interface Sources {
  /** What was read so far, by the name that diagnostics use. */
  readonly texts: ReadonlyMap<string, string>;
  /** Text that came from elsewhere, such as the command line. */
  add(source: Source): void;
  /** Throws a BilevelError with one sentence where the file is no readable source. */
  read(path: string): Source;
  /** An imported file, relative to the one that imports it; `undefined` where it cannot be read. */
  imported(path: string, from: string): Source | undefined;
}

export function createSources(): Sources {
  const texts = new Map<string, string>();
  const read = (given: string): Source => {
    const path = normalize(given);
    const text = texts.get(path) ?? readText(path);
    texts.set(path, text);
    return { file: path, text };
  };
  return {
    texts,
    add: ({ file, text }) => texts.set(file, text),
    read,
    imported: (path, from) => {
      try {
        return read(isAbsolute(path) ? path : join(dirname(from), path));
      } catch (error) {
        if (error instanceof BilevelError) return undefined;
        throw error;
      }
    },
  };
}

/** Exact where files must be UTF-8: a wrong byte is an error, not a replacement character. A byte-order mark is dropped. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "this is a folder, not a file",
  EACCES: "it may not be read",
  EPERM: "it may not be read",
};

function readText(path: string): string {
  const text = decodeText(readBytes(path));
  if (text !== undefined) return text;
  throw new BilevelError([sourceUnreadable(path, "its text is not UTF-8", "save it with the encoding UTF-8")]);
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new BilevelError([sourceUnreadable(path, reasons[code] ?? `it cannot be read (${code || String(error)})`)]);
  }
}
