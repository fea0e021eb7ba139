/**
 * Writes figure.svg and prints the table of the README: the error against the structural function, estimate by estimate. 1000 images of
 * 16 × 16 pixels and 5 draws; `--full` takes 5000 of 64 × 64.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { barChart } from "../../plot/bars.ts";
import { imageGrid } from "../../plot/image-grid.ts";
import { deviation, markdownTable, mean, numberOf, prepared, range } from "../study.ts";
import { drawn, grid, observed, shrunk } from "./shapes.ts";

const beside = (name: string): string => join(import.meta.dirname, name);
const isFull = process.argv.includes("--full");
const [rows, pixels, draws] = isFull ? [5000, 64, 5] : [1000, 16, 5];

const clause = "E[first]((h(z) - f(image))^2)";
const onWeights =
  (method: string) =>
  (text: string): string =>
    text.replace(", head: closed_form, ridge: 0.1", "").replace(/adjoint: .*/, method);
const followed = (text: string): string =>
  onWeights("method: itd(truncate: 2)")(text)
    .replace(/inner: .*/, "")
    .replace(clause, `${clause} selected from previous by descent(steps: 20, rate: 0.05)`);

type Edit = (text: string) => string;
const estimators: readonly (readonly [name: string, file: string, edit: Edit])[] = [
  ["functional", "images.bilevel", (text) => text],
  ["AID on weights, damped", "images.bilevel", onWeights("adjoint: cg(max: 2, damping: 1e-3) method: aid")],
  ["ITD on weights", "images.bilevel", followed],
  ["two-stage, linear", "two-stage.bilevel", (text) => text],
  ["regression", "regression.bilevel", (text) => text],
];

const test = grid(pixels);
const trains = range(draws).map((draw) => observed(rows, pixels, draw + 1));
const errors: (readonly number[])[] = [];
const table: (readonly string[])[] = [];
for (const [name, file, edit] of estimators) {
  const began = performance.now();
  const own: number[] = [];
  for (const [draw, train] of trains.entries()) {
    const problem = await prepared(beside(file), {
      edit: (text) => edit(text).replaceAll("seed: 0", `seed: ${draw}`),
      tables: { all: train, grid: test },
    });
    own.push(numberOf((await problem.solve()).reports.structural_error));
  }
  errors.push(own);
  const sorted = own.toSorted((a, b) => a - b);
  const seconds = (performance.now() - began) / 1000 / draws;
  const [low, middle, high] = [0, Math.floor(draws / 2), draws - 1].map((k) => (sorted[k] as number).toFixed(1));
  table.push([name, `${middle}`, `${low} to ${high}`, seconds.toFixed(1)]);
  console.error(`${name}: ${own.map((error) => error.toFixed(1)).join(", ")}`);
}
console.log(markdownTable(["estimate", "median error", "range", "seconds a run"], table));

const chart = barChart([{ name: "mean and deviation", values: errors.map(mean), errors: errors.map(deviation) }], {
  title: `Error of the structural function, ${rows} images of ${pixels} × ${pixels}, ${draws} draws`,
  groups: estimators.map(([name]) => name),
  xLabel: "estimate",
  yLabel: "mean squared error",
  width: 760,
});
writeFileSync(beside("figure.svg"), chart);

const shown = range(8).map((k) => {
  const image = shrunk(drawn({ scale: 0.5 + 0.07 * k, orientation: 0.8 * k, x: (k % 4) / 3, y: k / 7 }), pixels);
  return { pixels: range(pixels).map((row) => [...image.slice(row * pixels, (row + 1) * pixels)]) };
});
writeFileSync(beside("images.svg"), imageGrid(shown, { title: "Hearts as the networks see them", columns: 8 }));
