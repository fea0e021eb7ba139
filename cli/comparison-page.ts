/**
 * A comparison of methods, or of settings, as a table, for the terminal and for Markdown, and as one self-contained page with curves.
 * `what` is compared.
 */
import { page } from "../compiler/emit/html.ts";
import { lineChart } from "../plot/chart.ts";
import { escaped } from "../plot/svg.ts";
import { type ComparedRun, curves, type MethodSummary, type Spread, summarise } from "../runtime/comparison.ts";
import { columnWidth, pad, showNumber, showSeconds, showSmall } from "./show.ts";
import { sweepFigure } from "./sweep-figure.ts";

type Row = readonly string[];

export type Compared = "method" | "setting";

const headsOf = (what: Compared): Row => [
  what,
  "objective",
  "gradient norm",
  "time",
  "passes",
  "oracle calls",
  "ended",
];

function rowOf({ method, runs, status, value, gradient_norm, seconds, passes, calls }: MethodSummary): Row {
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
    ranged(calls, (count) => count.toFixed(0)),
    status,
  ];
}

/** The heads, then a row for each summary, without columns that nothing stands in. */
function rowsOf(summaries: readonly MethodSummary[], what: Compared): readonly Row[] {
  const rows = summaries.map(rowOf);
  return [headsOf(what), ...rows].map((row) => row.filter((_, k) => rows.some((own) => own[k] !== "")));
}

const notesOf = (summaries: readonly MethodSummary[]): readonly string[] =>
  summaries.flatMap(({ method, message }) => (message === undefined ? [] : [`${method}: ${message}`]));

/** Medians over the seeds, with the quartiles where there are several. */
export function comparisonText(runs: readonly ComparedRun[], what: Compared): string {
  const summaries = summarise(runs);
  const rows = rowsOf(summaries, what);
  const widths = rows[0]?.map((_, k) => columnWidth(rows.map((row) => row[k] ?? ""))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, k) => pad(cell, widths[k] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${[...lines, ...notesOf(summaries).map((note) => `\n${note}`)].join("\n")}\n`;
}

export function comparisonMarkdown(runs: readonly ComparedRun[], what: Compared): string {
  const line = (row: Row): string => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const summaries = summarise(runs);
  const [heads = [], ...rows] = rowsOf(summaries, what);
  const table = [line(heads), line(heads.map(() => "---")), ...rows.map(line)];
  return `${[...table, ...notesOf(summaries).map((note) => `\n${note}`)].join("\n")}\n`;
}

const spending = {
  seconds: "seconds",
  passes: "passes over the data",
  calls: "oracle calls",
  step: "steps",
} as const;
const showing = { value: "objective", gradient_norm: "gradient norm" } as const;

/** No script, no font, no network. */
export function comparisonPage(title: string, runs: readonly ComparedRun[], what: Compared): string {
  const summaries = summarise(runs);
  const [heads = [], ...rows] = rowsOf(summaries, what);
  const cells = (row: Row, tag: "th" | "td"): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  const swept = what === "setting" ? sweepFigure(runs) : undefined;
  const figures = (Object.keys(spending) as (keyof typeof spending)[]).flatMap((spent) =>
    (Object.keys(showing) as (keyof typeof showing)[]).flatMap((shown) => comparisonChart(runs, spent, shown) ?? []),
  );
  const body = [
    "<p>Medians over the seeds, with the quartiles. Objective and gradient norm are those of the point that was found, with the lower level solved there.</p>",
    `<table>\n${cells(heads, "th")}\n${rows.map((row) => cells(row, "td")).join("\n")}\n</table>`,
    ...notesOf(summaries).map((note) => `<p>${escaped(note)}</p>`),
    ...[...(swept === undefined ? [] : [swept]), ...figures].map((svg) => `<figure>\n${svg}\n</figure>`),
  ];
  return page(title, body.join("\n"));
}

/** Absent where no run has such a look. */
export function comparisonChart(
  runs: readonly ComparedRun[],
  spent: keyof typeof spending,
  shown: keyof typeof showing,
  title = `${showing[shown]} against ${spending[spent]}`,
): string | undefined {
  const drawn = curves(runs, spent, shown);
  if (drawn.length === 0) return undefined;
  const isNorm = shown === "gradient_norm";
  return lineChart(
    drawn.map(({ method, x, spread }) => ({
      name: method,
      x,
      y: spread.map(({ median }) => median),
      band: { low: spread.map(({ low }) => low), high: spread.map(({ high }) => high) },
    })),
    {
      title,
      xLabel: spending[spent],
      yLabel: showing[shown],
      yScale: isNorm ? "log" : "linear",
    },
  );
}
