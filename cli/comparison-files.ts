/** The folder of a comparison: every finished run is kept at once, so that an interrupted comparison goes on where it was. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { ComparedRun } from "../runtime/comparison.ts";
import { comparisonFolder } from "./errors.ts";
import { replaceFile } from "./write-file.ts";

/** `results.json`. */
interface Kept {
  readonly version: 1;
  /** Of everything that the runs depend on. */
  readonly fingerprint: string;
  readonly runs: readonly ComparedRun[];
}

export const fingerprintOf = (...parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

/** The runs that an earlier comparison of the same problem left; none where there was no earlier one. Throws where it was of another. */
export function readRuns(folder: string, fingerprint: string): readonly ComparedRun[] {
  const path = join(folder, "results.json");
  const kept = ((): Kept | undefined => {
    try {
      return JSON.parse(readFileSync(path, "utf8")) as Kept;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new BilevelError([comparisonFolder(path, `it cannot be read (${(error as Error).message})`)]);
    }
  })();
  if (kept === undefined) return [];
  if (kept.version !== 1 || kept.fingerprint !== fingerprint)
    throw new BilevelError([comparisonFolder(path, "it holds runs of another program, data, options or end")]);
  return kept.runs;
}

export function writeRuns(folder: string, fingerprint: string, runs: readonly ComparedRun[]): void {
  const kept: Kept = { version: 1, fingerprint, runs };
  writeInto(folder, "results.json", `${JSON.stringify(kept)}\n`);
}

/** Nothing is ever half written. */
export function writeInto(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    replaceFile(path, text);
  } catch (error) {
    throw new BilevelError([comparisonFolder(path, `it cannot be written (${(error as Error).message})`)]);
  }
}
