/** `bilevel grad`: value, hypergradient and residuals at one point or many. */
import type { Model } from "../compiler/check/model.ts";
import type { GradientResult } from "../runtime/types.ts";
import { columnNames } from "./columns.ts";
import { type ExitStatus, messagesOf, type Output } from "./output.ts";
import { type ProgramFlags, prepareFile } from "./program.ts";
import { showContraction, showResiduals, showValues } from "./show.ts";
import { type ColumnNames, shownUnknowns } from "./shown.ts";
import { readPoints } from "./values.ts";

export interface PointFlags extends ProgramFlags {
  readonly at: readonly string[];
}

/** At a list of points: a list of documents, or what a person reads of each under its number. */
export async function grad(file: string, flags: PointFlags, output: Output): Promise<ExitStatus> {
  const { problem, data } = await prepareFile(file, flags, output);
  const { points, isList } = await readPoints(flags.at);
  const results = problem.gradients(points);
  if (output.json) {
    const documents = results.map(({ complete: _, ...document }) => ({
      ...document,
      warnings: messagesOf(document.warnings),
    }));
    output.printJson(isList ? documents : documents[0]);
  } else {
    const columns = await columnNames(problem.model, { files: data });
    results.forEach((result, k) => {
      if (isList) output.print(`${k === 0 ? "" : "\n"}Point ${k + 1} of ${results.length}\n`);
      output.print(showGradient(problem.model, result, columns));
      output.diagnose(result.warnings);
    });
  }
  return results.every(({ complete }) => complete) ? 0 : 1;
}

function showGradient(model: Model, result: GradientResult, columns: ColumnNames): string {
  const { value, residuals, method, engine, contraction } = result;
  return [
    `value      ${value}\nresiduals  ${showResiduals(residuals)}  (${method} on ${engine})\n`,
    contraction === undefined ? "" : `contraction  ${showContraction(contraction)}\n`,
    showValues("Hypergradient", shownUnknowns(model, result.gradient, columns)),
    showValues("Lower level", shownUnknowns(model, result.lower, columns)),
  ].join("");
}
