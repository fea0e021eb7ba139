/** The tables of decisions in docs/methods.md are those that the plan decides by. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adjointTable } from "../../compiler/plan/choose-adjoint.ts";
import { innerTable } from "../../compiler/plan/choose-inner.ts";
import { outerTable } from "../../compiler/plan/choose-outer.ts";

interface Shown {
  readonly when: string;
  readonly does: string;
  readonly reason: string;
}

const docs = readFileSync(join(import.meta.dirname, "../../docs/methods.md"), "utf8");

/** Words of a case stand for themselves: `order {order}` is read as `order r`. */
const shown = ({ when, does, reason }: Shown): string =>
  `| ${when} | ${does} | ${reason.replace("{order}", "$r$").replace("{entries}", "$r$")} |`;

describe("docs/methods.md", () => {
  it.each<readonly [string, readonly Shown[]]>([
    ["Lower level", innerTable],
    ["Adjoint", adjointTable],
    ["Upper level", outerTable],
  ])("prints the table of the %s, row by row and in order", (title, rows) => {
    const from = docs.indexOf(`**${title}**`);
    const table = docs.slice(from).split("\n\n")[1] ?? "";
    expect(table.split("\n").slice(2)).toEqual(rows.map(shown));
  });
});
