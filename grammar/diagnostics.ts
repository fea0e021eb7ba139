/**
 * What a diagnostic is, for every stage. It lives in the lowest folder because every stage reports in this one form;
 * each stage keeps a file `errors.ts` with one constructor per diagnostic, and rendering is elsewhere (cli, server).
 */

/** A half-open range of UTF-16 offsets into one source file. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/**
 * - `error`: the source, the data or the arguments are wrong (exit status 2).
 * - `refusal`: the problem is well formed, but cannot be answered as asked (exit status 3).
 * - `warning`: the answer stands, with this said.
 */
export type Severity = "error" | "refusal" | "warning";

/** A second place, with what it has to do with the first. A note may also speak of no place in the source. */
export interface Note {
  readonly message: string;
  readonly span?: Span;
}

/** An edit that would repair the program; editors offer it as a quick fix. */
export interface Fix {
  readonly title: string;
  readonly span: Span;
  readonly text: string;
}

/** A place in a data file: 1-based line and column of the cell. */
export interface DataPlace {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export interface Diagnostic {
  /** Stable, kebab-case; docs/errors/<code>.md explains it. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence in the model's own words. */
  readonly message: string;
  /** Where in the source; absent for what has no place there, such as a wrong command-line argument. */
  readonly span?: Span;
  /** Where in a data file, when that is where the mistake is. */
  readonly place?: DataPlace;
  readonly notes?: readonly Note[];
  /** What to do about it, one sentence. */
  readonly suggestion?: string;
  readonly fixes?: readonly Fix[];
}

/** Thrown by a stage that cannot go on; carries diagnostics, never a bare string. */
export class BilevelError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.message).join("\n"));
    this.name = "BilevelError";
    this.diagnostics = diagnostics;
  }
}
