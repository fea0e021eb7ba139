/** `bilevel run`: solve the problem and show, or print as JSON, what came out; with a folder, keep it there while it runs. */
import { basename, resolve } from "node:path";
import { explain } from "../compiler/emit/explanation.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { RunResult, TraceEntry } from "../runtime/types.ts";
import { blockPlot } from "./block-plot.ts";
import { columnNames } from "./columns.ts";
import { countFlag } from "./count.ts";
import { commandLine } from "./errors.ts";
import { interruptible } from "./interruption.ts";
import { type ExitStatus, messagesOf, type Output } from "./output.ts";
import { type ProgramFlags, prepareFile, type ReadyProgram } from "./program.ts";
import { showProgress } from "./progress.ts";
import { askedIn, type Configuration, changeable, configurationOf } from "./record/configuration.ts";
import { openFolder } from "./record/folder.ts";
import { beginRecord, type Interval, type RunRecord, resumeRecord } from "./record/record.ts";
import { showEnding, showRun } from "./show-run.ts";
import { type ColumnNames, shownReports, shownUnknowns } from "./shown.ts";

export interface RunFlags extends ProgramFlags {
  readonly starts?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly checkpoint?: string;
  readonly target?: string;
  readonly plot: boolean;
  readonly events?: string;
}

/**
 * Ctrl-C ends with the best point so far; a second one ends at once. `file` may be left out where a run is resumed. `signal` ends the run
 * as Ctrl-C does, and `onReady` hears which files it reads.
 */
export async function run(
  file: string | undefined,
  flags: RunFlags,
  output: Output,
  signal?: AbortSignal,
  onReady: (ready: ReadyProgram) => void = () => {},
): Promise<ExitStatus> {
  const interval = intervalOf(flags.checkpoint);
  const target = targetOf(flags.target);
  const events = eventsOf(flags.events, output);
  const task = taskOf(file, flags);
  const ready = await prepareFile(task.file, task.flags, output);
  onReady(ready);
  const { problem } = ready;
  const kept = await keep(task, ready, interval);
  events?.("start", { file: task.file, method: problem.plan.method, engine: problem.engine });
  const progress = showProgress(process.stderr, problem.plan.steps);
  const onStep = (entry: TraceEntry): void => {
    progress.step(entry);
    kept?.record.onStep(entry);
    events?.("step", entry);
  };
  const result = await interruptible((interruption) =>
    problem.solve({
      starts: task.starts,
      ...(target !== undefined && { target }),
      ...(kept && { resume: kept.record.resume, onPause: kept.record.onPause }),
      signal: signal === undefined ? interruption : AbortSignal.any([interruption, signal]),
      onStep,
    }),
  ).finally(progress.end);
  const { complete, ...rest } = result;
  const document = { ...rest, warnings: messagesOf(rest.warnings) };
  const columns = await columnNames(problem.model, { files: ready.data });
  await kept?.finish(result, document, columns);
  if (events !== undefined) events("end", document);
  else if (output.json) output.printJson(document);
  else {
    output.print(showRun(problem.model, result, columns));
    if (flags.plot)
      output.print(
        blockPlot(
          "Objective",
          result.trace.map(({ value }) => value),
        ),
      );
    output.diagnose(result.warnings);
  }
  return complete ? 0 : 1;
}

/** What is to be run, and the folder it is kept in. */
interface Task {
  readonly file: string;
  readonly flags: ProgramFlags;
  readonly starts: number;
  readonly folder?: string;
  readonly resumes: boolean;
}

/** A run that is resumed is what its folder says. */
function taskOf(file: string | undefined, flags: RunFlags): Task {
  const { out, resume: path } = flags;
  if (path === undefined) {
    if (file === undefined) throw new BilevelError([commandLine("missing required argument 'file'")]);
    return {
      file,
      flags,
      starts: countFlag("starts", flags.starts),
      ...(out !== undefined && { folder: out }),
      resumes: false,
    };
  }
  const given = [...flags.solve.keys()].find((key) => !changeable.some((one) => one === key));
  const others = flags.set.length > 0 || flags.data.length > 0 || flags.starts !== undefined || given !== undefined;
  if (others || (out !== undefined && resolve(out) !== resolve(path)))
    throw new BilevelError([
      commandLine(
        "--resume goes on with a run as it was: only when it ends may change",
        `give ${changeable.map((key) => `--${key}`).join(", ")} or --target beside it`,
      ),
    ]);
  const asked = askedIn(openFolder(path));
  if (file !== undefined && resolve(file) !== resolve(asked.file))
    throw new BilevelError([commandLine(`${path} holds a run of ${asked.file}, not of ${file}`)]);
  const solve = new Map([...asked.flags.solve, ...flags.solve]);
  return { ...asked, flags: { ...asked.flags, solve }, folder: path, resumes: true };
}

/** The run's folder, begun or taken up; `undefined` where none is asked for. */
async function keep({ file, flags, starts, folder: path, resumes }: Task, ready: ReadyProgram, interval: Interval) {
  if (path === undefined) return undefined;
  const folder = openFolder(path);
  const configuration = await configurationOf(folder, file, flags, starts, ready);
  const record: RunRecord = (resumes ? resumeRecord : beginRecord)(folder, configuration, interval);
  const finish = async (result: RunResult, document: object, columns: ColumnNames): Promise<void> => {
    const phases = { ...ready.phases, solve: result.seconds };
    record.finish(result, { ...document, phases }, await reportOf(file, ready, configuration, result, columns, phases));
  };
  return { record, finish };
}

async function reportOf(
  file: string,
  { compiled, problem }: ReadyProgram,
  configuration: Configuration,
  result: RunResult,
  columns: ColumnNames,
  phases: Readonly<Record<string, number>>,
): Promise<string> {
  const { reportPage } = await import("./record/report.ts");
  return reportPage({
    title: basename(file),
    ending: showEnding(result),
    explanation: explain(compiled, problem.plan, problem.sizes),
    configuration,
    result,
    upper: shownUnknowns(problem.model, result.upper, columns),
    lower: shownUnknowns(problem.model, result.lower, columns),
    reports: shownReports(problem.model, result.reports, columns),
    phases,
  });
}

function targetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new BilevelError([commandLine(`--target ${text}: the target is a value of the objective, a number`)]);
}

function intervalOf(text = "seconds=30"): Interval {
  const [, unit, digits] = /^(seconds|steps)=(.+)$/.exec(text) ?? [];
  const count = Number(digits);
  const isCount = unit === "steps" ? Number.isInteger(count) && count >= 1 : count >= 0;
  if (unit !== undefined && isCount) return unit === "steps" ? { steps: count } : { seconds: count };
  throw new BilevelError([
    commandLine(`--checkpoint ${text}: this is no interval`, "write --checkpoint seconds=30 or --checkpoint steps=100"),
  ]);
}

/** What says an event, a line of JSON each, on standard output. */
function eventsOf(format: string | undefined, output: Output) {
  if (format === undefined) return undefined;
  if (output.json)
    throw new BilevelError([commandLine("--events and --json both write to standard output: give one of them")]);
  return (event: "start" | "step" | "end", fields: object): void => output.printJson({ event, ...fields });
}
