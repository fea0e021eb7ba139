/** What a command may write: one result on standard output, everything else on standard error. */
import type { Diagnostic } from "../grammar/diagnostics.ts";
import { diagnosticJson, renderDiagnostics } from "./render.ts";
import { createSources, type Sources } from "./sources.ts";

/** 0 done; 1 the run ended otherwise; 2 source, data or arguments are wrong; 3 the problem was refused; 70 a defect of ours. */
export type ExitStatus = 0 | 1 | 2 | 3 | 70;

export interface Output {
  /** Whether standard output is to hold one JSON document. */
  readonly json: boolean;
  /** Where messages find their source lines. */
  readonly sources: Sources;
  /** Text for standard output. */
  print(text: string): void;
  /** The JSON document. Numbers that are not finite become null. */
  printJson(document: unknown): void;
  /** To standard error. */
  diagnose(diagnostics: readonly Diagnostic[]): void;
}

export function createOutput(json: boolean): Output {
  const sources = createSources();
  return {
    json,
    sources,
    print: (text) => process.stdout.write(text),
    printJson: (document) => process.stdout.write(`${JSON.stringify(document)}\n`),
    diagnose: (diagnostics) => {
      if (diagnostics.length > 0)
        process.stderr.write(renderDiagnostics(diagnostics, sources.texts, hasColour(process.stderr)));
    },
  };
}

/** Whether a stream is a terminal whose user has not asked for plain text. */
export function hasColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR } = process.env;
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === "");
}

/** Says why there is no result, in both forms, and gives the status to leave with. */
export function reportFailure(output: Output, diagnostics: readonly Diagnostic[]): ExitStatus {
  output.diagnose(diagnostics);
  if (output.json) output.printJson({ ok: false, diagnostics: diagnosticsJson(output, diagnostics) });
  return diagnostics.some((each) => each.severity === "error") ? 2 : 3;
}

export function diagnosticsJson(output: Output, diagnostics: readonly Diagnostic[]) {
  return diagnostics.map((each) => diagnosticJson(each, output.sources.texts));
}

/** As result documents have them: the sentences alone. */
export function messagesOf(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map((each) => each.message);
}
