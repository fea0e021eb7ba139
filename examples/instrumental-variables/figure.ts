/**
 * Estimates of the structural function over draws of the demand design: the tables of the README and figure.svg. By default 5000 rows and
 * 5 draws at two correlations; `--full` takes 1000 rows, too, 20 draws and five correlations. Settings are chosen for each size, on a draw
 * of their own.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lineChart } from "../../plot/chart.ts";
import { chosen, estimate } from "../instrumental.ts";
import { markdownTable, medianAndQuartiles, medianWithBand, range } from "../study.ts";
import { demandSample } from "./demand.ts";
import { estimators } from "./estimators.ts";

const isFull = process.argv.includes("--full");
const sizes = isFull ? [1000, 5000] : [5000];
const draws = range(isFull ? 20 : 5).map((k) => k + 1);
const correlations = isFull ? [0.1, 0.25, 0.5, 0.75, 0.9] : [0.5, 0.9];

for (const rows of sizes) {
  const { settings, table: choice } = await chosen(estimators, demandSample(rows, 0.5, 101, 0));
  console.log(`${rows} rows\n\n${choice}\n`);
  const errors = new Map<string, (readonly number[])[]>();
  const table: string[][] = [];
  for (const [name, setting] of settings) {
    const lists: number[][] = [];
    for (const rho of correlations) {
      const list: number[] = [];
      for (const draw of draws) list.push((await estimate(setting, demandSample(rows, rho, draw))).error);
      console.error(`${name}, ρ = ${rho}: ${list.map((error) => error.toFixed(0)).join(", ")}`);
      lists.push(list);
    }
    errors.set(name, lists);
    table.push([name, ...lists.map((list) => medianAndQuartiles(list, 0))]);
  }
  console.log(`${markdownTable(["estimator", ...correlations.map((rho) => `ρ = ${rho}`)], table)}\n`);
  writeFileSync(
    join(import.meta.dirname, rows === 5000 ? "figure.svg" : `figure-${rows}.svg`),
    lineChart(
      [...errors].map(([name, lists]) => ({ name, x: correlations, ...medianWithBand(lists) })),
      {
        title: `Error of the structural function, ${rows} rows: median and quartiles of ${draws.length} draws`,
        xLabel: "correlation ρ of what moves price and demand unseen",
        yLabel: "mean squared error",
        yScale: "log",
      },
    ),
  );
}
