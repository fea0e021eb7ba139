/** What is kept of the measured jobs, in results.json: the last measurement of each job, wherever and whenever it was made. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Entry, Failure } from "./contest.ts";
import { isOurs, type Job, type Measured } from "./job.ts";
import type { Machine } from "./machine.ts";

export interface Row {
  readonly name: string;
  readonly milliseconds: readonly number[];
  readonly first?: number;
  readonly residual?: number;
  /** ‖result − ours‖∞ / ‖ours‖∞ */
  readonly differs?: number;
  /** Bytes at the peak above those before any data. */
  readonly memory?: number;
}

export interface RecordedCase {
  readonly title: string;
  readonly target?: number;
  readonly bytes?: number;
  readonly multiplyAdds?: number;
  readonly rows: readonly (Row | Failure)[];
}

export interface RecordedJob {
  readonly job: Job["id"];
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly RecordedCase[];
}

export const succeeded = <T extends Entry | Row>(one: T | Failure): one is T =>
  "milliseconds" in one && one.milliseconds.length > 0;

/** Ours is the first of the case's ways: the others do other work (an own plan) or have less to work with (no BLAS). */
export const oursOf = <T extends Entry | Row>(entries: readonly (T | Failure)[]): T | undefined =>
  entries.filter((entry) => succeeded(entry)).find(isOurs);

function difference(a: readonly number[], b: readonly number[]): number {
  const largest = b.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const apart = a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? Number.NaN))), 0);
  return a.length === b.length ? apart / (largest || 1) : Number.POSITIVE_INFINITY;
}

function row({ name, milliseconds, first, ending }: Entry, reference: readonly number[] | undefined): Row {
  const { residual, result, before, peak } = ending ?? {};
  return {
    name,
    milliseconds: milliseconds.map((time) => Number(time.toPrecision(4))),
    first: first === undefined ? undefined : Math.round(first),
    residual,
    differs: result === undefined || reference === undefined ? undefined : difference(result, reference),
    memory: before === undefined || peak === undefined ? undefined : peak - before,
  };
}

export function recorded(title: string, target: number | undefined, measured: Measured): RecordedCase {
  const reference = oursOf(measured.entries)?.ending?.result;
  const { bytes, multiplyAdds, entries } = measured;
  const rows = entries.map((entry) => (succeeded(entry) ? row(entry, reference) : entry));
  return { title, target, bytes, multiplyAdds, rows };
}

export const versionsOf = ({ entries }: Measured): Readonly<Record<string, string>> =>
  Object.assign({}, ...entries.map((entry) => ("ending" in entry ? entry.ending?.versions : undefined)));

/** The record with these jobs in place of their earlier measurements, in the order of their letters. */
export function merged(record: readonly RecordedJob[], jobs: readonly RecordedJob[]): readonly RecordedJob[] {
  const kept = record.filter(({ job }) => jobs.every((other) => other.job !== job));
  return [...kept, ...jobs].sort((a, b) => a.job.localeCompare(b.job));
}

export const readRecord = (file: string): readonly RecordedJob[] =>
  existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];

/** A line a job. */
export const writeRecord = (file: string, record: readonly RecordedJob[]): void =>
  writeFileSync(file, `[\n${record.map((job) => JSON.stringify(job)).join(",\n")}\n]\n`);
