/**
 * Writes figure.svg and prints the table of the README: how far value and hypergradient on n rows for each level are from those of the
 * population they are drawn from (with replacement), against n. 40 draws for each n; `--full` takes 200.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NestedArray } from "../../index.ts";
import { lineChart, type Series } from "../../plot/chart.ts";
import { createRandom } from "../../runtime/random.ts";
import {
  csvTable,
  flat,
  logSlope,
  markdownTable,
  mean,
  meanAndDeviation,
  meanWithBand,
  prepared,
  range,
} from "../study.ts";

const draws = process.argv.includes("--full") ? 200 : 40;
const counts = [50, 100, 200, 400, 800, 1600];
const beside = (name: string): string => join(import.meta.dirname, name);
const [header = "", ...population] = readFileSync(beside("population.csv"), "utf8").trim().split("\n");

async function answerOn(tables: Readonly<Record<string, Uint8Array>>) {
  const problem = await prepared(beside("generalisation.bilevel"), { tables });
  const { value, gradient } = problem.gradient();
  return [value, ...Object.values(gradient).flatMap((part) => flat(part as NestedArray))];
}

const whole = await answerOn({});
async function errorsOf(count: number, seed: number) {
  const random = createRandom(seed);
  const sample = (): Uint8Array =>
    csvTable(
      [header],
      range(count).map(() => [population[random.integer(population.length)] as string]),
    );
  const answer = await answerOn({ train: sample(), valid: sample() });
  const [value = 0, ...gradient] = answer.map((entry, i) => entry - (whole[i] as number));
  return { value: Math.abs(value), gradient: Math.hypot(...gradient) };
}
const found: Awaited<ReturnType<typeof errorsOf>>[][] = [];
for (const [k, count] of counts.entries()) {
  const own: (typeof found)[number] = [];
  for (const draw of range(draws)) own.push(await errorsOf(count, counts.length * draw + k));
  found.push(own);
}
const values = found.map((own) => own.map(({ value }) => value));
const gradients = found.map((own) => own.map(({ gradient }) => gradient));

console.log(
  `the population's: value ${(whole[0] as number).toFixed(4)}, gradient's norm ${Math.hypot(...whole.slice(1)).toFixed(4)}`,
);
console.log(
  markdownTable(
    ["n", "error of the value", "of the hypergradient"],
    counts.map((n, k) => [n, meanAndDeviation(values[k] ?? [], 4), meanAndDeviation(gradients[k] ?? [], 4)]),
  ),
);
const series: Series[] = [];
for (const [name, lists] of [
  ["hypergradient", gradients],
  ["value", values],
] as const) {
  const { slope, error } = logSlope(counts, lists.map(mean));
  console.log(`${name}: the mean error falls as n to the ${slope.toFixed(2)} ± ${error.toFixed(2)}`);
  series.push({ name, x: counts, ...(name === "value" ? { y: lists.map(mean) } : meanWithBand(lists)) });
}
const first = mean(gradients[0] ?? []);
series.push({
  name: "n^(−1/2)",
  x: counts,
  y: counts.map((n) => first * Math.sqrt((counts[0] as number) / n)),
  dashed: true,
});
writeFileSync(
  beside("figure.svg"),
  lineChart(series, {
    title: `Value and hypergradient on a sample of n rows, ${draws} draws`,
    xLabel: "rows n for each level",
    yLabel: "distance to the population's",
    xScale: "log",
    yScale: "log",
  }),
);
