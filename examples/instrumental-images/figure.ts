/**
 * Writes figure.svg and prints the tables of the README: the error against the structural function, estimate by estimate, with settings
 * chosen on a draw of their own. 1000 images of 16 × 16 pixels and 5 draws; `--full` takes 5000 of 64 × 64.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { barChart } from "../../plot/bars.ts";
import { imageGrid } from "../../plot/image-grid.ts";
import { chosen, estimate, type Sample } from "../instrumental.ts";
import { deviation, markdownTable, mean, medianAndQuartiles, range } from "../study.ts";
import { estimators } from "./estimators.ts";
import { drawn, grid, observed, shrunk } from "./shapes.ts";

const beside = (name: string): string => join(import.meta.dirname, name);
const isFull = process.argv.includes("--full");
const [rows, pixels, draws] = isFull ? [5000, 64, 5] : [1000, 16, 5];

const test = grid(pixels);
const sample = (seed: number): Sample => ({
  tables: { all: observed(rows, pixels, seed), held_all: observed(rows, pixels, seed + 1000), grid: test },
  held: {
    declared: `data held_all: { image: real[k, p], z: real[k, 3], outcome: real[k] } = safetensors("held.safetensors")
data held = standardize(held_all, fields: [z])`,
    missed: "f(image) - outcome / 10",
  },
  seed,
});

const { settings, table: choice } = await chosen(estimators, sample(101));
console.log(`${choice}\n`);
const samples = range(draws).map((draw) => sample(draw + 1));
const errors: (readonly number[])[] = [];
const table: (readonly string[])[] = [];
for (const [name, setting] of settings) {
  const own: number[] = [];
  for (const each of samples) own.push((await estimate(setting, each)).error);
  errors.push(own);
  table.push([name, medianAndQuartiles(own, 1)]);
  console.error(`${name}: ${own.map((error) => error.toFixed(1)).join(", ")}`);
}
console.log(markdownTable(["estimate", "error: median (quartiles)"], table));

const chart = barChart([{ name: "mean and deviation", values: errors.map(mean), errors: errors.map(deviation) }], {
  title: `Error of the structural function, ${rows} images of ${pixels} × ${pixels}, ${draws} draws`,
  groups: [...settings.keys()],
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
