/** The folder of a comparison or a sweep: every finished run is kept at once, so that an interrupted one goes on where it was. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { ComparedRun } from "../runtime/comparison.ts";
import { type Compared, comparisonMarkdown, comparisonPage } from "./comparison-page.ts";
import { resultsFolder } from "./errors.ts";
import { openFolder } from "./record/folder.ts";

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
  const bytes = openFolder(folder).read("results.json");
  if (bytes === undefined) return [];
  const kept = ((): Kept => {
    try {
      return JSON.parse(bytes.toString("utf8")) as Kept;
    } catch {
      throw new BilevelError([resultsFolder(path, "it is no JSON")]);
    }
  })();
  if (kept?.version !== 1 || kept.fingerprint !== fingerprint)
    throw new BilevelError([resultsFolder(path, "it holds runs of another program, data, options or end")]);
  return kept.runs;
}

export function writeRuns(folder: string, fingerprint: string, runs: readonly ComparedRun[]): void {
  const kept: Kept = { version: 1, fingerprint, runs };
  openFolder(folder).write("results.json", `${JSON.stringify(kept)}\n`);
}

/** The table, and the page of curves. */
export function writeSummary(folder: string, title: string, runs: readonly ComparedRun[], what: Compared): void {
  const { write } = openFolder(folder);
  write("table.md", comparisonMarkdown(runs, what));
  write(what === "method" ? "compare.html" : "sweep.html", comparisonPage(title, runs, what));
}
