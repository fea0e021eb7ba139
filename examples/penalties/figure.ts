/**
 * Prints the tables of the README, of methods that draw rows beside one that reads all of them, and writes figure.svg for the first. 3 seeds
 * of 6 seconds on ijcnn1, 1 of 30 on covtype; `--full` takes 10 of 30 and 5 of 240.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparisonMarkdown } from "../../cli/comparison-page.ts";
import { lineChart } from "../../plot/chart.ts";
import { type ComparedRun, curves } from "../../runtime/comparison.ts";
import { compared } from "../study.ts";

const isFull = process.argv.includes("--full");
const beside = (name: string): string => join(import.meta.dirname, name);

type Effort = readonly [seeds: number, seconds: number];
async function study(name: string, exact: Readonly<Record<string, string>>, [seeds, seconds]: Effort) {
  const drawing = ["soba", "saba", "amigo", "stocbio"];
  const runs = await compared(beside(`${name}.bilevel`), { exact, drawing, seeds }, { seconds });
  console.log(`**${name}**\n\n${comparisonMarkdown(runs, "method")}`);
  return runs;
}

/** Losses less the least one that was found, as far as they can be told from it. */
function chart(runs: readonly ComparedRun[]): string {
  const least = Math.min(...runs.flatMap(({ value = [] }) => value));
  const above = (value: number): number => Math.max(value - least, 1e-6);
  const series = curves(runs, "seconds", "value").map(({ method, x, spread }) => ({
    name: method,
    x,
    y: spread.map(({ median }) => above(median)),
    band: { low: spread.map(({ low }) => above(low)), high: spread.map(({ high }) => above(high)) },
  }));
  const title = "49 990 rows, a penalty a feature";
  return lineChart(series, { title, xLabel: "seconds", yLabel: "held-out loss less the least", yScale: "log" });
}

const features = await study("ijcnn1", { aid: "method: aid" }, isFull ? [10, 30] : [3, 6]);
writeFileSync(beside("figure.svg"), chart(features));
const byProducts = { "aid, L-BFGS": "method: aid inner: lbfgs adjoint: cg" };
await study("covtype", byProducts, isFull ? [5, 240] : [1, 30]);
