/** `bilevel types`: declarations for what imports a program, in its own names and shapes. */
import { moduleTypes } from "../compiler/emit/module-types.ts";
import { noProblem } from "../compiler/errors.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { ExitStatus, Output } from "./output.ts";
import { compileFile } from "./program.ts";
import { writeWhole } from "./write-file.ts";

/** They need no data: sizes that the data decide are names. */
export async function writeTypes(
  file: string,
  { out = `${file}.d.ts` }: { readonly out?: string },
  output: Output,
): Promise<ExitStatus> {
  const flags = { set: [], data: [], allowRead: [], solve: new Map() };
  const { compiled } = await compileFile(file, flags, output);
  const { model, problem, diagnostics } = compiled;
  if (model?.problemSpan === undefined || problem === undefined) throw new BilevelError([noProblem(compiled.file)]);
  output.diagnose(diagnostics);
  writeWhole(out, moduleTypes({ model, problem }, { target: "wasm", embedData: true }));
  return 0;
}
