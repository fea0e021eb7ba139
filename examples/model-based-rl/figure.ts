/**
 * Returns in CartPole over steps, for models that are chosen in three ways, with enough units and with too few: a table and a figure.
 * `--seeds 5 --steps 2400` are the defaults; `--full` takes 10 seeds, 20 000 steps and batches of 256.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compile } from "../../index.ts";
import { lineChart, type Series } from "../../plot/chart.ts";
import { markdownTable, mean, medianAndQuartiles, medianWithBand } from "../study.ts";
import { experience } from "./agent.ts";

const { values: given } = parseArgs({
  options: {
    seeds: { type: "string", default: "5" },
    steps: { type: "string", default: "2400" },
    full: { type: "boolean", default: false },
  },
});
const [seeds, steps, batch] = given.full ? [10, 20_000, 256] : [Number(given.seeds), Number(given.steps), 128];
const evaluateEvery = steps / 8;

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const functional = readFileSync(beside("cartpole.bilevel"), "utf8").replace("steps: 4000", `steps: ${steps}`);
const bellman = "(q(s)[a] - (r + gamma * goes_on * best(next)))^2";
const ways: Readonly<Record<string, string>> = {
  functional,
  "implicit on weights": functional.replace("adjoint: adam(rate: 3e-3, max: 2)", "method: aid adjoint: identity"),
  "maximum likelihood": functional
    .replace(bellman, "sumsq(s + 0.1 * told(s, a)[0:4] - next) + (told(s, a)[4] - r)^2")
    .replace("adjoint: adam(rate: 3e-3, max: 2)", ""),
};
const units = { "32 units": "hidden: [32], act", "3 units": "hidden: [3], act" } as const;

interface Curve {
  readonly step: number[];
  readonly value: number[];
}

/** Returns of greedy episodes along one run. */
async function run(program: string, seed: number): Promise<Curve> {
  const curve: Curve = { step: [], value: [] };
  const batches = experience({ seed, batch, exploring: 0.1, evaluateEvery, episodes: 10 }, (step, value) => {
    curve.step.push(step);
    curve.value.push(value);
  });
  const { problem, diagnostics } = await compile(program.replaceAll("seed: 0", `seed: ${seed}`), {
    file: beside("cartpole.bilevel"),
    streams: new Map([["seen", batches]]),
  });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  await problem.solve();
  return curve;
}

const table: string[][] = [];
for (const [size, hidden] of Object.entries(units)) {
  const series: Series[] = [];
  for (const [name, program] of Object.entries(ways)) {
    const began = performance.now();
    const curves: Curve[] = [];
    for (let seed = 1; seed <= seeds; seed += 1)
      curves.push(await run(program.replace(units["32 units"], hidden), seed));
    const x = (curves[0] as Curve).step;
    const at = x.map((_, k) => curves.map(({ value }) => value[k] as number));
    series.push({ name, x, ...medianWithBand(at) });
    const late = curves.map(({ value }) => mean(value.slice(value.length / 2)));
    const seconds = (performance.now() - began) / 1000 / seeds;
    table.push([name, size, medianAndQuartiles(late, 0), seconds.toFixed(0)]);
  }
  const chart = lineChart(series, {
    title: `CartPole, a model of ${size}: median and quartiles of ${seeds} seeds`,
    xLabel: "steps",
    yLabel: "return of the best action",
  });
  writeFileSync(beside(size === "32 units" ? "figure.svg" : "figure-small.svg"), chart);
}
console.log(
  markdownTable(["model", "units", "mean return of the last half: median (quartiles)", "seconds a run"], table),
);
