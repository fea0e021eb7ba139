/** Files that appear whole or not at all. */
import { randomUUID } from "node:crypto";
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { BilevelError } from "../grammar/diagnostics.ts";
import { sourceUnreadable } from "./errors.ts";

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

/**
 * A reader sees the old text or the new one, and a failure leaves the old one: written beside the file, then renamed onto it. Throws what
 * the file system says.
 */
export function replaceFile(file: string, text: string): void {
  const present = statSync(file, { throwIfNoEntry: false });
  const target = present === undefined ? file : realpathSync(file);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    writeFileSync(temporary, text, { mode: present?.mode });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
