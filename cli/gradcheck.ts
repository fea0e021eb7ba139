/** `bilevel gradcheck`: the hypergradient against finite differences and other estimators. */
import type { GradcheckResult } from "../runtime/types.ts";
import type { PointFlags } from "./grad.ts";
import { type ExitStatus, messagesOf, type Output } from "./output.ts";
import { prepareFile } from "./program.ts";
import { showGradcheck } from "./show-gradcheck.ts";
import { readValues } from "./values.ts";

export async function gradcheck(file: string, flags: PointFlags, output: Output): Promise<ExitStatus> {
  const { problem } = await prepareFile(file, flags, output);
  const at = await readValues("--at", flags.at);
  const result = problem.gradcheck(Object.fromEntries(at));
  if (output.json) output.printJson(documentOf(result));
  else {
    output.print(showGradcheck(result));
    output.diagnose(result.warnings);
  }
  return result.passed ? 0 : 1;
}

function documentOf({ rows, warnings, ...rest }: GradcheckResult) {
  return {
    ...rest,
    warnings: messagesOf(warnings),
    rows: rows.map(({ finiteDifference, ...row }) => ({ ...row, finite_difference: finiteDifference })),
  };
}
