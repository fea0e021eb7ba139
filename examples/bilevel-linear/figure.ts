/** What the leader gets at each x when the follower has answered, and the global optimum: node examples/bilevel-linear/figure.ts */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BilevelError, compile } from "../../index.ts";
import { lineChart } from "../../plot/chart.ts";

const file = fileURLToPath(new URL("bard-1998.bilevel", import.meta.url));
const text = readFileSync(file, "utf8");
const { problem, diagnostics } = await compile(text, { file });
if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));

/** NaN where the follower has no answer. */
function valueAt(x: number): number {
  try {
    return problem?.gradient({ x }).value ?? Number.NaN;
  } catch (error) {
    if (error instanceof BilevelError) return Number.NaN;
    throw error;
  }
}

const { problem: local } = await compile(text.replace("method: kkt", "method: aid"), { file });
const descended = await local?.solve();
console.log(`descent from x = 1.3: x = ${descended?.upper.x}, value ${descended?.value}, ${descended?.status}`);
const { value, upper, lower } = await problem.solve();
console.log(`x = ${upper.x}, y = ${lower.y}, value ${value}; published: x = 4, y = 4, value -12`);
const xs = Array.from({ length: 151 }, (_, k) => 0.95 + k * 0.0205);
const svg = lineChart(
  [
    { name: "with the answer", x: xs, y: xs.map(valueAt) },
    {
      name: "where descent stops",
      x: [descended?.upper.x as number],
      y: [descended?.value as number],
      style: "points",
    },
    { name: "global optimum", x: [upper.x as number], y: [value], style: "points" },
  ],
  { title: "What the leader gets when the follower has answered", xLabel: "x", yLabel: "x − 4 y" },
);
writeFileSync(new URL("figure.svg", import.meta.url), svg);
