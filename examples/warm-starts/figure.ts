/**
 * Writes figure.svg and prints the table of the README: the loss on fresh rows after 1000 upper steps, for lower levels that begin afresh
 * each time or where the last step left off. 5 draws of everything; `--full` takes 20.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Value } from "../../index.ts";
import { barChart } from "../../plot/bars.ts";
import { deviation, markdownTable, mean, meanAndDeviation, numberOf, prepared, range, reseeded } from "../study.ts";

const file = join(import.meta.dirname, "warm-starts.bilevel");
const draws = process.argv.includes("--full") ? 20 : 5;
const counts = [1, 2, 4, 8];

const written = "selected from previous by descent(steps: 1, rate: 0.01)";
const selections = {
  "cold, 20 steps": "selected from 0 * phases.b by descent(steps: 20, rate: 0.5)",
  "warm, 20 steps": "selected from previous by descent(steps: 20, rate: 0.5)",
  "warm, a short step": written,
};
const cold = (text: string): string => text.replace(written, selections["cold, 20 steps"]);

async function runOf(count: number, edit: (text: string) => string) {
  const { upper, reports } = await (await prepared(file, { edit, set: new Map([["k", count]]) })).solve();
  return { upper, loss: numberOf(reports.loss), right: numberOf(reports.share_right) };
}

/** The program at given made-up rows, with a lower level that begins afresh. */
const refitted =
  (upper: Readonly<Record<string, Value>>) =>
  (text: string): string =>
    cold(text)
      .replace("init begin.x", `init ${JSON.stringify(upper.made)}`)
      .replace("real[k] init 0", `real[k] init ${JSON.stringify(upper.answer)}`)
      .replace("steps: 1000", "steps: 0");

type Outcomes = Map<string, { readonly loss: number; readonly right: number }[]>;
async function outcomesOf(count: number): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const note = (name: string, outcome: { readonly loss: number; readonly right: number }): void =>
    void outcomes.set(name, [...(outcomes.get(name) ?? []), outcome]);
  for (const draw of range(draws)) {
    const drawn = reseeded(draw);
    for (const [name, selection] of Object.entries(selections)) {
      const outcome = await runOf(count, (text) => drawn(text).replace(written, selection));
      note(name, outcome);
      if (selection === written)
        note("its rows, fitted afresh", await runOf(count, (text) => refitted(outcome.upper)(drawn(text))));
    }
  }
  return outcomes;
}

const table: string[][] = [];
const losses = new Map<string, (readonly number[])[]>();
for (const count of counts) {
  const outcomes = await outcomesOf(count);
  const cells = [...outcomes].map(([name, found]) => {
    const loss = found.map((outcome) => outcome.loss);
    losses.set(name, [...(losses.get(name) ?? []), loss]);
    return `${meanAndDeviation(loss, 2)}, ${(100 * mean(found.map(({ right }) => right))).toFixed(0)} %`;
  });
  table.push([String(count), ...cells]);
}
console.log(markdownTable(["made-up rows", ...losses.keys()], table));
writeFileSync(
  join(import.meta.dirname, "figure.svg"),
  barChart(
    [...losses].map(([name, lists]) => ({ name, values: lists.map(mean), errors: lists.map(deviation) })),
    {
      title: `Loss on fresh rows, ${draws} draws`,
      groups: counts.map((count) => `${count} made-up`),
      xLabel: "rows that the lower level sees",
      yLabel: "mean squared error",
    },
  ),
);
