/** A run's folder while it runs: its configuration, its trace, its checkpoints; and its result when it ends. */
import { BilevelError } from "../../grammar/diagnostics.ts";
import type { Written } from "../../runtime/ledger.ts";
import type { StartsOptions } from "../../runtime/starts.ts";
import type { RunResult } from "../../runtime/types.ts";
import { resultsFolder } from "../errors.ts";
import { writeArrays } from "./arrays.ts";
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import {
  type Configuration,
  checkUnchanged,
  configurationIn,
  readConfiguration,
  writeConfiguration,
} from "./configuration.ts";
import type { Folder } from "./folder.ts";
import { openTraceFiles } from "./trace-files.ts";

/** When a checkpoint is written; at the end of a run, always. */
export type Interval = { readonly seconds: number } | { readonly steps: number };

export interface RunRecord extends Required<Pick<StartsOptions, "onStep" | "onPause">> {
  /** What the run goes on from. */
  readonly resume: Written | undefined;
  readonly finish: (result: RunResult, document: unknown, report: string) => void;
}

/** Begins a run's folder. Throws where one was begun there before. */
export function beginRecord(folder: Folder, configuration: Configuration, interval: Interval): RunRecord {
  if (readConfiguration(folder) !== undefined) {
    const suggestion = `go on with it by --resume ${folder.path}, or give --out another folder`;
    throw new BilevelError([resultsFolder(folder.path, "it holds a run already", suggestion)]);
  }
  writeConfiguration(folder, configuration);
  return recordIn(folder, interval, undefined);
}

/** Goes on with a run; from its beginning, where it was stopped before its first checkpoint. */
export function resumeRecord(folder: Folder, configuration: Configuration, interval: Interval): RunRecord {
  checkUnchanged(folder, configurationIn(folder), configuration);
  folder.tidy();
  writeConfiguration(folder, configuration);
  return recordIn(folder, interval, loadCheckpoint(folder));
}

function recordIn(folder: Folder, interval: Interval, from: Checkpoint | undefined): RunRecord {
  const trace = openTraceFiles(folder, from?.trace);
  /** Since the last checkpoint. */
  let [steps, begun] = [0, performance.now()];
  const isDue = (): boolean =>
    "steps" in interval ? steps >= interval.steps : performance.now() - begun >= 1000 * interval.seconds;
  return {
    resume: from?.run,
    onStep: trace.add,
    onPause: ({ step, isLast, write }) => {
      steps += 1;
      if (!isLast && !isDue()) return;
      saveCheckpoint(folder, { step, run: write(), trace: trace.flush() });
      [steps, begun] = [0, performance.now()];
    },
    finish: (result, document, report) => {
      trace.flush();
      writeArrays(folder, result);
      folder.write("report.html", report);
      folder.write("result.json", `${JSON.stringify(document)}\n`);
    },
  };
}
