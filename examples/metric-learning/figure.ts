/**
 * Writes figure.svg and prints the table of the README: how many test images are told right in learned metrics and in the Euclidean one, by
 * the function that was fitted and by the nearest of the images it was fitted to. 5 splits; `--full` takes 20.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NestedArray, RunResult } from "../../index.ts";
import { lineChart, type Series } from "../../plot/chart.ts";
import {
  flat,
  markdownTable,
  mean,
  meanAndDeviation,
  meanWithBand,
  numberOf,
  prepared,
  range,
  reseeded,
} from "../study.ts";

const splits = process.argv.includes("--full") ? 20 : 5;
const dimensions = [2, 4, 8, 16, 32];

type Reports = RunResult["reports"];
async function reportsOf(program: string, split: number, q?: number): Promise<Reports> {
  const set = new Map(q === undefined ? [] : [["q", q] as const]);
  const problem = await prepared(join(import.meta.dirname, program), { edit: reseeded(split), set });
  return (await problem.solve()).reports;
}

const rowsOf = (value: NestedArray | undefined): readonly (readonly number[])[] =>
  (value as readonly NestedArray[]).map(flat);

/** The share of test images whose nearest fitted image shows the same digit. */
function nearestNeighbour({ places, fitted_places, digits, fitted_digits }: Reports): number {
  const [fitted, known, right] = [rowsOf(fitted_places), flat(fitted_digits ?? []), flat(digits ?? [])];
  const hits = rowsOf(places).filter((place, i) => {
    const distances = fitted.map((other) => other.reduce((sum, x, j) => sum + (x - (place[j] as number)) ** 2, 0));
    return known[distances.indexOf(Math.min(...distances))] === right[i];
  });
  return hits.length / right.length;
}

interface Accuracies {
  readonly byFunction: readonly number[];
  readonly byNeighbour: readonly number[];
  readonly seconds: number;
}

/** In per cent, a split each. */
async function accuraciesOf(program: string, q?: number): Promise<Accuracies> {
  const began = performance.now();
  const found: Reports[] = [];
  for (const split of range(splits)) found.push(await reportsOf(program, split, q));
  return {
    byFunction: found.map(({ test_accuracy }) => 100 * numberOf(test_accuracy)),
    byNeighbour: found.map((reports) => 100 * nearestNeighbour(reports)),
    seconds: (performance.now() - began) / 1000 / splits,
  };
}

const euclidean = await accuraciesOf("euclidean.bilevel");
const learned: Accuracies[] = [];
for (const q of dimensions) learned.push(await accuraciesOf("metric.bilevel", q));

const row = (name: string, { byFunction, byNeighbour, seconds }: Accuracies): readonly string[] => [
  name,
  meanAndDeviation(byFunction, 1),
  meanAndDeviation(byNeighbour, 1),
  seconds.toFixed(1),
];
console.log(
  markdownTable(
    ["metric", "function, %", "nearest neighbour, %", "seconds a split"],
    [
      row("Euclidean, 64 pixels", euclidean),
      ...learned.map((found, k) => row(`learned, ${dimensions[k]} coordinates`, found)),
    ],
  ),
);
const level = (name: string, values: readonly number[]): Series => ({
  name,
  x: dimensions,
  y: dimensions.map(() => mean(values)),
  dashed: true,
});
writeFileSync(
  join(import.meta.dirname, "figure.svg"),
  lineChart(
    [
      { name: "learned, function", x: dimensions, ...meanWithBand(learned.map(({ byFunction }) => byFunction)) },
      { name: "learned, neighbour", x: dimensions, ...meanWithBand(learned.map(({ byNeighbour }) => byNeighbour)) },
      level("Euclidean, function", euclidean.byFunction),
      level("Euclidean, neighbour", euclidean.byNeighbour),
    ],
    {
      title: `Digits told right in learned metrics, ${splits} splits`,
      xLabel: "coordinates",
      yLabel: "test accuracy, %",
      xScale: "log",
    },
  ),
);
