/** A run's trace as it happens: a line a step, for spreadsheets (trace.csv) and for programs (trace.jsonl). */
import type { TraceEntry } from "../../runtime/types.ts";
import type { Folder } from "./folder.ts";

export interface TraceFiles {
  readonly add: (entry: TraceEntry) => void;
  /** Puts everything on the disk; gives the files' lengths in bytes: all of it is ASCII. */
  readonly flush: () => Readonly<Record<string, number>>;
}

const columns = [
  "step",
  "value",
  "gradient_norm",
  "seconds",
  "inner_residual",
  "adjoint_residual",
  "best",
  "samples",
] as const satisfies readonly (keyof TraceEntry)[];

const formats: Readonly<Record<string, (entry: TraceEntry) => string>> = {
  "trace.csv": (entry) => columns.map((column) => String(entry[column] ?? "")).join(","),
  "trace.jsonl": (entry) => JSON.stringify(entry),
};

/** Milliseconds between two visits of the disk. */
const patience = 200;

/** Begins the files, or goes on with those of an earlier run, cut to the given lengths. */
export function openTraceFiles(folder: Folder, lengths: Readonly<Record<string, number>> | undefined): TraceFiles {
  const length = new Map(Object.entries(lengths ?? {}));
  for (const name of Object.keys(formats)) {
    const kept = length.get(name);
    if (kept !== undefined) folder.cut(name, kept);
    else {
      const head = name === "trace.csv" ? `${columns.join(",")}\n` : "";
      folder.write(name, head);
      length.set(name, head.length);
    }
  }
  let waiting: TraceEntry[] = [];
  let visited = performance.now();
  const flush = (): Readonly<Record<string, number>> => {
    const entries = waiting;
    waiting = [];
    visited = performance.now();
    for (const [name, format] of Object.entries(formats)) {
      const text = entries.map((entry) => `${format(entry)}\n`).join("");
      if (text !== "") folder.append(name, text);
      length.set(name, (length.get(name) ?? 0) + text.length);
    }
    return Object.fromEntries(length);
  };
  return {
    add: (entry) => {
      waiting.push(entry);
      if (performance.now() - visited > patience) flush();
    },
    flush,
  };
}
