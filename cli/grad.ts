/** `bilevel grad`: value, hypergradient and residuals at one point. */
import { columnNames } from "./columns.ts";
import { type ExitStatus, messagesOf, type Output } from "./output.ts";
import { type ProgramFlags, prepareFile } from "./program.ts";
import { showResiduals, showValues } from "./show.ts";
import { shownUnknowns } from "./shown.ts";
import { readValues } from "./values.ts";

export interface PointFlags extends ProgramFlags {
  readonly at: readonly string[];
}

export async function grad(file: string, flags: PointFlags, output: Output): Promise<ExitStatus> {
  const { problem, files } = await prepareFile(file, flags, output);
  const at = await readValues("--at", flags.at);
  const { complete, ...document } = problem.gradient(Object.fromEntries(at));
  if (output.json) output.printJson({ ...document, warnings: messagesOf(document.warnings) });
  else {
    const columns = await columnNames(problem.model, files);
    output.print(
      `value      ${document.value}\nresiduals  ${showResiduals(document.residuals)}  (${document.method} on ${document.engine})\n`,
    );
    output.print(showValues("Hypergradient", shownUnknowns(problem.model, document.gradient, columns)));
    output.print(showValues("Lower level", shownUnknowns(problem.model, document.lower, columns)));
    output.diagnose(document.warnings);
  }
  return complete ? 0 : 1;
}
