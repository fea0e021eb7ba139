/** Diagnostics of the command line itself. They have no place in the source. */
import type { Diagnostic } from "../grammar/diagnostics.ts";

export const cliCodes = [
  "results-folder",
  "columns-by-order",
  "command-line",
  "value-unreadable",
  "command-unavailable",
] as const;

/** An option, command or argument that does not exist, or one that is missing. */
export function commandLine(message: string, suggestion?: string): Diagnostic {
  return { code: "command-line", severity: "error", message, suggestion };
}

/** What follows `name=` in `--at`, `--set` and `--data`, or a file given by `@`. */
export function valueUnreadable(option: string, text: string, why: string, suggestion?: string): Diagnostic {
  return { code: "value-unreadable", severity: "error", message: `${option} ${text}: ${why}`, suggestion };
}

/** Something the language describes and this version does not have. */
export function commandUnavailable(what: string, suggestion?: string): Diagnostic {
  return {
    code: "command-unavailable",
    severity: "refusal",
    message: `${what} is not available in this version`,
    suggestion,
  };
}

/** What `--out` and `--resume` keep results in. */
export function resultsFolder(
  path: string,
  why: string,
  suggestion = "give --out another folder, or take this one away",
): Diagnostic {
  return { code: "results-folder", severity: "error", message: `${path}: ${why}`, suggestion };
}

/** A function whose arguments were not read from columns that are known, evaluated at a file's columns as they come. */
export function columnsByOrder(fn: string, path: string): Diagnostic {
  return {
    code: "columns-by-order",
    severity: "warning",
    message: `the result does not say which columns ${fn} was fitted on: all columns of ${path} are taken in order, as they are`,
    suggestion: "give the columns in the order of the function's arguments, centred and scaled as its data were",
  };
}
