/**
 * Estimates of the structural function over draws of the demand design: a table and a figure. By default 1000 rows and 5 seeds;
 * `--full` takes 5000 rows, 20 seeds, more correlations
 * and kernel bilevel, too.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "../../index.ts";
import { lineChart } from "../../plot/chart.ts";
import { demandRows, demandTable } from "./demand.ts";

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const text = (name: string): string => readFileSync(beside(name), "utf8");
const isFull = process.argv.includes("--full");
const [rows, seedCount, correlations] = isFull ? [5000, 20, [0.1, 0.25, 0.5, 0.75, 0.9]] : [1000, 5, [0.1, 0.5, 0.9]];
const seeds = Array.from({ length: seedCount }, (_, k) => k + 1);

const demand = text("demand.bilevel");
const solvedBy = (solve: string): string =>
  demand.replace(/solve \{[\s\S]*\}/, `solve { ${solve} outer: adam(rate: 1e-2) steps: 100 }`);
const followed = (program: string): string =>
  program.replace("(h(z) - f(x))^2)", "(h(z) - f(x))^2) selected from previous by descent(steps: 20, rate: 0.05)");

const estimators: Readonly<Record<string, string>> = {
  functional: demand,
  "AID on weights, damped": solvedBy(
    "method: aid inner: adam(rate: 1e-3, max: 20, weight_decay: 3e-3) adjoint: cg(max: 2, damping: 1e-3)",
  ),
  "AID on weights": solvedBy("method: aid inner: adam(rate: 1e-3, max: 20, weight_decay: 3e-3) adjoint: cg(max: 10)"),
  "ITD on weights": followed(solvedBy("method: itd(truncate: 2)")),
  ...(isFull && { "kernel bilevel": text("kernel.bilevel") }),
  "two-stage, linear": text("two-stage.bilevel"),
  regression: text("regression.bilevel"),
};

/** The mean squared error against the structural function, over the grid. */
async function structuralError(program: string, rho: number, seed: number): Promise<number> {
  const train = new TextEncoder().encode(demandTable(demandRows(rows, rho, seed)));
  const { problem, diagnostics } = await compile(program.replaceAll("seed: 0", `seed: ${seed}`), {
    file: beside("demand.bilevel"),
    read: async function* (path) {
      yield path.endsWith("demand-train.csv") ? train : readFileSync(path);
    },
  });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const { reports } = await problem.solve();
  return reports.structural_error as number;
}

const sorted = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] as number;

const medians = new Map<string, number[]>();
console.log(`| estimator | ${correlations.map((rho) => `rho = ${rho}`).join(" | ")} | seconds a run |`);
console.log(`| --- | ${correlations.map(() => "--- |").join(" ")} --- |`);
for (const [name, program] of Object.entries(estimators)) {
  const began = performance.now();
  const cells: string[] = [];
  for (const rho of correlations) {
    const errors: number[] = [];
    for (const seed of seeds) errors.push(await structuralError(program, rho, seed));
    medians.set(name, [...(medians.get(name) ?? []), median(errors)]);
    const [low, high] = [sorted(errors)[0] as number, sorted(errors).at(-1) as number];
    cells.push(`${median(errors).toFixed(0)} (${low.toFixed(0)} to ${high.toFixed(0)})`);
  }
  const seconds = (performance.now() - began) / 1000 / (seeds.length * correlations.length);
  console.log(`| ${name} | ${cells.join(" | ")} | ${seconds.toFixed(1)} |`);
}
const chart = lineChart(
  [...medians].map(([name, y]) => ({ name, x: correlations, y })),
  {
    title: `Error of the structural function, ${rows} rows, median of ${seeds.length} draws`,
    xLabel: "correlation ρ of what moves price and demand unseen",
    yLabel: "mean squared error",
    yScale: "log",
  },
);
writeFileSync(beside(isFull ? "figure-full.svg" : "figure.svg"), chart);
