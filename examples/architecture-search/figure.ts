/**
 * Writes figure.svg and prints the table of the README: where the networks that searches choose stand among all 64, each of which is fitted
 * by itself. 2 splits; `--full` takes 10.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NestedArray, RunResult } from "../../index.ts";
import { lineChart } from "../../plot/chart.ts";
import { flat, markdownTable, mean, meanAndDeviation, numberOf, prepared, range, reseeded } from "../study.ts";

const splits = process.argv.includes("--full") ? 10 : 2;
const operations = 4;
const networks = range(operations ** 3);

type Edit = (text: string) => string;
const resultOf = async (program: string, split: number, edit: Edit, set = new Map<string, number>()) =>
  (await prepared(join(import.meta.dirname, program), { edit: (text) => edit(reseeded(split)(text)), set })).solve();

const searches: Readonly<Record<string, Edit>> = {
  "through one step": (text) => text,
  "first order": (text) => text.replace("solve {", "solve {\n  method: analytic"),
};

// ------------------------------------------------------------------------------------------------- every network by itself

interface Fitted {
  readonly loss: number;
  /** In per cent. */
  readonly test: number;
}

/** The three operations are the digits of its number. */
const operationOf = (network: number, edge: number): number =>
  Math.floor(network / operations ** (2 - edge)) % operations;

async function fitted(network: number, split: number): Promise<Fitted> {
  const set = new Map(["on_first", "on_second", "on_third"].map((name, edge) => [name, operationOf(network, edge)]));
  const { reports } = await resultOf("architecture.bilevel", split, (text) => text, set);
  return { loss: numberOf(reports.valid_loss), test: 100 * numberOf(reports.test_accuracy) };
}

// ------------------------------------------------------------------------------------------------- what searches choose

/** The network with the largest share on each edge. */
const chosenBy = ({ reports }: RunResult): number =>
  (reports.mixture as readonly NestedArray[])
    .map(flat)
    .reduce((network, shares) => operations * network + shares.indexOf(Math.max(...shares)), 0);

interface Choice extends Fitted {
  /** By loss, from 1. */
  readonly rank: number;
  readonly seconds: number;
}

const ranked: (readonly Fitted[])[] = [];
const choices = new Map<string, Choice[]>();
for (const split of range(splits)) {
  const began = performance.now();
  const all: Fitted[] = [];
  for (const network of networks) all.push(await fitted(network, split));
  const order = all.toSorted((a, b) => a.loss - b.loss);
  ranked.push(order);
  const choose = (name: string, network: Fitted, seconds: number): void =>
    void choices.set(name, [...(choices.get(name) ?? []), { ...network, rank: order.indexOf(network) + 1, seconds }]);
  choose("all 64, each fitted", order[0] as Fitted, (performance.now() - began) / 1000);
  for (const [name, edit] of Object.entries(searches)) {
    const result = await resultOf("search.bilevel", split, edit);
    choose(name, all[chosenBy(result)] as Fitted, result.seconds);
  }
  choose("the median network", order[networks.length / 2] as Fitted, Number.NaN);
}

console.log(
  markdownTable(
    ["search", "rank of its network among 64", "held-out loss", "right on test digits, %", "seconds"],
    [...choices].map(([name, own]) => [
      name,
      own.map(({ rank }) => rank).join(", "),
      meanAndDeviation(
        own.map(({ loss }) => loss),
        3,
      ),
      meanAndDeviation(
        own.map(({ test }) => test),
        1,
      ),
      Number.isNaN(own[0]?.seconds) ? "" : mean(own.map(({ seconds }) => seconds)).toFixed(0),
    ]),
  ),
);
writeFileSync(
  join(import.meta.dirname, "figure.svg"),
  lineChart(
    [
      ...ranked.map((order, split) => ({
        name: `split ${split + 1}`,
        x: networks.map((k) => k + 1),
        y: order.map(({ loss }) => loss),
        style: "steps" as const,
      })),
      ...Object.keys(searches).map((name) => ({
        name,
        x: (choices.get(name) ?? []).map(({ rank }) => rank),
        y: (choices.get(name) ?? []).map(({ loss }) => loss),
        style: "points" as const,
      })),
    ],
    { title: "64 networks fitted one by one, best first", xLabel: "rank", yLabel: "held-out loss", yScale: "log" },
  ),
);
