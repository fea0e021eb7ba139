/** What came out of a run, as people read it. */
import type { Model } from "../compiler/check/model.ts";
import type { ConstraintValues, RunResult, StartResult, Status } from "../runtime/types.ts";
import { columnWidth, pad, showContraction, showResiduals, showSeconds, showSmall, showValues } from "./show.ts";
import { type ColumnNames, shownReports, shownUnknowns } from "./shown.ts";

const endings = {
  converged: "converged",
  reached: "reached the target",
  max_steps: "took all its steps",
  time_limit: "stopped at the time limit",
  diverged: "diverged",
  interrupted: "interrupted; this is the best point so far",
} as const satisfies Record<Status, string>;

/** One line. */
export function showEnding({ status, steps, seconds, message, method, engine }: RunResult): string {
  const ending = status === "max_steps" && message !== undefined ? "stopped short of the tolerance" : endings[status];
  const count = `${steps} ${steps === 1 ? "step" : "steps"}`;
  return `${ending} (${count}, ${showSeconds(seconds)}, ${method} on ${engine})`;
}

export function showRun(model: Model, result: RunResult, columns: ColumnNames): string {
  const { message } = result;
  const head = [
    showEnding(result),
    ...(message === undefined ? [] : [`  ${message}`]),
    "",
    ...(model.upper === undefined
      ? []
      : [`  objective      ${result.value}`, `  gradient norm  ${showSmall(result.gradient_norm)}`]),
    `  residuals      ${showResiduals(result.residuals)}`,
    ...(result.contraction === undefined ? [] : [`  contraction    ${showContraction(result.contraction)}`]),
  ];
  return [
    `${head.join("\n")}\n`,
    showValues("Upper level", shownUnknowns(model, result.upper, columns)),
    showValues("Lower level", shownUnknowns(model, result.lower, columns)),
    showValues("Reports", shownReports(model, result.reports, columns)),
    ...(result.starts === undefined ? [] : [showStarts(result.starts)]),
    ...(result.constraints === undefined ? [] : [showConstraints(result.constraints)]),
  ].join("");
}

/** Each constraint of the upper problem, in the order written: how far it is from holding as an equation, and its multiplier. */
function showConstraints(constraints: readonly ConstraintValues[]): string {
  const named = (key: keyof ConstraintValues) =>
    constraints.map((constraint, k) => ({ name: `constraint ${k + 1}`, value: constraint[key] }));
  return showValues("Constraints (at most 0, or 0)", named("value")) + showValues("Multipliers", named("multiplier"));
}

/** One line a start: how it ended, and where. */
function showStarts(starts: readonly StartResult[]): string {
  const cells = starts.map(({ status, value, steps, message }, k) => [
    String(k + 1),
    status,
    value === undefined ? (message ?? "") : String(value),
    steps === undefined ? "" : `${steps} steps`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => columnWidth(cells.map((row) => row[column] ?? "")));
  const lines = cells.map((row) => `  ${row.map((cell, k) => pad(cell, widths[k] ?? 0)).join("  ")}`.trimEnd());
  return `\nStarts\n${lines.join("\n")}\n`;
}
