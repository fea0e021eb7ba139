/** What contestants compute: the same data and the same amount of work for all, told by a folder of arrays and numbers. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, type Prepared, type Value } from "../index.ts";
import { type Arrays, writeTable } from "./data.ts";

/** Sizes, step counts and rates. */
export type Settings = Readonly<Record<string, number>>;

/** What a repetition found; all contestants must agree on it. */
export interface Outcome {
  readonly value: number;
  /** The hypergradient, or whatever else was computed, flat. */
  readonly result: readonly number[];
  /** Of the lower level, relative to its start. */
  readonly residual?: number;
}

/** What is repeated. Reading and compiling precede it and are not timed, nor is `before` each repetition. */
export interface Session {
  readonly before?: () => Promise<void>;
  readonly run: () => Outcome | Promise<Outcome>;
  /** What is made of the last outcome at the end; not timed. Throws where it is not what was asked for. */
  readonly finish?: (last: Outcome) => Outcome;
}

export interface Task {
  readonly name: string;
  /** Tables by file name, from fixed seeds. */
  readonly tables: (settings: Settings) => Readonly<Record<string, Arrays>>;
  /** Settings that follow from others. */
  readonly derived?: (settings: Settings) => Settings;
  /** Multiply-adds of one repetition, those of the large products alone. */
  readonly multiplyAdds: (settings: Settings) => number;
  /** Our ways, by name. */
  readonly ours: Readonly<Record<string, Way>>;
}

export type Way = (folder: string, settings: Settings) => Promise<Session>;

const settingsFile = "settings.json";

/** Writes the task's files and gives the bytes of the arrays. */
export function writeTask(task: Task, folder: string, given: Settings): number {
  const settings = { ...given, ...task.derived?.(given) };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, settingsFile), JSON.stringify(settings));
  let bytes = 0;
  for (const [name, arrays] of Object.entries(task.tables(settings))) {
    writeTable(folder, name, arrays);
    for (const { values } of Object.values(arrays)) bytes += values.byteLength;
  }
  return bytes;
}

export function readSettings(folder: string): Settings {
  return JSON.parse(readFileSync(join(folder, settingsFile), "utf8"));
}

/** The program `source`, whose data lie in the folder. */
export async function prepared(source: string, folder: string): Promise<Prepared> {
  const { problem, diagnostics } = await compile(source, { file: join(folder, "problem.bilevel") });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return problem;
}

/** The hypergradient at the start. */
export function hypergradient(problem: Prepared): Outcome {
  const { value, gradient, residuals } = problem.gradient();
  return { value, result: flat(Object.values(gradient)), residual: residuals.inner };
}

/** The hypergradient of a program, prepared once. */
export const hypergradientOf =
  (source: (settings: Settings) => string): Way =>
  async (folder, settings) => {
    const problem = await prepared(source(settings), folder);
    return { run: () => hypergradient(problem) };
  };

export function flat(value: Value | readonly Value[]): readonly number[] {
  if (typeof value === "number") return [value];
  return (Array.isArray(value) ? value : Object.values(value)).flatMap(flat);
}
