/**
 * Writes figure.svg and prints the table of the README: risks against d/n beside their limits for n and d to infinity together
 * (Hastie, Montanari, Rosset and Tibshirani 2022). By default 100 rows and 5 draws; `--full` takes 200 and 20.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lineChart } from "../../plot/chart.ts";
import { markdownTable, meanAndDeviation, meanWithBand, numberOf, prepared, range, reseeded } from "../study.ts";

const isFull = process.argv.includes("--full");
const [rows, draws] = isFull ? [200, 20] : [100, 5];
const ratios = [0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.1, 1.25, 1.5, 2, 3, 4, 5];
const [signal, sigma] = [2, 1];

async function risks(program: string, ratio: number): Promise<readonly number[]> {
  const set = new Map([
    ["n", rows],
    ["d", Math.round(ratio * rows)],
  ]);
  const found: number[] = [];
  for (const draw of range(draws)) {
    const problem = await prepared(join(import.meta.dirname, program), { edit: reseeded(draw), set });
    found.push(numberOf((await problem.solve()).reports.excess));
  }
  return found;
}

/** Of the solution of least norm. */
const limit = (ratio: number): number =>
  ratio < 1 ? (sigma ** 2 * ratio) / (1 - ratio) : signal ** 2 * (1 - 1 / ratio) + sigma ** 2 / (ratio - 1);

/** Of ridge regression at its best penalty, σ²γ/|β|². */
function ridgeLimit(ratio: number): number {
  const penalty = (sigma ** 2 * ratio) / signal ** 2;
  const shifted = 1 - ratio + penalty;
  return (sigma ** 2 * (Math.sqrt(shifted ** 2 + 4 * ratio * penalty) - shifted)) / (2 * penalty);
}

const [interpolated, penalised]: [(readonly number[])[], (readonly number[])[]] = [[], []];
for (const ratio of ratios) {
  interpolated.push(await risks("interpolation.bilevel", ratio));
  penalised.push(await risks("ridge.bilevel", ratio));
}

console.log(
  markdownTable(
    ["d/n", "least norm", "its limit", "learned penalty", "limit of the best one"],
    ratios.map((ratio, k) => [
      ratio,
      meanAndDeviation(interpolated[k] ?? [], 2),
      limit(ratio).toFixed(2),
      meanAndDeviation(penalised[k] ?? [], 2),
      ridgeLimit(ratio).toFixed(2),
    ]),
  ),
);

const fine = range(241).map((k) => 10 ** (-1 + (k * Math.log10(50)) / 240));
writeFileSync(
  join(import.meta.dirname, "figure.svg"),
  lineChart(
    [
      { name: "least norm", x: ratios, ...meanWithBand(interpolated), style: "points" },
      {
        name: "least norm, limit",
        x: fine,
        y: fine.map((ratio) => (Math.abs(ratio - 1) < 0.04 ? Number.NaN : limit(ratio))),
      },
      { name: "learned penalty", x: ratios, ...meanWithBand(penalised), style: "points" },
      { name: "best penalty, limit", x: fine, y: fine.map(ridgeLimit), dashed: true },
    ],
    {
      title: `Risk of least squares, ${rows} rows, ${draws} draws (points) and its limit (lines)`,
      xLabel: "weights for each row, d/n",
      yLabel: "risk",
      xScale: "log",
      yScale: "log",
    },
  ),
);
