/** What was measured, as Markdown. Milliseconds; ratios are of medians, to the best of ours. */
import type { Entry, Failure } from "./contest.ts";
import { isOurs, type Job, type Measured } from "./job.ts";

export interface MeasuredCase extends Measured {
  readonly title: string;
  readonly target?: number;
}

export interface MeasuredJob {
  readonly job: Pick<Job, "id" | "title" | "note">;
  readonly cases: readonly MeasuredCase[];
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = ({ milliseconds }: Entry): number => quantile(milliseconds, 0.5);

export const succeeded = (one: Entry | Failure): one is Entry => "milliseconds" in one && one.milliseconds.length > 0;

const fastest = (entries: readonly Entry[]): Entry | undefined => [...entries].sort((a, b) => median(a) - median(b))[0];

/**
 * The entry that the target is about, and the best peer. Ours is the first of the case's ways: the others do other work (an own plan)
 * or have less to work with (no BLAS).
 */
function contenders({ entries }: Measured): { readonly ours?: Entry; readonly best?: Entry } {
  const done = entries.filter(succeeded);
  return { ours: done.find(isOurs), best: fastest(done.filter((entry) => !isOurs(entry))) };
}

/** ‖a − b‖∞ / ‖b‖∞ */
function difference(a: readonly number[], b: readonly number[]): number {
  const largest = b.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const apart = a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? Number.NaN))), 0);
  return a.length === b.length ? apart / (largest || 1) : Number.POSITIVE_INFINITY;
}

const short = (x: number | undefined): string =>
  x === undefined || Number.isNaN(x) ? "" : x >= 100 ? x.toFixed(0) : x.toPrecision(3);
const tiny = (x: number | undefined): string => (x === undefined ? "" : x === 0 ? "0" : x.toExponential(0));
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, k) => (k === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** One line a case that has a target or a peer. */
export function summary(jobs: readonly MeasuredJob[]): string {
  const rows = jobs.flatMap(({ job, cases }) =>
    cases.flatMap((one) => {
      const { ours, best } = contenders(one);
      if (ours === undefined || best === undefined) return [];
      const ratio = median(best) / median(ours);
      const verdict = one.target === undefined ? "" : ratio >= one.target ? "met" : "**missed**";
      const wanted = one.target === undefined ? "" : `≥ ${one.target}`;
      return [
        [
          `(${job.id}) ${one.title}`,
          short(median(ours)),
          best.name,
          short(median(best)),
          short(ratio),
          wanted,
          verdict,
        ],
      ];
    }),
  );
  return table(["", "ours, ms", "best peer", "its ms", "times faster", "target", ""], rows);
}

function caseTable(one: MeasuredCase): string {
  const { ours } = contenders(one);
  const reference = ours?.ending?.result;
  const rows = one.entries.map((entry) => {
    if (!succeeded(entry))
      return [entry.name, "failure" in entry ? `failed: ${entry.failure}` : "", "", "", "", "", "", ""];
    const { milliseconds, ending, first } = entry;
    const used = ending?.peak !== undefined && ending.before !== undefined ? ending.peak - ending.before : undefined;
    return [
      entry.name,
      short(median(entry)),
      `${short(quantile(milliseconds, 0.25))} – ${short(quantile(milliseconds, 0.75))}`,
      ours === undefined ? "" : short(median(entry) / median(ours)),
      first === undefined ? "" : short(first),
      tiny(ending?.residual),
      reference === undefined || ending?.result === undefined ? "" : tiny(difference(ending.result, reference)),
      used === undefined || one.bytes === undefined ? "" : `${megabytes(used)} (${short(used / one.bytes)})`,
    ];
  });
  const head = ["", "median", "quartiles", "to ours", "first answer", "residual", "differs", "memory, MiB (of data)"];
  const rate = ours === undefined || one.multiplyAdds === undefined ? undefined : one.multiplyAdds / median(ours) / 1e6;
  const facts = [
    ...(one.bytes === undefined ? [] : [`data: ${megabytes(one.bytes)} MiB`]),
    ...(rate === undefined ? [] : [`ours: ${short(rate)} G multiply-adds a second`]),
  ];
  return [`**${one.title}**`, table(head, rows), facts.join("; ")].filter((part) => part !== "").join("\n\n");
}

/** A heading, the note, a table a case. */
export function jobSection({ job, cases }: MeasuredJob): string {
  return [`## (${job.id}) ${job.title}`, job.note, ...cases.map(caseTable)].join("\n\n");
}
