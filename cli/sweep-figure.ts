/** What a sweep found against the first number that it swept over; the other settings tell the curves apart. */
import { lineChart } from "../plot/chart.ts";
import { type ComparedRun, type MethodSummary, summarise } from "../runtime/comparison.ts";

/** Values further apart than this factor stand on a logarithmic axis. */
const wide = 50;

interface Place {
  readonly x: number;
  readonly others: string;
  readonly spread: NonNullable<MethodSummary["value"]>;
}

/** An SVG text; `undefined` where fewer than two numbers were swept over. Medians over the seeds, with the quartiles. */
export function sweepFigure(runs: readonly ComparedRun[]): string | undefined {
  const summaries = summarise(runs);
  const entries = summaries.map(({ method }) => method.split(", ").map((text) => text.split("=") as [string, string]));
  const name = entries[0]?.find(([, value], k) => {
    const values = entries.map((setting) => Number(setting[k]?.[1]));
    return values.every(Number.isFinite) && values.some((other) => other !== Number(value));
  })?.[0];
  if (name === undefined) return undefined;
  const places = summaries.flatMap(({ value: spread }, k): readonly Place[] => {
    const setting = entries[k] ?? [];
    const x = Number(setting.find(([own]) => own === name)?.[1]);
    const others = setting.filter(([own]) => own !== name).map((entry) => entry.join("="));
    return spread === undefined ? [] : [{ x, others: others.join(", ") || "objective", spread }];
  });
  const xs = places.map(({ x }) => x);
  const isWide = Math.min(...xs) > 0 && Math.max(...xs) > wide * Math.min(...xs);
  const series = [...Map.groupBy(places, ({ others }) => others)].map(([label, own]) => {
    const sorted = own.toSorted((a, b) => a.x - b.x);
    return {
      name: label,
      x: sorted.map(({ x }) => x),
      y: sorted.map(({ spread }) => spread.median),
      band: { low: sorted.map(({ spread }) => spread.low), high: sorted.map(({ spread }) => spread.high) },
    };
  });
  return lineChart(series, {
    title: `objective against ${name}`,
    xLabel: name,
    yLabel: "objective",
    xScale: isWide ? "log" : "linear",
  });
}
