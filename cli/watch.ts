/** `bilevel run --watch`: runs again whenever a file that the program reads is saved, until Ctrl-C. */
import { unwatchFile, watchFile } from "node:fs";
import { resolve } from "node:path";
import { BilevelError } from "../grammar/diagnostics.ts";
import { pathOf } from "../runtime/data/sources.ts";
import { interruptible } from "./interruption.ts";
import { createOutput, type ExitStatus, type Output, reportFailure } from "./output.ts";
import type { ReadyProgram } from "./program.ts";
import { type RunFlags, run } from "./run.ts";

/** Milliseconds between two looks at a file. */
const interval = 200;

/** A save while a run is under way ends it; the status is that of the last run. */
export async function watch(file: string, flags: RunFlags, first: Output): Promise<ExitStatus> {
  const watched = new Set<string>();
  let saved = new AbortController();
  const add = (path: string): void => {
    if (watched.has(resolve(path))) return;
    watched.add(resolve(path));
    watchFile(path, { interval }, () => saved.abort());
  };
  const addAll = ({ sources, problem, data }: ReadyProgram): void => {
    for (const path of sources.keys()) add(path);
    for (const declaration of problem.model.data) {
      const path = pathOf(declaration, data);
      if (path !== undefined) add(path);
    }
  };
  add(file);
  try {
    return await interruptible(async (interruption) => {
      for (let output = first; ; output = createOutput(first.json)) {
        saved = new AbortController();
        const status = await run(file, flags, output, saved.signal, addAll).catch((error: unknown) => {
          if (error instanceof BilevelError) return reportFailure(output, error.diagnostics);
          throw error;
        });
        if (interruption.aborted) return status;
        process.stderr.write("waiting for a file to be saved\n");
        const { promise, resolve: go } = Promise.withResolvers<void>();
        for (const signal of [saved.signal, interruption]) signal.addEventListener("abort", () => go(), { once: true });
        if (!saved.signal.aborted) await promise;
        if (interruption.aborted) return status;
      }
    });
  } finally {
    for (const path of watched) unwatchFile(path);
  }
}
