/** Source files from the disk: read once, kept for the lines that messages show. */
import { readFileSync } from "node:fs";
import { normalize } from "node:path";
import { machine } from "#machine";
import type { Importer } from "../compiler/check/imports.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { sourceUnreadable } from "../runtime/errors.ts";
import { checkLength, notReadable } from "../runtime/sources.ts";

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
  /** What gives an imported file, relative to the one that imports it, where it lies in one of the folders. */
  importer(folders: readonly string[]): Importer;
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
    importer: (folders) => (path, from) => {
      const file = machine.resolve(path, from);
      if (!machine.within(file, folders)) return "outside";
      try {
        return read(file);
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

function readText(path: string): string {
  const bytes = readBytes(path);
  checkLength(path, bytes);
  const text = decodeText(bytes);
  if (text !== undefined) return text;
  throw new BilevelError([sourceUnreadable(path, "its text is not UTF-8", "save it with the encoding UTF-8")]);
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw notReadable(path, error);
  }
}
