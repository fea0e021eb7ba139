/** How near a grid, Sobol points, Bayesian optimisation and hypergradients come to the best penalties, point by point. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RunResult } from "../../index.ts";
import { lineChart, type Series } from "../../plot/chart.ts";
import { prepared } from "../study.ts";

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function run(method: string, seed: number, starts: number): Promise<RunResult> {
  const edit = (text: string): string => text.replace(/solve \{[\s\S]*\}/, `solve { method: ${method} seed: ${seed} }`);
  return (await prepared(beside("search.bilevel"), { edit })).solve({ starts });
}

/** The best value after each point. */
const bestSoFar = ({ trace }: RunResult): readonly number[] => {
  let best = Number.POSITIVE_INFINITY;
  return trace.map(({ value }) => {
    best = Math.min(best, value);
    return best;
  });
};

/** Of all starts, where there were several. */
const pointsOf = ({ trace, starts }: RunResult): number =>
  starts === undefined ? trace.length : starts.reduce((sum, { steps = 0 }) => sum + steps + 1, 0);

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] as number) + (sorted[Math.ceil((sorted.length - 1) / 2)] as number)) /
    2
  );
};

const seeds = [0, 1, 2, 3, 4];
const methods = [
  { name: "grid", method: "grid(points: 8)", seeds: [0], starts: 1 },
  { name: "random", method: "random(points: 64)", seeds, starts: 1 },
  { name: "bayes", method: "bayes(points: 40)", seeds, starts: 1 },
  { name: "hypergradient", method: "auto", seeds: [0], starts: 1 },
  { name: "from 8 starts", method: "auto", seeds, starts: 8 },
];

const runs: { readonly name: string; readonly method: string; readonly results: readonly RunResult[] }[] = [];
for (const { name, method, seeds: own, starts } of methods) {
  const results: RunResult[] = [];
  for (const seed of own) results.push(await run(method, seed, starts));
  runs.push({ name, method: starts === 1 ? method : `${method}, ${starts} starts`, results });
}

const least = Math.min(...runs.flatMap(({ results }) => results.map(({ value }) => value)));
console.log(`least loss on the validation rows: ${least.toFixed(10)}`);
console.log("method                points or steps   loss less the least   gradient norm   seconds");
for (const { method, results } of runs) {
  const columns = [
    median(results.map(pointsOf)).toFixed(0).padStart(15),
    median(results.map(({ value }) => value - least))
      .toExponential(1)
      .padStart(21),
    median(results.map(({ gradient_norm }) => gradient_norm))
      .toExponential(1)
      .padStart(15),
    median(results.map(({ seconds }) => seconds))
      .toFixed(2)
      .padStart(9),
  ];
  console.log(`${method.padEnd(22)}${columns.join(" ")}`);
}

const floor = 1e-9;
// The trace of several starts is that of the best, which says nothing of the others' points.
const drawn = runs.filter(({ results }) => results.every(({ starts }) => starts === undefined));
const series = drawn.map(({ name, results }): Series => {
  const curves = results.map(bestSoFar);
  const length = Math.min(...curves.map((curve) => curve.length));
  const x = Array.from({ length }, (_, k) => k + 1);
  const at = (pick: (values: readonly number[]) => number): readonly number[] =>
    x.map((_, k) => Math.max(floor, pick(curves.map((curve) => (curve[k] as number) - least))));
  const band = { low: at((values) => Math.min(...values)), high: at((values) => Math.max(...values)) };
  return { name, x, y: at(median), style: "steps", ...(results.length > 1 && { band }) };
});

const svg = lineChart(series, {
  title: "Loss on the validation rows, less the least",
  xLabel: "points tried, or outer steps",
  yLabel: "best so far",
  xScale: "log",
  yScale: "log",
});
writeFileSync(beside("figure.svg"), svg);
