/**
 * Writes figure.svg and prints the table of the README: how far the predictions of a trained network (relative) and its
 * hypergradient are from their limits, against width. By default to width 1024 in 5 draws of network and data; `--full` goes to 8192 in 20.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lineChart, type Series } from "../../plot/chart.ts";
import {
  flat,
  logSlope,
  markdownTable,
  mean,
  meanAndDeviation,
  meanWithBand,
  numberOf,
  prepared,
  range,
  reseeded,
} from "../study.ts";

const isFull = process.argv.includes("--full");
const draws = isFull ? 20 : 5;
const widths = [16, 32, 64, 128, 256, 512, 1024, ...(isFull ? [2048, 4096, 8192] : [])];

async function answerOf(program: string, draw: number, width = 256) {
  const edit = (text: string): string => reseeded(draw)(text).replaceAll("256", String(width));
  const problem = await prepared(join(import.meta.dirname, program), { edit });
  const { gradient } = problem.gradient();
  const { reports } = await problem.solve();
  const [predictions, way] = [flat(reports.predictions ?? []), numberOf(reports.way)];
  return { slope: numberOf(gradient.rho), predictions, way };
}

const norm = (values: readonly number[]): number => Math.hypot(...values);
const limits: Awaited<ReturnType<typeof answerOf>>[] = [];
for (const draw of range(draws)) limits.push(await answerOf("kernel.bilevel", draw));

/** The limit of one draw beside the network of that draw. */
async function distanceOf(draw: number, width: number) {
  const limit = limits[draw] as (typeof limits)[number];
  const { predictions, slope, way } = await answerOf("network.bilevel", draw, width);
  const off = predictions.map((value, i) => value - (limit.predictions[i] as number));
  return { prediction: norm(off) / norm(limit.predictions), slope: Math.abs(slope - limit.slope), way };
}
const found: Awaited<ReturnType<typeof distanceOf>>[][] = [];
for (const width of widths) {
  const own: (typeof found)[number] = [];
  for (const draw of range(draws)) own.push(await distanceOf(draw, width));
  found.push(own);
}
const [predictions, slopes, ways] = (["prediction", "slope", "way"] as const).map((key) =>
  found.map((own) => own.map((distance) => distance[key])),
) as [number[][], number[][], number[][]];

console.log(
  markdownTable(
    ["width", "predictions", "hypergradient", "way of the weights"],
    widths.map((width, k) => [
      width,
      meanAndDeviation(predictions[k] ?? [], 4),
      meanAndDeviation(slopes[k] ?? [], 4),
      meanAndDeviation(ways[k] ?? [], 3),
    ]),
  ),
);
const series: Series[] = [];
for (const [name, lists] of [
  ["predictions", predictions],
  ["hypergradient", slopes],
] as const) {
  const { slope, error } = logSlope(widths, lists.map(mean));
  console.log(`${name}: the distance falls as width to the ${slope.toFixed(2)} ± ${error.toFixed(2)}`);
  series.push({ name, x: widths, ...meanWithBand(lists) });
}
const first = mean(predictions[0] ?? []);
series.push({
  name: "width^(−1/2)",
  x: widths,
  y: widths.map((width) => first * Math.sqrt((widths[0] as number) / width)),
  dashed: true,
});
writeFileSync(
  join(import.meta.dirname, "figure.svg"),
  lineChart(series, {
    title: `Networks and their limit, ${draws} draws`,
    xLabel: "width",
    yLabel: "distance to the limit",
    xScale: "log",
    yScale: "log",
  }),
);
