/** The examples that the page offers; scripts/playground.mjs lays them beside it. */
import type { Programs } from "./messages.ts";

export interface Examples {
  /** In the order of the list. */
  readonly offered: readonly { readonly file: string; readonly title: string }[];
  /** Those that are offered, and what they import. */
  readonly programs: Programs;
  /** Paths of programs and data. */
  readonly files: readonly string[];
}

/** Where all of them lie, so that one may read another's data. */
export const folder = "examples";

export async function loadExamples(): Promise<Examples> {
  return (await fetch("examples.json")).json();
}
