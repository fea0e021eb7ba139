/** A matrix as a table of colours with its scale beside it. */
import { scaleOver, ticksOf } from "./axes.ts";
import { cells, colourScale, rampFor, rangeOf } from "./cells.ts";
import { short, svgDocument, svgText, textWidth } from "./svg.ts";

export interface HeatMapOptions {
  readonly title: string;
  /** One a column. */
  readonly xLabels?: readonly string[];
  /** One a row. */
  readonly yLabels?: readonly string[];
}

const largest = 420;

/** Rows from top to bottom. Where values change sign, zero is the middle of the colours; what is not finite is left blank. */
export function heatMap(values: readonly (readonly number[])[], options: HeatMapOptions): string {
  const { title, xLabels = [], yLabels = [] } = options;
  const columns = Math.max(1, ...values.map((row) => row.length));
  const rows = Math.max(1, values.length);
  const cell = Math.min(36, largest / Math.max(rows, columns));
  const left = 20 + Math.max(0, ...yLabels.map(textWidth));
  const columnRoom = Math.max(0, ...xLabels.map(textWidth));
  const upright = columnRoom <= cell;
  const [top, right] = [40, left + cell * columns];
  const bottom = top + cell * rows;
  const range = rangeOf(values);
  const ramp = rampFor(range);
  const width = Math.max(right + 100, textWidth(title) * 1.2 + 2 * left);
  const height = bottom + (xLabels.length === 0 ? 20 : upright ? 30 : columnRoom + 16);
  return svgDocument(Math.ceil(width), Math.ceil(height), title, [
    svgText(left, 22, title, { class: "title" }),
    `<g transform="translate(${short(left)} ${top}) scale(${short(cell)})" shape-rendering="crispEdges">`,
    ...cells(values, range, ramp),
    "</g>",
    ...yLabels
      .slice(0, rows)
      .map((label, i) => svgText(left - 8, top + cell * (i + 0.5) + 4, label, { anchor: "end" })),
    ...xLabels.slice(0, columns).map((label, j) => {
      const x = left + cell * (j + 0.5);
      return upright
        ? svgText(x, bottom + 18, label, { anchor: "middle" })
        : svgText(x + 4, bottom + 8, label, { anchor: "end", turned: -90 });
    }),
    ...colourBar(range, colourScale(range, ramp), right + 20, top, bottom),
  ]);
}

function colourBar(
  range: { readonly low: number; readonly high: number },
  fill: (value: number) => string,
  x: number,
  top: number,
  bottom: number,
): readonly string[] {
  const strips = 32;
  const height = (bottom - top) / strips;
  const scale = scaleOver([range.low, range.high], "linear", [bottom, top]);
  const [low, high] = scale.domain() as [number, number];
  return [
    '<g shape-rendering="crispEdges">',
    ...Array.from({ length: strips }, (_, k) => {
      const value = high - ((high - low) * (k + 0.5)) / strips;
      return `<rect x="${short(x)}" y="${short(top + height * k)}" width="12" height="${short(height + 0.5)}" fill="${fill(value)}"/>`;
    }),
    "</g>",
    ...ticksOf(scale, "linear", 5).map(({ at, label }) => svgText(x + 18, scale(at) + 4, label)),
  ];
}
