/** Figures are well-formed SVG for whatever numbers come. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { barChart } from "../../plot/bars.ts";
import { type ChartOptions, lineChart } from "../../plot/chart.ts";
import { heatMap } from "../../plot/heat-map.ts";
import { imageGrid } from "../../plot/image-grid.ts";

const labels: ChartOptions = { title: "a < b & c", xLabel: "x", yLabel: "y" };

/** Every opened element is closed, no ampersand stands alone, and no coordinate is not a number. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name, alone] of svg.matchAll(/<(\/?)([a-zA-Z]+)[^<>]*?(\/?)>/g)) {
    if (closing === "/") expect(open.pop()).toBe(name);
    else if (alone !== "/") open.push(name as string);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/&(?!(amp|lt|gt|quot);)/);
  expect(svg).not.toMatch(/="[^"]*(NaN|Infinity|undefined)[^"]*"/);
  expect(svg.startsWith("<svg ")).toBe(true);
}

const anything = fc.oneof(
  fc.double(),
  fc.double({ min: -10, max: 10 }),
  fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY),
);
const numbers = fc.array(anything, { maxLength: 12 });

describe("a line chart", () => {
  test("is this document", async () => {
    const x = [0, 1, 2, 3];
    const svg = lineChart(
      [
        {
          name: "measured",
          x,
          y: [1, 0.1, 0.02, 0.001],
          band: { low: [0.5, 0.05, 0.01, 0], high: [2, 0.2, 0.04, 0.01] },
        },
        { name: "predicted", x, y: [1, 0.1, 0.01, 0.001], dashed: true },
        { name: "taken", x, y: [2, Number.NaN, 0.5, -1], style: "points" },
      ],
      { title: "Error of the gradient", xLabel: "steps", yLabel: "error", yScale: "log", width: 480, height: 300 },
    );
    expectWellFormed(svg);
    await expect(svg).toMatchFileSnapshot("golden/line-chart.svg");
  });

  test.each([
    ["nothing", []],
    ["a series without points", [{ name: "none", x: [], y: [] }]],
    ["one point", [{ name: "one", x: [1], y: [1] }]],
    ["no finite point", [{ name: "none", x: [1, 2], y: [Number.NaN, Number.POSITIVE_INFINITY] }]],
  ])("of %s has a frame", (_, series) => {
    const svg = lineChart(series, { ...labels, xScale: "log", yScale: "log" });
    expectWellFormed(svg);
    expect(svg.includes("no data")).toBe(!series.some(({ name }) => name === "one"));
  });

  test("leaves a gap where a value cannot be drawn", () => {
    const svg = lineChart([{ name: "s", x: [0, 1, 2, 3, 4], y: [1, 2, 0, 4, 5] }], { ...labels, yScale: "log" });
    const curve = /<path d="([^"]*)" fill="none" stroke="var\(--c0\)"/.exec(svg)?.[1];
    expect(curve?.match(/M/g)).toHaveLength(2);
  });

  test("keeps the names at the ends apart and in order", () => {
    const series = [3, 1, 2].map((end) => ({ name: `to ${end}`, x: [0, 1], y: [0, 1 + end / 1000] }));
    const svg = lineChart(series, labels);
    const heights = [3, 2, 1].map((end) => Number(new RegExp(`y="([^"]*)"[^>]*>to ${end}<`).exec(svg)?.[1]));
    expect((heights[1] as number) - (heights[0] as number)).toBeGreaterThanOrEqual(16);
    expect((heights[2] as number) - (heights[1] as number)).toBeGreaterThanOrEqual(16);
  });

  test("stands whatever is drawn", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), numbers, numbers)),
        fc.constantFrom("linear", "log"),
        (list, scale) => {
          const series = list.map(([name, x, y]) => ({ name, x, y }));
          expectWellFormed(lineChart(series, { ...labels, xScale: scale, yScale: scale }));
        },
      ),
      { numRuns: 60 },
    );
  });
});

test("a heat map, an image grid and bars stand whatever is drawn", () => {
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 6 }), (values) => {
      expectWellFormed(heatMap(values, { title: "<map>", xLabels: ["a long label", "b"], yLabels: ["&"] }));
      expectWellFormed(imageGrid([{ pixels: values, caption: "7 → 1" }, { pixels: [] }], { title: "digits" }));
      const groups = values.map((_, k) => `group ${k}`);
      const series = values.map((one, k) => ({ name: `series ${k}`, values: one, errors: one }));
      expectWellFormed(barChart(series, { title: "bars", groups, xLabel: "", yLabel: "" }));
    }),
    { numRuns: 60 },
  );
});

test("a heat map whose values change sign has zero in the middle of its colours", () => {
  const svg = heatMap([[-1, 0, 2]], { title: "signed" });
  expect(svg).toMatch(/fill="rgb\(247, 247, 247\)" d="M1 0h1v1h-1z"/);
});
