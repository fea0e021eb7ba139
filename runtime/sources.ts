/** A program's file and the files that it imports, read before the compiler asks for them. */
import { machine } from "#machine";
import type { Importer } from "../compiler/check/imports.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { parse } from "../grammar/read.ts";
import type { ReadChunks } from "./data/files.ts";
import { sourceUnreadable } from "./errors.ts";

/** Characters: more than anyone writes. What a longer one costs to compile is bounded by this. */
const longestSource = 2 ** 20;

/** Throws a BilevelError where a program is too long to be one. */
export function checkLength(file: string, text: { readonly length: number }): void {
  if (text.length <= longestSource) return;
  throw new BilevelError([sourceUnreadable(file, `it is longer than a program may be, ${longestSource} characters`)]);
}

/** Throws a BilevelError where there is no such file, or no text in it. */
export async function readSource(file: string, read: ReadChunks = machine.read): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const chunk of read(file)) {
      text += decoder.decode(chunk, { stream: true });
      checkLength(file, text);
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof BilevelError) throw error;
    throw notReadable(file, error);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "this is a folder, not a file",
  EACCES: "it may not be read",
  EPERM: "it may not be read",
  ERR_ENCODING_INVALID_ENCODED_DATA: "its text is not UTF-8",
};

/** What the host threw, as a sentence. */
export function notReadable(file: string, error: unknown): BilevelError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new BilevelError([sourceUnreadable(file, reasons[code] ?? `it cannot be read (${code || String(error)})`)]);
}

/** What a program imports, and what those files import, where they lie in one of the folders. */
export async function readImports(
  text: string,
  file: string,
  folders: readonly string[],
  read?: ReadChunks,
): Promise<Importer> {
  const texts = new Map<string, string | undefined>([[file, text]]);
  const visit = async (own: string, from: string): Promise<void> => {
    for (const declaration of parse(own, from).program.declarations) {
      if (declaration.kind !== "import") continue;
      const imported = machine.resolve(declaration.path, from);
      if (texts.has(imported) || !machine.within(imported, folders)) continue;
      const found = await readSource(imported, read).catch(() => undefined);
      texts.set(imported, found);
      if (found !== undefined) await visit(found, imported);
    }
  };
  await visit(text, file);
  return (path, from) => {
    const imported = machine.resolve(path, from);
    if (!machine.within(imported, folders)) return "outside";
    const found = texts.get(imported);
    return found === undefined ? undefined : { file: imported, text: found };
  };
}
