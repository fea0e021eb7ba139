/**
 * Writes sizes.svg and variants.svg and prints the tables of the README: test digits told right with variants that are learned, chosen by
 * hand or left out, and how far each learned transformation goes. 5 splits; `--full` takes 20.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NestedArray, RunResult } from "../../index.ts";
import { barChart } from "../../plot/bars.ts";
import { imageGrid } from "../../plot/image-grid.ts";
import {
  deviation,
  flat,
  markdownTable,
  mean,
  meanAndDeviation,
  numberOf,
  prepared,
  range,
  reseeded,
} from "../study.ts";
import { transformations } from "./transformations.ts";

const splits = process.argv.includes("--full") ? 20 : 5;
const beside = (name: string): string => join(import.meta.dirname, name);
const names = Object.keys(transformations);

/** The penalty alone is learned. */
const held =
  (sizeOf: (name: string) => number) =>
  (text: string): string =>
    text
      .replace(/var size.*/, `let size = [${names.map((name) => Math.log(sizeOf(name))).join(", ")}]`)
      .replace("size, rho", "rho");

const ways: Readonly<Record<string, (text: string) => string>> = {
  "no variants": held(() => 1e-6),
  "half a pixel to any side": held((name) => (name === "right" || name === "down" ? 0.5 : 1e-6)),
  "a quarter of everything": held(() => 0.25),
  learned: (text) => text,
};

const found = new Map<string, RunResult[]>();
for (const split of range(splits))
  for (const [name, edit] of Object.entries(ways)) {
    const problem = await prepared(beside("augmentation.bilevel"), { edit: (text) => edit(reseeded(split)(text)) });
    found.set(name, [...(found.get(name) ?? []), await problem.solve()]);
  }

console.log(
  markdownTable(
    ["variants", "right on test digits, %", "held-out loss", "steps", "seconds"],
    [...found].map(([name, results]) => [
      name,
      meanAndDeviation(
        results.map(({ reports }) => 100 * numberOf(reports.test_accuracy)),
        1,
      ),
      meanAndDeviation(
        results.map(({ value }) => value),
        3,
      ),
      mean(results.map(({ steps }) => steps)).toFixed(0),
      mean(results.map(({ seconds }) => seconds)).toFixed(1),
    ]),
  ),
);

const learned = found.get("learned") ?? [];
const sizes = names.map((_, k) => learned.map(({ reports }) => flat(reports.deviations as NestedArray)[k] as number));
console.log(`\n${markdownTable(names, [sizes.map((values) => meanAndDeviation(values, 2))])}`);
writeFileSync(
  beside("sizes.svg"),
  barChart([{ name: "learned", values: sizes.map(mean), errors: sizes.map(deviation) }], {
    title: `How far each transformation goes, ${splits} splits`,
    groups: names,
    xLabel: "transformation",
    yLabel: "deviation",
  }),
);

const picture = (pixels: readonly number[]) => ({ pixels: range(8).map((row) => pixels.slice(8 * row, 8 * row + 8)) });
const variants = learned[0]?.reports.variants as readonly NestedArray[];
writeFileSync(
  beside("variants.svg"),
  imageGrid(
    variants.map((row) => picture(flat(row))),
    { title: "Learned variants of one digit", columns: 8 },
  ),
);
