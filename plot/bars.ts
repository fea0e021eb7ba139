/** Amounts compared: groups of bars, a colour for each series. */
import { scaleBand } from "d3-scale";
import {
  bottomMargin,
  drawable,
  type Frame,
  horizontalAxis,
  leftMargin,
  scaleOver,
  ticksOf,
  verticalAxis,
} from "./axes.ts";
import { colour, short, svgDocument, svgText, textWidth } from "./svg.ts";

export interface BarSeries {
  readonly name: string;
  /** One a group, in the order of `groups`. What is not finite has no bar. */
  readonly values: readonly number[];
  /** Half-lengths of error bars. */
  readonly errors?: readonly number[];
}

export interface BarOptions {
  readonly title: string;
  readonly groups: readonly string[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

export function barChart(series: readonly BarSeries[], options: BarOptions): string {
  const { width = 720, height = 420, groups } = options;
  const room = Math.max(0, ...series.map(({ name }) => textWidth(name)));
  const frame: Frame = { left: leftMargin, right: width - room - 40, top: 40, bottom: height - bottomMargin };
  const ends = series.flatMap(({ values, errors }) =>
    values.flatMap((value, i) => [value - (errors?.[i] ?? 0), value + (errors?.[i] ?? 0)]),
  );
  const y = scaleOver([0, ...ends], "linear", [frame.bottom, frame.top]);
  const group = scaleBand<number>().domain(groups.keys()).range([frame.left, frame.right]).padding(0.2);
  const within = scaleBand<number>().domain(series.keys()).range([0, group.bandwidth()]).padding(0.06);
  const centre = (i: number): number => (group(i) ?? 0) + group.bandwidth() / 2;
  const ticks = groups.map((label, at) => ({ at, label }));
  return svgDocument(width, height, options.title, [
    svgText(frame.left, 22, options.title, { class: "title" }),
    ...verticalAxis(frame, ticksOf(y, "linear", 7), y, options.yLabel),
    ...series.flatMap(({ values, errors }, k) =>
      groups.flatMap((_, i) => {
        const value = values[i] ?? Number.NaN;
        if (!drawable(value, "linear")) return [];
        const [x, wide] = [(group(i) ?? 0) + (within(k) ?? 0), within.bandwidth()];
        const [top, bottom] = [y(Math.max(0, value)), y(Math.min(0, value))];
        const error = errors?.[i];
        return [
          `<rect x="${short(x)}" y="${short(top)}" width="${short(wide)}" height="${short(bottom - top)}" fill="${colour(k)}"/>`,
          ...(error === undefined || !Number.isFinite(error)
            ? []
            : [
                `<path class="axis" d="M${short(x + wide / 2)} ${short(y(value - error))}V${short(y(value + error))}"/>`,
              ]),
        ];
      }),
    ),
    ...horizontalAxis(frame, ticks, centre, options.xLabel),
    ...series.flatMap(({ name }, k) => [
      `<rect x="${short(frame.right + 10)}" y="${frame.top + 18 * k}" width="12" height="12" fill="${colour(k)}"/>`,
      svgText(frame.right + 28, frame.top + 18 * k + 10, name),
    ]),
  ]);
}
