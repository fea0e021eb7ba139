/**
 * Writes figure.svg and prints the table of the README: classifiers fitted to ten made-up images beside those fitted to real ones. 5 splits;
 * `--full` takes 20.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NestedArray, RunResult } from "../../index.ts";
import { imageGrid } from "../../plot/image-grid.ts";
import { createRandom } from "../../runtime/random.ts";
import { csvTable, flat, markdownTable, mean, meanAndDeviation, numberOf, prepared, range } from "../study.ts";

const splits = process.argv.includes("--full") ? 20 : 5;
const beside = (name: string): string => join(import.meta.dirname, name);
const [header = "", ...lines] = readFileSync(beside("../equilibrium-digits/digits.csv"), "utf8").trim().split("\n");
const images = lines.map((line) => line.split(",").map(Number));

type Rows = readonly (readonly number[])[];
const digitOf = (row: readonly number[]): number => row.at(-1) as number;
const tableOf = (rows: Rows): Uint8Array => csvTable([header], rows);

async function resultOf(program: string, tables: Readonly<Record<string, Uint8Array>>): Promise<RunResult> {
  return (await prepared(beside(program), { tables })).solve();
}

/** Of the rows that show one digit, the mean. */
function average(rows: Rows): readonly number[] {
  return range((rows[0] as readonly number[]).length).map((j) => mean(rows.map((row) => row[j] as number)));
}

const found = new Map<string, RunResult[]>();
const note = (name: string, result: RunResult): void => void found.set(name, [...(found.get(name) ?? []), result]);
const drawn: Rows[] = [];
for (const split of range(splits)) {
  const rows = [...createRandom(split).permutation(images.length)].map((at) => images[at] as readonly number[]);
  const all = tableOf(rows);
  const train = rows.slice(0, Math.floor(rows.length / 2));
  const ofDigit = range(10).map((digit) => train.filter((row) => digitOf(row) === digit));
  const ten = ofDigit.map((own) => own[0] as readonly number[]);
  drawn.push(ten);
  note("10 made-up images", await resultOf("distillation.bilevel", { all }));
  note("10 real images", await resultOf("classifier.bilevel", { all, seen: tableOf(ten) }));
  note(
    "10 means of a digit's images",
    await resultOf("classifier.bilevel", { all, seen: tableOf(ofDigit.map(average)) }),
  );
  note(`all ${train.length} images`, await resultOf("classifier.bilevel", { all, seen: tableOf(train) }));
}

console.log(
  markdownTable(
    ["fitted to", "right on the images that were distilled, %", "on test images, %", "seconds"],
    [...found].map(([name, results]) => [
      name,
      meanAndDeviation(
        results.map(({ reports }) => 100 * numberOf(reports.train_accuracy)),
        1,
      ),
      meanAndDeviation(
        results.map(({ reports }) => 100 * numberOf(reports.test_accuracy)),
        1,
      ),
      mean(results.map(({ seconds }) => seconds)).toFixed(1),
    ]),
  ),
);

const made = found.get("10 made-up images")?.[0]?.upper.made as readonly NestedArray[];
const picture = (pixels: readonly number[]) => ({ pixels: range(8).map((row) => pixels.slice(8 * row, 8 * row + 8)) });
writeFileSync(
  beside("figure.svg"),
  imageGrid([...made.map((row) => picture(flat(row))), ...(drawn[0] ?? []).map((row) => picture(row.slice(0, -1)))], {
    title: "Made-up images, and real ones",
  }),
);
