/** The record as Markdown. Milliseconds; ratios are of medians, to the best of ours. */
import { isOurs, type Job } from "./job.ts";
import { oursOf, type RecordedCase, type RecordedJob, type Row, succeeded } from "./record.ts";

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = ({ milliseconds }: Pick<Row, "milliseconds">): number => quantile(milliseconds, 0.5);

/** The entry that the target is about, and the best peer. */
function contenders({ rows }: RecordedCase): { readonly ours?: Row; readonly best?: Row } {
  const peers = rows.filter((one) => succeeded(one)).filter((one) => !isOurs(one));
  return { ours: oursOf(rows), best: peers.sort((a, b) => median(a) - median(b))[0] };
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
function summary(record: readonly RecordedJob[]): string {
  const rows = record.flatMap(({ job, cases }) =>
    cases.flatMap((one) => {
      const { ours, best } = contenders(one);
      if (ours === undefined || best === undefined) return [];
      const ratio = median(best) / median(ours);
      const verdict = one.target === undefined ? "" : ratio >= one.target ? "met" : "**missed**";
      const wanted = one.target === undefined ? "" : `≥ ${one.target}`;
      const name = `(${job}) ${one.title}`;
      return [[name, short(median(ours)), best.name, short(median(best)), short(ratio), wanted, verdict]];
    }),
  );
  return table(["", "ours, ms", "best peer", "its ms", "times faster", "target", ""], rows);
}

function caseTable(one: RecordedCase): string {
  const { ours } = contenders(one);
  const rows = one.rows.map((row) => {
    if (!succeeded(row)) return [row.name, "failure" in row ? `failed: ${row.failure}` : "", "", "", "", "", "", ""];
    const { milliseconds, first, residual, differs, memory } = row;
    return [
      row.name,
      short(median(row)),
      `${short(quantile(milliseconds, 0.25))} – ${short(quantile(milliseconds, 0.75))}`,
      ours === undefined ? "" : short(median(row) / median(ours)),
      short(first),
      tiny(residual),
      tiny(differs),
      memory === undefined || one.bytes === undefined ? "" : `${megabytes(memory)} (${short(memory / one.bytes)})`,
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

/** The jobs that were measured under the same conditions share their line. */
function conditions(record: readonly RecordedJob[]): string {
  const ids = new Map<string, string[]>();
  for (const { job, machine } of record) {
    const facts = Object.entries(machine)
      .map((pair) => pair.join(" "))
      .join("; ");
    ids.set(facts, [...(ids.get(facts) ?? []), `(${job})`]);
  }
  const versions = Object.entries(Object.assign({}, ...record.map((each) => each.versions)) as Record<string, string>)
    .map((pair) => pair.join(" "))
    .join(", ");
  return [...[...ids].map(([facts, jobs]) => `- ${jobs.join(" ")}: ${facts}`), `- versions: ${versions}`].join("\n");
}

/** What was measured where, the summary, then a heading, the note and a table a case for each job. */
export function report(record: readonly RecordedJob[], jobs: readonly Job[]): string {
  const sections = record.flatMap(({ job: id, cases }) => {
    const job = jobs.find((each) => each.id === id);
    return job === undefined ? [] : [`## (${id}) ${job.title}`, job.note, ...cases.map(caseTable)];
  });
  return `${[
    "# Results",
    "Written by `npm run bench`; [README.md](README.md) says what is measured and how. Times are milliseconds.",
    conditions(record),
    summary(record),
    ...sections,
  ].join("\n\n")}\n`;
}
