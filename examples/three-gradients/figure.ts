/** Errors of the three gradients after t steps of descent, and the rates they fall at. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile, type Prepared } from "../../index.ts";
import { lineChart, type Series } from "../../plot/chart.ts";

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const file = beside("three-gradients.bilevel");
const source = readFileSync(file, "utf8");

async function prepared(text: string, set: ReadonlyMap<string, number> = new Map()): Promise<Prepared> {
  const { problem, diagnostics } = await compile(text, { file, set, allowRead: [beside("..")] });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return problem;
}

const flat = (value: unknown): readonly number[] => (Array.isArray(value) ? value.flatMap(flat) : [value as number]);
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((x, i) => x - (b[i] as number)));

// Without its steps the lower level is solved to the end: the exact gradient.
const solved = await prepared(source.replace(/by descent\(.*\)/, ""));
const exact = flat(solved.gradient().gradient.centre);

const times = [1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120, 140, 160];
const errors = new Map<string, number[]>();
for (const t of times) {
  const { estimators } = (await prepared(source, new Map([["T", t]]))).gradcheck();
  for (const { name, gradient } of estimators) {
    const error = distance(flat(gradient.centre), exact);
    errors.set(name, [...(errors.get(name) ?? []), error]);
  }
}

/** The slope of log error against t between two indices of `times`: least squares. */
function slope(values: readonly number[], from: number, to: number): number {
  const x = times.slice(from, to);
  const y = values.slice(from, to).map(Math.log);
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((s, v, i) => s + (v - mx) * ((y[i] as number) - my), 0) / x.reduce((s, v) => s + (v - mx) ** 2, 0);
}

const [analytic = [], automatic = [], implicit = []] = ["analytic", "automatic", "implicit"].map(
  (word) => [...errors].find(([name]) => name.startsWith(word))?.[1],
);
const [from, to] = [times.indexOf(60), times.indexOf(140) + 1];
const rate = slope(analytic, from, to);
console.log(`kappa = ${Math.exp(rate).toFixed(4)}`);
for (const [name, values] of errors)
  console.log(`${name.padEnd(20)} falls as kappa^(${(slope(values, from, to) / rate).toFixed(2)} t)`);

/** A line of the predicted slope beside the curve, three times as high where the fit begins. */
const predicted = (name: string, values: readonly number[], power: number): Series => ({
  name,
  x: times,
  y: times.map((t) => 3 * (values[from] as number) * Math.exp(power * rate * (t - (times[from] as number)))),
  dashed: true,
});
const floor = 1e-16;
const shown = (values: readonly number[]): readonly number[] =>
  values.map((value) => (value > floor ? value : Number.NaN));
const above = (series: Series): Series => ({ ...series, y: shown(series.y) });
const chart = lineChart(
  [
    { name: "analytic", x: times, y: shown(analytic) },
    { name: "automatic", x: times, y: shown(automatic) },
    { name: "implicit", x: times, y: shown(implicit) },
    above(predicted("κᵗ", analytic, 1)),
    above(predicted("κ²ᵗ", automatic, 2)),
  ],
  {
    title: "Three gradients after t steps of descent",
    xLabel: "steps t",
    yLabel: "distance to the exact gradient",
    yScale: "log",
  },
);
writeFileSync(beside("figure.svg"), chart);
