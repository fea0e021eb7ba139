/** A comparison as a table, for the terminal and for Markdown, and as one self-contained page with curves. */
import { lineChart } from "../plot/chart.ts";
import { escaped } from "../plot/svg.ts";
import { type ComparedRun, curves, type MethodSummary, type Spread, summarise } from "../runtime/comparison.ts";
import { columnWidth, pad, showNumber, showSeconds, showSmall } from "./show.ts";

type Row = readonly string[];

const heads: Row = ["method", "objective", "gradient norm", "time", "passes", "ended"];

function rowOf({ method, runs, status, value, gradient_norm, seconds, passes }: MethodSummary): Row {
  const ranged = (spread: Spread | undefined, show: (value: number) => string): string =>
    spread === undefined
      ? ""
      : runs === 1
        ? show(spread.median)
        : `${show(spread.median)} [${show(spread.low)}, ${show(spread.high)}]`;
  return [
    method,
    ranged(value, showNumber),
    ranged(gradient_norm, showSmall),
    ranged(seconds, showSeconds),
    ranged(passes, (count) => count.toPrecision(3)),
    status,
  ];
}

const notesOf = (summaries: readonly MethodSummary[]): readonly string[] =>
  summaries.flatMap(({ method, message }) => (message === undefined ? [] : [`${method}: ${message}`]));

/** Medians over the seeds, with the quartiles where there are several. */
export function comparisonText(runs: readonly ComparedRun[]): string {
  const summaries = summarise(runs);
  const rows = [heads, ...summaries.map(rowOf)];
  const widths = heads.map((_, k) => columnWidth(rows.map((row) => row[k] ?? "")));
  const lines = rows.map((row) =>
    row
      .map((cell, k) => pad(cell, widths[k] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${[...lines, ...notesOf(summaries).map((note) => `\n${note}`)].join("\n")}\n`;
}

export function comparisonMarkdown(runs: readonly ComparedRun[]): string {
  const line = (row: Row): string => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const summaries = summarise(runs);
  const table = [line(heads), line(heads.map(() => "---")), ...summaries.map((own) => line(rowOf(own)))];
  return `${[...table, ...notesOf(summaries).map((note) => `\n${note}`)].join("\n")}\n`;
}

const style = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6; } }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .15rem 1.2rem .15rem 0; border-bottom: 1px solid #8886; white-space: nowrap; }
th { font-weight: normal; opacity: .7; }
figure { margin: 1.5rem 0; } svg { max-width: 100%; height: auto; }
@media print { body { max-width: none; margin: 0; background: #fff; color: #000; } figure { break-inside: avoid; } }
`;

const spending = { seconds: "seconds", passes: "passes over the data", step: "steps" } as const;
const showing = { value: "objective", gradient_norm: "gradient norm" } as const;

/** No script, no font, no network. */
export function comparisonPage(title: string, runs: readonly ComparedRun[]): string {
  const summaries = summarise(runs);
  const cells = (row: Row, tag: "th" | "td"): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  const figures = (Object.keys(spending) as (keyof typeof spending)[]).flatMap((spent) =>
    (Object.keys(showing) as (keyof typeof showing)[]).flatMap((shown) => figure(runs, spent, shown)),
  );
  return [
    `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${escaped(title)}</title>\n<style>${style}</style>`,
    `<h1>${escaped(title)}</h1>`,
    "<p>Medians over the seeds, with the quartiles. Objective and gradient norm are those of the point that was found, with the lower level solved there.</p>",
    `<table>\n${cells(heads, "th")}\n${summaries.map((own) => cells(rowOf(own), "td")).join("\n")}\n</table>`,
    ...notesOf(summaries).map((note) => `<p>${escaped(note)}</p>`),
    ...figures,
    "</html>\n",
  ].join("\n");
}

function figure(
  runs: readonly ComparedRun[],
  spent: keyof typeof spending,
  shown: keyof typeof showing,
): readonly string[] {
  const drawn = curves(runs, spent, shown);
  if (drawn.length === 0) return [];
  const isNorm = shown === "gradient_norm";
  const svg = lineChart(
    drawn.map(({ method, x, spread }) => ({
      name: method,
      x,
      y: spread.map(({ median }) => median),
      band: { low: spread.map(({ low }) => low), high: spread.map(({ high }) => high) },
    })),
    {
      title: `${showing[shown]} against ${spending[spent]}`,
      xLabel: spending[spent],
      yLabel: showing[shown],
      yScale: isNorm ? "log" : "linear",
    },
  );
  return [`<figure>\n${svg}\n</figure>`];
}
