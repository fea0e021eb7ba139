/** Files that appear whole or not at all. */
import { randomUUID } from "node:crypto";
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { BilevelError } from "../grammar/diagnostics.ts";
import { sourceUnreadable } from "../runtime/errors.ts";

/** As `replaceFile`, with a failure as a diagnostic. */
export function writeWhole(file: string, text: string): void {
  try {
    replaceFile(file, text);
  } catch (error) {
    throw new BilevelError([
      sourceUnreadable(file, `it cannot be written (${error instanceof Error ? error.message : String(error)})`),
    ]);
  }
}

const temporaryName = (name: string): string => `.${name}.${randomUUID()}`;

/** Whether a file of this name is what `replaceFile` leaves where its process was ended on the way. */
export const isUnfinished = (name: string): boolean => /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name);

/**
 * A reader sees the old content or the new one, and a failure, of the power too, leaves the old one: written beside the file, then renamed
 * onto it. The old one is kept as `backup` if that is given. Throws what the file system says.
 */
export function replaceFile(file: string, content: string | Uint8Array, backup?: string): void {
  const present = statSync(file, { throwIfNoEntry: false });
  const target = present === undefined ? file : realpathSync(file);
  const temporary = join(dirname(target), temporaryName(basename(target)));
  try {
    writeFileSync(temporary, content, { mode: present?.mode, flush: true });
    if (backup !== undefined && present !== undefined) renameSync(target, backup);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
