/** `bilevel run`: solve the problem and show, or print as JSON, what came out. */

import type { Model } from "../compiler/check/model.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { ConstraintValues, RunResult, StartResult, Status } from "../runtime/types.ts";
import { columnNames } from "./columns.ts";
import { commandLine } from "./errors.ts";
import { type ExitStatus, messagesOf, type Output } from "./output.ts";
import { type ProgramFlags, prepareFile } from "./program.ts";
import { showProgress } from "./progress.ts";
import { columnWidth, pad, showContraction, showResiduals, showSeconds, showSmall, showValues } from "./show.ts";
import { type ColumnNames, shownReports, shownUnknowns } from "./shown.ts";

export interface RunFlags extends ProgramFlags {
  readonly starts?: string;
}

function startsOf(text = "1"): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new BilevelError([commandLine(`--starts ${text}: the number of starts is a whole number from 1`)]);
}

/** Ctrl-C ends with the best point so far; a second one ends at once. */
export async function run(file: string, flags: RunFlags, output: Output): Promise<ExitStatus> {
  const starts = startsOf(flags.starts);
  const { problem, files } = await prepareFile(file, flags, output);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once("SIGINT", interrupt);
  const progress = showProgress(process.stderr, problem.plan.steps);
  const solved = problem.solve({ starts, signal: interruption.signal, onStep: progress.step });
  const result = await solved.finally(() => {
    process.removeListener("SIGINT", interrupt);
    progress.end();
  });
  const { complete, ...document } = result;
  if (output.json) output.printJson({ ...document, warnings: messagesOf(document.warnings) });
  else {
    output.print(showRun(problem.model, result, await columnNames(problem.model, files)));
    output.diagnose(result.warnings);
  }
  return complete ? 0 : 1;
}

const endings = {
  converged: "converged",
  max_steps: "took all its steps",
  time_limit: "stopped at the time limit",
  diverged: "diverged",
  interrupted: "interrupted; this is the best point so far",
} as const satisfies Record<Status, string>;

function showRun(model: Model, result: RunResult, columns: ColumnNames): string {
  const { status, steps, seconds, message } = result;
  const ending = status === "max_steps" && message !== undefined ? "stopped short of the tolerance" : endings[status];
  const count = `${steps} ${steps === 1 ? "step" : "steps"}`;
  const head = [
    `${ending} (${count}, ${showSeconds(seconds)}, ${result.method} on ${result.engine})`,
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
