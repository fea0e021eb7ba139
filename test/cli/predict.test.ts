/** `bilevel predict` on what `bilevel run --json` printed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bilevel, folderWith } from "./process.ts";

const rows = [
  [1, 4, 0.5],
  [2, -1, 1.5],
  [4, 0, -1],
  [3, 2, 2],
  [0, 1, 0],
  [5, 3, 1],
];
const csv = (header: string, lines: readonly (readonly number[])[]): string =>
  `${[header, ...lines.map((line) => line.join(","))].join("\n")}\n`;
const folder = folderWith({
  "all.csv": csv("a,b,y", rows),
  "turned.csv": csv(
    "other,b,a",
    rows.map(([a = 0, b = 0]) => [9, b, a]),
  ),
  "lacking.csv": csv("a,c", [[1, 2]]),
  "problem.bilevel": `
    data all: { x: real[n, 2], y: real[n] } = csv("all.csv", y: "y")
    data first, rest = split(all, 0.5, 0.5)
    data train = standardize(first, like: first, fields: [x])
    data valid = standardize(rest, like: first, fields: [x])
    data both = standardize(all, like: first, fields: [x])
    var s: real
    function h: real[2] -> real in RKHS(gaussian(bandwidth: exp(s)))
    minimize E[valid]((h(x) - y)^2) over s
    where h minimizes E[train]((h(x) - y)^2) + 0.1 * normsq(h)
    report fitted = h(both.x)
    solve { steps: 4 }`,
});
const result = bilevel(folder, ["run", "problem.bilevel", "--json"]).out;

describe("predict", () => {
  it("finds columns by their names, and standardises them as the program did", () => {
    const { status, out } = bilevel(folder, ["predict", "-", "--data", "turned.csv", "--json"], result);
    expect(status).toBe(0);
    const fitted: readonly number[] = JSON.parse(result).reports.fitted;
    expect(JSON.parse(out).h).toEqual(fitted.map((value) => expect.closeTo(value, 12)));
  });

  it("writes csv, a column for each function", () => {
    bilevel(folder, ["predict", "-", "--data", "all.csv", "-o", "out.csv"], result);
    const [header, ...lines] = readFileSync(join(folder, "out.csv"), "utf8").trimEnd().split("\n");
    expect(header).toBe("h");
    expect(lines.map(Number)).toEqual(
      (JSON.parse(result).reports.fitted as readonly number[]).map((value) => expect.closeTo(value, 12)),
    );
  });

  it("says which column is missing, and what is no result", () => {
    const lacking = bilevel(folder, ["predict", "-", "--data", "lacking.csv"], result);
    expect(lacking).toMatchObject({ status: 2, err: expect.stringContaining('reads column "b"') });
    const other = bilevel(folder, ["predict", "all.csv", "--data", "all.csv"]);
    expect(other).toMatchObject({ status: 2, err: expect.stringContaining("the file holds no JSON") });
    const none = bilevel(folder, ["predict", "-", "--data", "all.csv", "--function", "g"], result);
    expect(none).toMatchObject({ status: 2, err: expect.stringContaining("holds no function g") });
  });
});
