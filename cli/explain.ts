/** `bilevel explain`: the derived equations, the adjoint, the plan and why, in the format asked for. */
import type { Model } from "../compiler/check/model.ts";
import { type Explanation, explain } from "../compiler/emit/explanation.ts";
import { noProblem } from "../compiler/errors.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import { planFor, sizesIfRead } from "./inspect.ts";
import { type ExitStatus, hasColour, type Output } from "./output.ts";
import { compileFile, type ProgramFlags } from "./program.ts";

export type ExplainFormat = "text" | "md" | "latex" | "html" | "json";

export interface ExplainFlags extends ProgramFlags {
  readonly format: ExplainFormat;
}

export async function explainFile(file: string, flags: ExplainFlags, output: Output): Promise<ExitStatus> {
  const { compiled, data, options } = await compileFile(file, flags, output);
  const { sizes, warnings } = await sizesIfRead(compiled.model as Model, data, options);
  const plan = planFor(compiled, options, sizes);
  if (plan === undefined) throw new BilevelError([noProblem(compiled.file)]);
  output.diagnose([...compiled.diagnostics, ...warnings]);
  output.print(await renderers[flags.format](explain(compiled, plan, sizes)));
  return 0;
}

const renderers: Readonly<Record<ExplainFormat, (explanation: Explanation) => Promise<string>>> = {
  text: async (explanation) =>
    (await import("../compiler/emit/text.ts")).renderText(explanation, {
      width: process.stdout.columns ?? 100,
      colour: hasColour(process.stdout),
    }),
  md: async (explanation) => (await import("../compiler/emit/markdown.ts")).renderMarkdown(explanation),
  latex: async (explanation) => (await import("../compiler/emit/latex.ts")).renderLatex(explanation),
  html: async (explanation) => (await import("../compiler/emit/html.ts")).renderHtml(explanation),
  json: async (explanation) =>
    `${JSON.stringify((await import("../compiler/emit/json.ts")).renderJson(explanation))}\n`,
};
