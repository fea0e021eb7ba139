/**
 * Writes figure.svg and prints the table of the README: bandwidth and penalty by gradient beside grids of scikit-learn (`python3` with it is
 * needed), on 5 splits; `--full` takes 20.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lineChart, type Series } from "../../plot/chart.ts";
import { createRandom } from "../../runtime/random.ts";
import { csvTable, markdownTable, mean, meanAndDeviation, numberOf, prepared, range } from "../study.ts";

const splits = process.argv.includes("--full") ? 20 : 5;
const beside = (name: string): string => join(import.meta.dirname, name);
const [header = "", ...patients] = readFileSync(beside("../ridge-diabetes/diabetes.csv"), "utf8").trim().split("\n");

interface Choice {
  readonly fits: number;
  readonly validation: number;
  readonly test: number;
  readonly seconds: number;
}

async function byGradient(all: Uint8Array): Promise<Choice> {
  const problem = await prepared(beside("kernel.bilevel"), { tables: { all } });
  const { value, reports, seconds, trace } = await problem.solve();
  return { fits: trace.length, validation: value, test: numberOf(reports.test_error), seconds };
}

/** Grids of 5, 10 and 30 points a side. */
function byGrids(all: Uint8Array): readonly Choice[] {
  const folder = mkdtempSync(join(tmpdir(), "kernel-diabetes-"));
  writeFileSync(join(folder, "all.csv"), all);
  const { stdout, stderr, status } = spawnSync("python3", [beside("grid-search.py"), join(folder, "all.csv")], {
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1" },
  });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(String(stderr));
  const line = /, (\d+) x .* validation ([\d.]+), test ([\d.]+), seconds ([\d.]+)/g;
  return [...String(stdout).matchAll(line)].map((found) => {
    const [side, validation, test, seconds] = found.slice(1).map(Number) as [number, number, number, number];
    return { fits: side ** 2, validation, test, seconds };
  });
}

const choices: (readonly Choice[])[] = [];
for (const split of range(splits)) {
  const order = [...createRandom(split).permutation(patients.length)];
  const all = csvTable(
    [header],
    order.map((at) => [patients[at] as string]),
  );
  choices.push([await byGradient(all), ...byGrids(all)]);
}

const names = ["gradient", "grid of 5 × 5", "10 × 10", "30 × 30"];
const columns = names.map((_, k) => choices.map((split) => split[k] as Choice));
console.log(
  markdownTable(
    ["chosen by", "fits", "validation error", "test error", "seconds"],
    columns.map((column, k) => [
      names[k] as string,
      mean(column.map(({ fits }) => fits)).toFixed(0),
      meanAndDeviation(
        column.map(({ validation }) => validation),
        4,
      ),
      meanAndDeviation(
        column.map(({ test }) => test),
        4,
      ),
      mean(column.map(({ seconds }) => seconds)).toFixed(2),
    ]),
  ),
);
const least = choices.map((split) => Math.min(...split.map(({ validation }) => validation)));
const series: Series[] = columns.map((column, k) => ({
  name: names[k] as string,
  x: column.map(({ fits }) => fits),
  y: column.map(({ validation }, split) => Math.max(1e-8, validation / (least[split] as number) - 1)),
  style: "points",
}));
writeFileSync(
  beside("figure.svg"),
  lineChart(series, {
    title: `Validation error above the least that any way found, ${splits} splits`,
    xLabel: "fits of the function",
    yLabel: "excess, relative (at least 1e-8)",
    xScale: "log",
    yScale: "log",
  }),
);
