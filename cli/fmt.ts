/** `bilevel fmt`: source in the one canonical style. */
import { readFileSync } from "node:fs";
import { BilevelError } from "../grammar/diagnostics.ts";
import { print } from "../grammar/print.ts";
import { parse } from "../grammar/read.ts";
import { sourceUnreadable } from "../runtime/errors.ts";
import type { ExitStatus, Output } from "./output.ts";
import { decodeText, type Source } from "./sources.ts";
import { writeWhole } from "./write-file.ts";

export interface FormatFlags {
  /** Only say which files would change. */
  readonly check: boolean;
}

/** `-` reads standard input and prints to standard output. A file with a syntax error stays as it is. */
export function fmt(files: readonly string[], flags: FormatFlags, output: Output): ExitStatus {
  let status: ExitStatus = 0;
  for (const file of files) {
    const source = file === "-" ? readStandardInput(output) : output.sources.read(file);
    const { program, diagnostics } = parse(source.text, source.file);
    if (diagnostics.length > 0) throw new BilevelError(diagnostics);
    const formatted = print(program);
    if (flags.check) {
      if (formatted === source.text) continue;
      process.stderr.write(`${source.file} is not formatted\n`);
      status = 1;
    } else if (file === "-") output.print(formatted);
    else if (formatted !== source.text) writeWhole(source.file, formatted);
  }
  return status;
}

function readStandardInput(output: Output): Source {
  const text = decodeText(readFileSync(0));
  if (text === undefined) throw new BilevelError([sourceUnreadable("standard input", "its text is not UTF-8")]);
  const source = { file: "standard input", text };
  output.sources.add(source);
  return source;
}
