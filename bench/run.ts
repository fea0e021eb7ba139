/**
 * `node bench/run.ts [--jobs a,b] [--quick]`: installs the peers into a folder of the bench's own, runs the jobs, and writes
 * RESULTS.md and results.json beside itself; with --quick, only prints.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { python } from "./job.ts";
import { jobs } from "./jobs.ts";
import { load, machine, ourVersions } from "./machine.ts";
import { jobSection, type MeasuredCase, type MeasuredJob, median, succeeded, summary } from "./report.ts";

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

const wanted = given.jobs?.split(",");
const began = performance.now();
const where = machine();
const measured: MeasuredJob[] = [];
for (const job of jobs(given.quick)) {
  if (wanted !== undefined && !wanted.includes(job.id)) continue;
  const cases: MeasuredCase[] = [];
  for (const { title, target, measure } of job.cases) {
    rmSync(data, { recursive: true, force: true });
    const found = { title, target, ...(await measure(data)) };
    cases.push(found);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const shown = found.entries.map((entry) =>
      succeeded(entry) ? `${entry.name} ${median(entry).toFixed(2)}` : `${entry.name} failed`,
    );
    process.stderr.write(`${seconds} s  (${job.id}) ${title}: ${shown.join(", ")}\n`);
    for (const entry of found.entries)
      if ("failure" in entry) process.stderr.write(`  ${entry.name}: ${entry.failure}\n`);
  }
  measured.push({ job, cases });
}
rmSync(data, { recursive: true, force: true });

const versions: Record<string, string> = { ...ourVersions() };
for (const { cases } of measured)
  for (const { entries } of cases)
    for (const entry of entries) if (succeeded(entry)) Object.assign(versions, entry.ending?.versions);
const facts = {
  ...where,
  "load at the end": load(),
  versions: Object.entries(versions)
    .map((pair) => pair.join(" "))
    .join(", "),
};

const text = `${[
  "# Results",
  `Written by \`npm run bench\`; [README.md](README.md) says what is measured and how. Times are milliseconds.`,
  Object.entries(facts)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join("\n"),
  summary(measured),
  ...measured.map(jobSection),
].join("\n\n")}\n`;
if (given.quick) process.stdout.write(text);
else {
  writeFileSync(join(here, "RESULTS.md"), text);
  const lean = measured.map(({ job, cases }) => ({
    job: job.id,
    cases: cases.map(({ title, target, bytes, multiplyAdds, entries }) => ({
      title,
      target,
      bytes,
      multiplyAdds,
      entries: entries.map((entry) =>
        succeeded(entry)
          ? {
              ...entry,
              ending: { ...entry.ending, result: undefined, upper: undefined, lower: undefined, trace: undefined },
            }
          : entry,
      ),
    })),
  }));
  writeFileSync(join(here, "results.json"), JSON.stringify({ machine: facts, jobs: lean }));
  demand(join(here, "..", "node_modules", ".bin", "biome"), "format", "--write", "bench/results.json");
}
