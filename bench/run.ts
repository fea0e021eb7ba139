/**
 * `node bench/run.ts [--jobs a,b] [--quick]`: installs the peers into a folder of the bench's own, runs the jobs, and puts what was
 * measured in place of their earlier measurements in RESULTS.md and results.json beside itself; with --quick, only prints.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { python } from "./job.ts";
import { jobs } from "./jobs.ts";
import { load, machine, ourVersions } from "./machine.ts";
import {
  merged,
  type RecordedCase,
  type RecordedJob,
  readRecord,
  recorded,
  versionsOf,
  writeRecord,
} from "./record.ts";
import { median, report } from "./report.ts";

const here = import.meta.dirname;
const data = join(here, ".data");
const { values: given } = parseArgs({
  options: { jobs: { type: "string" }, quick: { type: "boolean", default: false } },
});

function demand(command: string, ...arguments_: readonly string[]): void {
  const { status } = spawnSync(command, arguments_, { cwd: join(here, ".."), stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${arguments_.join(" ")} failed`);
}

if (!existsSync(python)) {
  demand("python3", "-m", "venv", join(here, ".venv"));
  demand(python, "-m", "pip", "install", "--quiet", "--requirement", join(here, "peers", "requirements.txt"));
}
demand(process.execPath, "scripts/build.mjs", "--no-types");

const began = performance.now();
const wanted = given.jobs?.split(",");
const record = join(here, "results.json");
const all = jobs(given.quick);
const measured: RecordedJob[] = [];

for (const job of all) {
  if (wanted !== undefined && !wanted.includes(job.id)) continue;
  const where = machine();
  const versions: Record<string, string> = { ...ourVersions() };
  const cases: RecordedCase[] = [];
  for (const { title, target, measure } of job.cases) {
    rmSync(data, { recursive: true, force: true });
    const found = await measure(data);
    Object.assign(versions, versionsOf(found));
    const one = recorded(title, target, found);
    cases.push(one);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const shown = one.rows.map((row) => `${row.name} ${"failure" in row ? row.failure : median(row).toFixed(2)}`);
    process.stderr.write(`${seconds} s  (${job.id}) ${title}: ${shown.join(", ")}\n`);
  }
  measured.push({ job: job.id, machine: { ...where, "load at the end": load() }, versions, cases });
  if (given.quick) continue;
  // After each job, so that an interrupted bench keeps what it has.
  const now = merged(readRecord(record), measured);
  writeRecord(record, now);
  writeFileSync(join(here, "RESULTS.md"), report(now, all));
}
rmSync(data, { recursive: true, force: true });
if (given.quick) process.stdout.write(report(measured, all));
