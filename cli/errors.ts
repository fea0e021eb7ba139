/** Diagnostics of the command line itself. They have no place in the source. */
import type { Diagnostic } from "../grammar/diagnostics.ts";

export const cliCodes = ["command-line", "value-unreadable", "source-unreadable", "command-unavailable"] as const;

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
