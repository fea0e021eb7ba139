/** Diagnostics of the command line itself. They have no place in the source. */
import type { Diagnostic } from "../grammar/diagnostics.ts";

export const cliCodes = [
  "comparison-folder",
  "columns-by-order",
  "command-line",
  "value-unreadable",
  "source-unreadable",
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

export function sourceUnreadable(path: string, why: string, suggestion?: string): Diagnostic {
  return { code: "source-unreadable", severity: "error", message: `${path}: ${why}`, suggestion };
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

/** What `bilevel compare --out` keeps its runs in. */
export function comparisonFolder(path: string, why: string): Diagnostic {
  return {
    code: "comparison-folder",
    severity: "error",
    message: `${path}: ${why}`,
    suggestion: "give --out another folder, or take this one away",
  };
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
