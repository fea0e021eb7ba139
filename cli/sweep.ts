/** `bilevel sweep`: one program at every combination of settings, over several seeds, each run a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { basename, join } from "node:path";
import type { Model } from "../compiler/check/model.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { type ComparedRun, summarise } from "../runtime/comparison.ts";
import type { RunResult } from "../runtime/types.ts";
import { fingerprintOf, readRuns, writeRuns, writeSummary } from "./comparison-files.ts";
import { comparisonText } from "./comparison-page.ts";
import { countFlag } from "./count.ts";
import { commandLine } from "./errors.ts";
import { interruptible } from "./interruption.ts";
import type { ExitStatus, Output } from "./output.ts";
import { compileFile, type ProgramFlags } from "./program.ts";
import { dataHashes, readConfiguration } from "./record/configuration.ts";
import { openFolder } from "./record/folder.ts";

export interface SweepFlags extends ProgramFlags {
  readonly seeds?: string;
  readonly jobs?: string;
  readonly out?: string;
}

/** One of the runs: `setting` is `rho=0.1, tau=2`, as the table has it. */
interface Wanted {
  readonly setting: string;
  readonly set: readonly string[];
  readonly seed: number;
}

/** Ctrl-C ends with the runs so far; the same command with the same folder goes on, also within runs. */
export async function sweep(file: string, flags: SweepFlags, output: Output): Promise<ExitStatus> {
  const [seeds, jobs] = [countFlag("seeds", flags.seeds), countFlag("jobs", flags.jobs)];
  const wanted = settingsOf(flags.set).flatMap((set) =>
    Array.from({ length: seeds }, (_, seed): Wanted => ({ setting: set.join(", "), set, seed })),
  );
  const { compiled, data } = await compileFile(file, { ...flags, set: wanted[0]?.set ?? [] }, output);
  output.diagnose(compiled.diagnostics);
  const hashes = await dataHashes(compiled.model as Model, data);
  const fingerprint = fingerprintOf([...output.sources.texts], [...hashes], [...flags.solve]);
  const kept = flags.out === undefined ? [] : readRuns(flags.out, fingerprint);
  const isOf = (each: Wanted, run: ComparedRun): boolean => run.method === each.setting && run.seed === each.seed;
  const others = kept.filter((run) => !wanted.some((each) => isOf(each, run)));
  const done = new Map(wanted.map((each) => [each, kept.find((run) => isOf(each, run))]));
  const runs = (): readonly ComparedRun[] => wanted.flatMap((each) => done.get(each) ?? []);

  const waiting = wanted.filter((each) => done.get(each) === undefined);
  const isWhole = await interruptible(async (signal) => {
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
        const run = await runApart(file, next, flags, signal);
        if (signal.aborted) return;
        done.set(next, run);
        process.stderr.write(`${next.setting}, seed ${next.seed}: ${run.message ?? run.status}\n`);
        if (flags.out !== undefined) writeRuns(flags.out, fingerprint, [...others, ...runs()]);
      }
    };
    await Promise.all(Array.from({ length: jobs }, work));
    return !signal.aborted;
  });
  if (flags.out !== undefined) writeSummary(flags.out, `${basename(file)}: settings swept`, runs(), "setting");
  if (output.json) output.printJson({ settings: summarise(runs()), runs: runs() });
  else output.print(comparisonText(runs(), "setting"));
  return isWhole && runs().some(({ status }) => status !== "refused") ? 0 : 1;
}

/** `bilevel run` in a process: begun, or gone on with where its folder has it. */
async function runApart(file: string, run: Wanted, flags: SweepFlags, signal: AbortSignal): Promise<ComparedRun> {
  const folder = flags.out === undefined ? undefined : join(flags.out, "runs", folderName(run));
  const isBegun = folder !== undefined && readConfiguration(openFolder(folder)) !== undefined;
  const own = [
    file,
    ...run.set.flatMap((text) => ["--set", text]),
    ...flags.data.flatMap((text) => ["--data", text]),
    ...flags.allowRead.flatMap((folder) => ["--allow-read", folder]),
    ...[...flags.solve].flatMap(([key, value]) => [`--${key}`, value]),
    ...["--seed", String(run.seed)],
    ...(folder === undefined ? [] : ["--out", folder]),
  ];
  const { status, out, err } = await ended(["run", "--json", ...(isBegun ? ["--resume", folder] : own)], signal);
  const named = { method: run.setting, seed: run.seed };
  if (status === 0 || status === 1) {
    const { value, gradient_norm, steps, seconds, message, trace, ...result } = JSON.parse(out) as RunResult;
    const looks = trace.map(({ step, seconds, value, gradient_norm }) => ({ step, seconds, value, gradient_norm }));
    return {
      ...named,
      status: result.status,
      value,
      gradient_norm,
      steps,
      seconds,
      looks,
      ...(message && { message }),
    };
  }
  if (status === 3) {
    const { diagnostics } = JSON.parse(out) as { readonly diagnostics: readonly { readonly message: string }[] };
    return { ...named, status: "refused", message: diagnostics.map(({ message }) => message).join("; "), looks: [] };
  }
  if (signal.aborted) return { ...named, status: "interrupted", looks: [] };
  throw new BilevelError([commandLine(`${run.setting}, seed ${run.seed}: ${err.trim()}`)]);
}

const folderName = ({ set, seed }: Wanted): string =>
  [...set, `seed=${seed}`].map((text) => text.split("=").map(encodeURIComponent).join("=")).join(",");

async function ended(argv: readonly string[], signal: AbortSignal) {
  const program = process.argv[1] as string;
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, program, ...argv], {
    // By the channel it hears when this process is gone.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  // The terminal sends Ctrl-C to all of its processes: they end by the first signal of each kind.
  const stop = (): boolean => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  let [out, err] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
  signal.removeEventListener("abort", stop);
  return { status, out, err };
}

/** Every combination of the values; the last name varies fastest. */
function settingsOf(texts: readonly string[]): readonly (readonly string[])[] {
  const axes = texts.map((text) => {
    const [name = "", ...rest] = text.split("=");
    const values = rest
      .join("=")
      .split(/,(?![^([]*[)\]])/)
      .map((value) => value.trim());
    if (name.trim() === "" || values.some((value) => value === ""))
      throw new BilevelError([commandLine(`--set ${text}: these are no values of a name`, "write --set rho=0.1,0.2")]);
    return values.map((value) => `${name.trim()}=${value}`);
  });
  if (axes.length === 0)
    throw new BilevelError([commandLine("nothing is swept over", "write for example --set rho=0.1,0.2")]);
  return axes.reduce<readonly (readonly string[])[]>(
    (before, axis) => before.flatMap((some) => axis.map((value) => [...some, value])),
    [[]],
  );
}
