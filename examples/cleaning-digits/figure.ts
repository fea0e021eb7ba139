/**
 * Writes figure.svg and curves.svg and prints the tables of the README: what cleaning gains where half, 70 % and 90 % of the labels are
 * wrong, and how methods get there. 100 known digits, 900 to clean and 5 draws of both; `--full` takes 20.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparisonChart, comparisonMarkdown } from "../../cli/comparison-page.ts";
import type { RunResult } from "../../index.ts";
import { barChart } from "../../plot/bars.ts";
import { createRandom } from "../../runtime/random.ts";
import {
  compared,
  csvTable,
  deviation,
  markdownTable,
  mean,
  meanAndDeviation,
  numberOf,
  prepared,
  range,
} from "../study.ts";

const draws = process.argv.includes("--full") ? 20 : 5;
const shares = [0.5, 0.7, 0.9];
const known = 100;

const beside = (name: string): string => join(import.meta.dirname, name);
const linesOf = (name: string): readonly string[] => readFileSync(beside(name), "utf8").trim().split("\n");
const files = ["digits-train-clean.csv", "digits-valid.csv", "digits-test.csv"].map(linesOf);
const header = files[0]?.[0] ?? "";
const digits = files.flatMap((lines) => lines.slice(1)).map((line) => line.split(",").map(Number));

/** Each label is wrong with probability `share`, and then one of the other nine. */
function tables(share: number, draw: number) {
  const random = createRandom(draw);
  const rows = [...random.permutation(digits.length)].map((at) => digits[at] as readonly number[]);
  const right = rows.slice(0, 900);
  const corrupted = right.map((row) => {
    const [isWrong, other] = [random.uniform() < share, 1 + Math.floor(9 * random.uniform())];
    return isWrong ? row.with(-1, ((row.at(-1) as number) + other) % 10) : row;
  });
  const tableOf = (part: readonly (readonly number[])[]): Uint8Array => csvTable([header], part);
  const [valid, test] = [rows.slice(900, 900 + known), rows.slice(900 + known)];
  return { train: tableOf(corrupted), clean: tableOf(right), valid: tableOf(valid), test: tableOf(test) };
}

const fits = {
  "all labels": "accuracy_dirty",
  "weighted rows": "accuracy_cleaned",
  "right labels": "accuracy_clean",
  [`the ${known} known`]: "accuracy_known",
} as const;

const percent = (results: readonly RunResult["reports"][], name: string): readonly number[] =>
  results.map((reports) => 100 * numberOf(reports[name]));

const found: (readonly RunResult["reports"][])[] = [];
for (const share of shares) {
  const results: RunResult["reports"][] = [];
  for (const draw of range(draws)) {
    const { train, clean, valid, test } = tables(share, draw);
    const cleaning = await prepared(beside("cleaning.bilevel"), { tables: { train, clean, valid, test } });
    const alone = await prepared(beside("known.bilevel"), { tables: { valid, test } });
    results.push({ ...(await cleaning.solve()).reports, ...(await alone.solve()).reports });
  }
  found.push(results);
}
console.log(
  markdownTable(
    ["wrong labels", ...Object.keys(fits), "F1 of the rows dropped"],
    found.map((results, k) => [
      `${100 * (shares[k] as number)} %`,
      ...Object.values(fits).map((name) => `${meanAndDeviation(percent(results, name), 1)} %`),
      meanAndDeviation(
        results.map((reports) => numberOf(reports.f1_of_dropped_rows)),
        2,
      ),
    ]),
  ),
);
writeFileSync(
  beside("figure.svg"),
  barChart(
    Object.entries(fits).map(([name, report]) => {
      const lists = found.map((results) => percent(results, report));
      return { name, values: lists.map(mean), errors: lists.map(deviation) };
    }),
    {
      title: `A classifier fitted to ..., ${draws} draws`,
      groups: shares.map((share) => `${100 * share} % wrong`),
      xLabel: "training labels",
      yLabel: "right on test digits, %",
    },
  ),
);

const runs = await compared(
  beside("cleaning.bilevel"),
  { exact: { aid: "method: aid" }, drawing: ["soba", "saba", "amigo", "stocbio"], seeds: 3 },
  { seconds: 5 },
);
console.log(`\n${comparisonMarkdown(runs, "method")}`);
writeFileSync(
  beside("curves.svg"),
  comparisonChart(runs, "seconds", "value", "Loss on the known digits, half of the labels wrong") ?? "",
);
