/** The return of the model's policy in the real world, against the norm that the model may have: chosen for the return, or by likelihood. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "../../index.ts";
import { lineChart } from "../../plot/chart.ts";

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const chosen = readFileSync(beside("tabular.bilevel"), "utf8");
const likely = chosen
  .replace("maximize mean(value)", "minimize sumsq(reward - R) - sum(P * log_softmax(logits, axis: 1))")
  .replace("report chosen = policy", "report gained = mean(value)");

const bounds = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4];
const transitions = [
  [0.7, 0.3],
  [0.2, 0.8],
  [0.9, 0.1],
  [0.05, 0.95],
] as const;
const rewards = [-0.4, -0.1, 0.6, 0.3] as const;
const gamma = 0.9;

/** The best return there is, of all policies: value iteration. */
function best(): number {
  let value: readonly number[] = [0, 0];
  for (let k = 0; k < 2000; k += 1) {
    const q = transitions.map(
      (row, i) => (rewards[i] as number) + gamma * row.reduce((sum, p, s) => sum + p * (value[s] as number), 0),
    );
    value = [Math.max(q[0] as number, q[1] as number), Math.max(q[2] as number, q[3] as number)];
  }
  return value.reduce((a, b) => a + b) / 2;
}

async function returnOf(program: string, bound: number): Promise<number> {
  const { problem, diagnostics } = await compile(program, {
    file: beside("tabular.bilevel"),
    set: new Map([["bound", bound]]),
  });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const { value, reports } = await problem.solve();
  return (reports.gained as number | undefined) ?? value;
}

const optimum = best();
const rows: { readonly bound: number; readonly forReturn: number; readonly byLikelihood: number }[] = [];
console.log(`optimum ${optimum.toFixed(6)}`);
console.log("| bound | for the return | by likelihood |\n| --- | --- | --- |");
for (const bound of bounds) {
  const row = { bound, forReturn: await returnOf(chosen, bound), byLikelihood: await returnOf(likely, bound) };
  rows.push(row);
  console.log(`| ${bound} | ${row.forReturn.toFixed(6)} | ${row.byLikelihood.toFixed(6)} |`);
}
const chart = lineChart(
  [
    { name: "optimum", x: bounds, y: bounds.map(() => optimum), dashed: true },
    { name: "model chosen for the return", x: bounds, y: rows.map(({ forReturn }) => forReturn) },
    { name: "maximum likelihood", x: bounds, y: rows.map(({ byLikelihood }) => byLikelihood) },
  ],
  {
    title: "A model with a bounded norm",
    xLabel: "bound on the norm of the model",
    yLabel: "return of its policy",
    xScale: "log",
  },
);
writeFileSync(beside("figure-tabular.svg"), chart);
