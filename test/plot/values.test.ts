import { describe, expect, it } from "vitest";
import { blockPlot } from "../../cli/block-plot.ts";
import { figureOf } from "../../cli/record/figures.ts";
import { histogram } from "../../plot/histogram.ts";
import { valueBars } from "../../plot/value-bars.ts";

const lengths = (svg: string, attribute: string): readonly number[] =>
  [...svg.matchAll(new RegExp(`<rect x=[^>]* ${attribute}="([\\d.]+)"[^>]*fill="var\\(--c`, "g"))].map((m) =>
    Number(m[1]),
  );

it("bars of values are as long as the values, to either side of zero, each with its name and number", () => {
  const values = [1, -2, 0.5, Number.NaN].map((value, k) => ({ name: `<n${k}>`, value }));
  const svg = valueBars(values, "values", String);
  const [one, two, half, none] = lengths(svg, "width");
  expect((two as number) / (one as number)).toBeCloseTo(2, 2);
  expect((half as number) / (one as number)).toBeCloseTo(0.5, 2);
  expect(none).toBeUndefined();
  expect(svg).toContain("&lt;n3&gt;");
  expect(svg).toContain(">-2</text>");
});

it("a histogram counts every finite value once", () => {
  const heights = lengths(histogram([0, 0, 0, 1, 1, 10, Number.NaN], "counts", "value"), "height");
  const unit = Math.min(...heights.filter((height) => height > 0));
  expect(heights.reduce((sum, height) => sum + height, 0) / unit).toBeCloseTo(6, 1);
  expect(histogram([3, 3], "equal", "value")).toContain("</svg>");
});

describe("a learned value is drawn by what it is", () => {
  const of = (value: Parameters<typeof figureOf>[0]["value"]) => figureOf({ name: "w", type: "real[d]", value });
  const grid = (rows: number, columns: number) =>
    Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => i - j));

  it.each([
    ["one number", 3, undefined],
    ["a short vector", [1, 2, 3], ">2</text>"],
    ["a long vector", grid(1, 100)[0], "entries"],
    ["a matrix", grid(4, 6), "crispEdges"],
    ["a stack of matrices", [grid(8, 8), grid(8, 8)], "crispEdges"],
    ["a large matrix", grid(300, 300), "entries"],
  ] as const)("%s", (_, value, mark) => {
    const svg = of(value as never);
    if (mark === undefined) expect(svg).toBeUndefined();
    else expect(svg).toContain(mark);
  });
});

it("a curve in block characters falls from its first row to its last one, by logarithms where it falls far", () => {
  const lines = blockPlot("f", [1000, 100, 10, 1]).trim().split("\n");
  expect(lines[0]).toBe("f, logarithmic");
  expect(lines).toHaveLength(9);
  expect(lines[1]).toMatch(/^1000 █$/);
  expect(lines[8]).toMatch(/^ *1 ███▁$/);
  expect(blockPlot("f", [2, 2, Number.NaN])).toBe("");
});
