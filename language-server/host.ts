/** What the server needs of the machine it runs on. A browser worker, a test and Node.js (node.ts) each bring their own. */
import type { Model } from "../compiler/check/model.ts";
import type { Diagnostic } from "../grammar/diagnostics.ts";

export interface Host {
  /** The name that the compiler knows a document by, and back. */
  fileOf(uri: string): string;
  uriOf(file: string): string;
  /** The file that `path`, as written in the file `from`, names. */
  resolve(path: string, from: string): string;
  /** `undefined` for what cannot be read as text. */
  readText(file: string): string | undefined;
  /** The programs of the workspace, open or not. */
  programs(): readonly string[];
  /** What lies in a folder; empty where there is none. */
  entries(folder: string): readonly Entry[];
  /** The columns of a file of named columns; empty where it has none. */
  columns(file: string, format: string): Promise<readonly string[]>;
  /** What the data that a program names says of it. */
  readData(model: Model): Promise<DataFacts>;
  /** Where a diagnostic's page is. */
  pageOf(code: string): string | undefined;
}

export interface Entry {
  readonly name: string;
  readonly folder: boolean;
}

export interface DataFacts {
  /** Named sizes, as far as the data settle them. */
  readonly sizes: ReadonlyMap<string, number>;
  /** What is wrong with the data, and what it warns of. */
  readonly diagnostics: readonly Diagnostic[];
}
