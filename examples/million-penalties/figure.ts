/**
 * Writes figure.svg and prints the table of the README: held-out loss and test digits told right with one penalty, held or learned, and one
 * a weight. 12 upper steps on one split; `--full` takes 200 on 5.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../index.ts";
import { lineChart } from "../../plot/chart.ts";
import { flatten } from "../../runtime/values.ts";
import { markdownTable, mean, medianWithBand, numberOf, prepared, range, reseeded } from "../study.ts";

const [steps, splits] = process.argv.includes("--full") ? [200, 5] : [12, 1];

type Edit = (text: string) => string;
const single: Edit = (text) =>
  text
    .replace(/var P1: real\[.*\]/, "var P1: real")
    .replace(/var P[23].*/g, "")
    .replace("P1, P2, P3", "P1")
    .replace(/exp\(P[23]\)/g, "exp(P1)");

const ways: Readonly<Record<string, Edit>> = {
  "one a weight, Neumann": (text) => text,
  "one a weight, identity": (text) => text.replace(/adjoint:.*/, "adjoint: identity"),
  "one, Neumann": single,
  "one, held": (text) => single(text).replace(/outer:.*/, "outer: adam(rate: 1e-12)"),
};

const found: (readonly RunResult[])[] = [];
for (const [name, edit] of Object.entries(ways)) {
  const results: RunResult[] = [];
  for (const split of range(splits)) {
    const changed: Edit = (text) => edit(reseeded(split)(text)).replace(/steps:.*/, `steps: ${steps}`);
    const problem = await prepared(join(import.meta.dirname, "weights.bilevel"), { edit: changed });
    results.push(await problem.solve());
  }
  found.push(results);
  console.error(name, mean(results.map(({ value }) => value)));
}

const names = Object.keys(ways);
const average = (results: readonly RunResult[], of: (result: RunResult) => number): number => mean(results.map(of));
console.log(
  markdownTable(
    ["penalties", "how many", "held-out loss", "right on held-out digits, %", "on test digits, %", "seconds a step"],
    found.map((results, k) => [
      names[k] as string,
      flatten(Object.values((results[0] as RunResult).upper)).length,
      average(results, ({ value }) => value).toFixed(4),
      average(results, ({ reports }) => 100 * numberOf(reports.valid_accuracy)).toFixed(1),
      average(results, ({ reports }) => 100 * numberOf(reports.test_accuracy)).toFixed(1),
      average(results, (result) => result.seconds / result.steps).toFixed(2),
    ]),
  ),
);
console.log(`\nat most ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GB`);

writeFileSync(
  join(import.meta.dirname, "figure.svg"),
  lineChart(
    found.map((results, k) => ({
      name: names[k] as string,
      x: range(steps + 1),
      ...medianWithBand(range(steps + 1).map((step) => results.map(({ trace }) => trace[step]?.value ?? Number.NaN))),
    })),
    { title: "Loss on held-out digits", xLabel: "upper steps", yLabel: "cross entropy" },
  ),
);
