/** What a gradient check found, as people read it. */
import type { GradcheckResult, GradcheckRow } from "../runtime/types.ts";
import { columnWidth, pad, showResiduals, showSmall } from "./show.ts";

export function showGradcheck(result: GradcheckResult): string {
  const cells = [["entry", "derived", "finite difference", "error"], ...result.rows.map(cellsOf)];
  const widths = [0, 1, 2, 3].map((column) => columnWidth(cells.map((row) => row[column] ?? "")));
  const lines = cells.map((row) =>
    `  ${row.map((cell, column) => pad(cell, widths[column] ?? 0)).join("  ")}`.trimEnd(),
  );
  const estimators = result.estimators.map(({ name, exact, difference }) => {
    const differs = `  ${name} differs by ${showSmall(difference)}`;
    return exact ? differs : `${differs}, as an estimate may`;
  });
  const verdict = result.passed ? "passed" : "FAILED";
  return `${[
    `${verdict}: the largest error is ${showSmall(result.worst)}, allowed ${showSmall(result.tolerance)} (relative to the largest entry)`,
    `value      ${result.value}`,
    `residuals  ${showResiduals(result.residuals)}`,
    "",
    ...lines,
    ...(estimators.length === 0 ? [] : ["", ...estimators]),
  ].join("\n")}\n`;
}

function cellsOf({ variable, index, derived, finiteDifference, error }: GradcheckRow): readonly string[] {
  const entry = index.length === 0 ? variable : `${variable}[${index.join(", ")}]`;
  return [entry, derived.toPrecision(10), finiteDifference.toPrecision(10), showSmall(error)];
}
