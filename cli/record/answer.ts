/** What came out of a run, as sections of a page. */
import { lineChart } from "../../plot/chart.ts";
import { escaped } from "../../plot/svg.ts";
import type { RunResult, TraceEntry } from "../../runtime/types.ts";
import { type Shown, showNumber, showResiduals, showSeconds, showSmall, showValues } from "../show.ts";
import { figureOf } from "./figures.ts";

export interface Answered {
  readonly result: RunResult;
  readonly upper: readonly Shown[];
  readonly lower: readonly Shown[];
  readonly reports: readonly Shown[];
}

/** Markup; empty where there is nothing to say. */
export function answerSections(answer: Answered) {
  const { result, upper, lower, reports } = answer;
  return {
    result: section("Result", [
      table(outcome(answer)),
      ...result.warnings.map(({ message }) => `<p>${escaped(message)}</p>`),
    ]),
    course: section("Course", curvesOf(result.trace)),
    learned: section("Learned", drawn(upper)),
    lower: section("Lower level", listed(lower)),
    reports: section("Reports", drawn(reports)),
    verified: section("Verified", [table(verification(result))]),
  };
}

export type Rows = readonly (readonly [string, string])[];

export const section = (title: string, parts: readonly string[]): string =>
  parts.length === 0 ? "" : `<section><h2>${title}</h2>\n${parts.join("\n")}</section>`;

export const table = (rows: Rows): string =>
  `<table>${rows.map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join("")}</table>`;

const figure = (svg: string | undefined): readonly string[] => (svg === undefined ? [] : [`<figure>\n${svg}</figure>`]);

const listed = (values: readonly Shown[]): readonly string[] =>
  values.length === 0 ? [] : [`<pre>${escaped(showValues("", values).replace(/^\n+/, "").trimEnd())}</pre>`];

/** Numbers as a list, arrays as figures. */
function drawn(values: readonly Shown[]): readonly string[] {
  const figures = values.map((value) => ({ value, svg: figureOf(value) }));
  const numbers = figures.flatMap(({ value, svg }) => (svg === undefined ? [value] : []));
  return [...listed(numbers), ...figures.flatMap(({ svg }) => figure(svg))];
}

function outcome({ result, upper }: Answered): Rows {
  const { value, gradient_norm, steps, seconds, method, engine } = result;
  const found: Rows = [
    ["objective", String(value)],
    ["gradient norm", showSmall(gradient_norm)],
  ];
  return [
    ...(upper.length === 0 ? [] : found),
    ["steps", `${steps}, ${showSeconds(seconds)}`],
    ["method", `${method} on ${engine}`],
  ];
}

/** What is not assumed, because it was looked at when the run had ended. */
function verification({ residuals, contraction, constraints }: RunResult): Rows {
  const violations = (constraints ?? []).map(({ value }, k) => [`constraint ${k + 1}`, JSON.stringify(value)] as const);
  return [
    ["residuals, computed afresh", showResiduals(residuals)],
    ...(contraction === undefined ? [] : [["contraction of the fixed point", showNumber(contraction)] as const]),
    ...violations,
  ];
}

/** Places of a curve: more of them cannot be told apart. */
const finest = 2000;

/** So many entries at the most, evenly over the run, its ends among them. */
function thinned(trace: readonly TraceEntry[]): readonly TraceEntry[] {
  if (trace.length <= finest) return trace;
  const place = (k: number): number => Math.round((k * (trace.length - 1)) / (finest - 1));
  return Array.from({ length: finest }, (_, k) => trace[place(k)] as TraceEntry);
}

/** Of a run, or of one that goes on; none for less than two steps. */
export function curvesOf(whole: readonly TraceEntry[]): readonly string[] {
  const trace = thinned(whole);
  if (trace.length < 2) return [];
  const x = trace.map(({ step }) => step);
  const curve = (name: string, key: keyof TraceEntry) => ({
    name,
    x,
    y: trace.map((entry) => entry[key] ?? Number.NaN),
  });
  const charts = [
    lineChart(
      [curve("objective", "value"), ...(trace.some(({ best }) => best !== undefined) ? [curve("best", "best")] : [])],
      {
        title: "Objective",
        xLabel: "step",
        yLabel: "objective",
      },
    ),
    lineChart([curve("gradient norm", "gradient_norm")], {
      title: "Gradient norm",
      xLabel: "step",
      yLabel: "gradient norm",
      yScale: "log",
    }),
    lineChart([curve("inner", "inner_residual"), curve("adjoint", "adjoint_residual")], {
      title: "Residuals of the lower level and of the adjoint",
      xLabel: "step",
      yLabel: "relative residual",
      yScale: "log",
    }),
  ];
  return charts.flatMap(figure);
}
