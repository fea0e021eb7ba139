/** `bilevel run`: solve the problem and show, or print as JSON, what came out. */

import type { Model } from "../compiler/check/model.ts";
import type { RunResult, Status } from "../runtime/types.ts";
import { columnNames } from "./columns.ts";
import { type ExitStatus, messagesOf, type Output } from "./output.ts";
import { type ProgramFlags, prepareFile } from "./program.ts";
import { showProgress } from "./progress.ts";
import { showResiduals, showSeconds, showSmall, showValues } from "./show.ts";
import { type ColumnNames, shownReports, shownUnknowns } from "./shown.ts";

/** Ctrl-C ends with the best point so far; a second one ends at once. */
export async function run(file: string, flags: ProgramFlags, output: Output): Promise<ExitStatus> {
  const { problem, files } = await prepareFile(file, flags, output);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once("SIGINT", interrupt);
  const progress = showProgress(process.stderr, problem.plan.steps);
  const solved = problem.solve({ signal: interruption.signal, onStep: progress.step });
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
  ];
  return [
    `${head.join("\n")}\n`,
    showValues("Upper level", shownUnknowns(model, result.upper, columns)),
    showValues("Lower level", shownUnknowns(model, result.lower, columns)),
    showValues("Reports", shownReports(model, result.reports, columns)),
  ].join("");
}
