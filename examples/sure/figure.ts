/** Writes figure.svg: the estimate that chooses each penalty and the error it is an estimate of, over penalties, and what was chosen. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Prepared } from "../../index.ts";
import { lineChart, type Series } from "../../plot/chart.ts";
import { numberOf, prepared } from "../study.ts";

const penalties = Array.from({ length: 51 }, (_, k) => k * 0.1);

const programOf = (name: string): string => join(import.meta.dirname, `${name}.bilevel`);

const series: Series[] = [];
for (const name of ["lasso", "ridge"]) {
  const estimate = await prepared(programOf(name));
  const risk = await prepared(programOf(name), {
    edit: (text) => text.replace(/minimize sumsq.*?over/s, "minimize sumsq(fitted - train.mean) over"),
  });
  const along = (problem: Prepared): readonly number[] => penalties.map((lambda) => problem.gradient({ lambda }).value);
  const chosen = await estimate.solve();
  const at = numberOf(chosen.upper.lambda);
  const best = await risk.solve();
  const found = numberOf(chosen.reports.risk);
  series.push(
    { name: `${name}, estimated`, x: penalties, y: along(estimate) },
    { name: `${name}, error`, x: penalties, y: along(risk), dashed: true },
    { name: `${name}, chosen`, x: [at], y: [found], style: "points" },
  );
  console.log(
    `${name}: log penalty ${at.toFixed(3)} chosen, error ${found.toFixed(2)}; the best is ${numberOf(best.upper.lambda).toFixed(3)}, error ${best.value.toFixed(2)}`,
  );
}
writeFileSync(
  join(import.meta.dirname, "figure.svg"),
  lineChart(series, {
    title: "Error of the mean, and its estimate from noisy rows",
    xLabel: "log penalty",
    yLabel: "squared error",
  }),
);
