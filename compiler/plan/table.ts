/**
 * Decisions as tables: the first row that holds decides. docs/methods.md prints these tables, and what `explain` says of a choice is
 * the reason of its row.
 */

export interface Row<Case, Solver extends string> {
  /** Which problems. */
  readonly when: string;
  readonly holds: (of: Case) => boolean;
  readonly solver: Solver | ((of: Case) => Solver);
  /** What is done, in words. */
  readonly does: string;
  /** One clause of a sentence: why. `{name}` stands for a word of the case. */
  readonly reason: string;
}

export interface Decision<Solver extends string> {
  readonly solver: Solver;
  readonly reason: string;
}

/** The last row of a table holds of everything. */
export function decide<Case, Solver extends string>(
  rows: readonly Row<Case, Solver>[],
  of: Case,
  words: Readonly<Record<string, string>> = {},
): Decision<Solver> {
  const row = rows.find(({ holds }) => holds(of));
  if (row === undefined) throw new Error("the last row of a table of decisions holds of everything");
  const { solver, reason } = row;
  return {
    solver: typeof solver === "string" ? solver : solver(of),
    reason: reason.replace(/\{(\w+)\}/g, (_, name: string) => words[name] ?? name),
  };
}
