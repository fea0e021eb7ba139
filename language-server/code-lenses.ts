/** Code lenses above the problem: Run, Explain, Gradient check. The editor's extension has the commands. */
import type { CodeLens } from "vscode-languageserver-types";
import { rangeIn, type Snapshot } from "./snapshot.ts";

const commands = [
  ["Run", "bilevel.run"],
  ["Explain", "bilevel.explain"],
  ["Gradient check", "bilevel.gradcheck"],
] as const;

export function codeLenses({ document, compiled }: Snapshot): readonly CodeLens[] {
  const problem = compiled.program.declarations.find((each) => each.kind === "problem");
  if (problem === undefined) return [];
  const range = rangeIn(document, { start: problem.span.start, end: problem.span.start });
  return commands.map(([title, command]) => ({ range, command: { title, command, arguments: [document.uri] } }));
}
