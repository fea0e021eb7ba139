/** `bilevel compare`: several methods on one problem in one go, over several seeds. */

import { basename } from "node:path";
import { isSeeded } from "../compiler/plan/options.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { type ComparedRun, compareRun, summarise, type Until } from "../runtime/comparison.ts";
import { fingerprintOf, readRuns, writeRuns, writeSummary } from "./comparison-files.ts";
import { comparisonText } from "./comparison-page.ts";
import { countFlag } from "./count.ts";
import { commandLine } from "./errors.ts";
import { interruptible } from "./interruption.ts";
import type { ExitStatus, Output } from "./output.ts";
import { type ProgramFlags, prepareFile } from "./program.ts";
import { dataHashes } from "./record/configuration.ts";

export interface CompareFlags extends ProgramFlags {
  readonly methods: string;
  readonly seeds?: string;
  readonly until: readonly string[];
  readonly out?: string;
}

/** Ctrl-C ends with the runs so far; the same command with the same folder goes on. */
export async function compare(file: string, flags: CompareFlags, output: Output): Promise<ExitStatus> {
  const methods = methodsOf(flags.methods);
  const until = untilOf(flags.until);
  const seeds = Array.from({ length: countFlag("seeds", flags.seeds) }, (_, seed) => seed);
  const ready = await prepareFile(file, { ...flags, solve: without(flags.solve, "method") }, output);
  const { problem: reference } = ready;
  const hashes = await dataHashes(reference.model, ready.data);
  const fingerprint = fingerprintOf(output.sources.read(file).text, flags.set, [...hashes], [...flags.solve], until);
  const kept = flags.out === undefined ? [] : readRuns(flags.out, fingerprint);
  const wanted = seeds.flatMap((seed) =>
    methods.filter((method) => seed === 0 || isSeeded(nameOf(method))).map((method) => ({ method, seed })),
  );
  const runs: ComparedRun[] = wanted.flatMap(
    ({ method, seed }) => kept.find((run) => run.method === method && run.seed === seed) ?? [],
  );

  const isWhole = await interruptible(async (signal) => {
    for (const named of wanted) {
      if (runs.some((run) => run.method === named.method && run.seed === named.seed)) continue;
      const done = await oneRun(file, flags, output, named, reference, until, signal);
      if (signal.aborted) break;
      runs.push(done);
      process.stderr.write(`${named.method}, seed ${named.seed}: ${done.message ?? done.status}\n`);
      if (flags.out !== undefined) writeRuns(flags.out, fingerprint, runs);
    }
    return !signal.aborted;
  });
  if (flags.out !== undefined) writeSummary(flags.out, `${basename(file)}: methods compared`, runs, "method");
  if (output.json) output.printJson({ methods: summarise(runs), runs });
  else output.print(comparisonText(runs, "method"));
  return isWhole && runs.some(({ status }) => status !== "refused") ? 0 : 1;
}

/** A method that the problem does not allow is a row that says why, not the end of the comparison. */
async function oneRun(
  file: string,
  flags: CompareFlags,
  output: Output,
  named: Pick<ComparedRun, "method" | "seed">,
  reference: Parameters<typeof compareRun>[2],
  until: Until,
  signal: AbortSignal,
): Promise<ComparedRun> {
  const solve = new Map([...flags.solve, ["method", named.method], ["seed", String(named.seed)]]);
  try {
    const { problem } = await prepareFile(file, { ...flags, solve }, { ...output, diagnose: () => {} });
    return await compareRun(named, problem, reference, until, signal);
  } catch (error) {
    if (!(error instanceof BilevelError) || error.diagnostics.some(({ severity }) => severity === "error")) throw error;
    return { ...named, status: "refused", message: error.message, looks: [] };
  }
}

/** Of `soba(batch: 64)`, soba. */
const nameOf = (method: string): string => method.replace(/\(.*/s, "").trim();

const without = (entries: ReadonlyMap<string, string>, key: string): ReadonlyMap<string, string> =>
  new Map([...entries].filter(([name]) => name !== key && !name.startsWith(`${key}.`)));

/** Separated by commas that stand in no bracket. */
function methodsOf(text: string): readonly string[] {
  const methods = text.split(/,(?![^(]*\))/).map((method) => method.trim());
  if (methods.some((method) => method === ""))
    throw new BilevelError([commandLine(`--methods ${text}: a method is missing`, "write --methods aid,soba")]);
  return [...new Set(methods)];
}

/** `value=0.5`, `seconds=10`, `passes=100`. */
function untilOf(texts: readonly string[]): Until {
  const keys = ["value", "seconds", "passes"];
  const entries = texts
    .flatMap((text) => text.split(","))
    .map((text): readonly [string, number] => {
      const [key = "", value = ""] = text.split("=").map((part) => part.trim());
      const isPositive = key === "value" || Number(value) > 0;
      if (!keys.includes(key) || value === "" || !Number.isFinite(Number(value)) || !isPositive)
        throw new BilevelError([
          commandLine(`--until ${text}: this is no end of a run`, "write value=0.5, seconds=10 or passes=100"),
        ]);
      return [key, Number(value)];
    });
  return Object.fromEntries(entries);
}
