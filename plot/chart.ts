/** Curves over a common pair of axes, each labelled at its end, as a self-contained SVG text. */
import { area, curveLinear, curveStepAfter, line } from "d3-shape";
import {
  bottomMargin,
  drawable,
  type Frame,
  horizontalAxis,
  leftMargin,
  type Scale,
  type ScaleKind,
  scaleOver,
  ticksOf,
  verticalAxis,
} from "./axes.ts";
import { colour, colourCount, short, svgDocument, svgText, textWidth } from "./svg.ts";

export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  /** As long as `x`. What cannot be drawn (not finite, or not positive on a logarithmic axis) leaves a gap. */
  readonly y: readonly number[];
  /** An interval about each point, drawn as a shade. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
  readonly style?: "line" | "points" | "steps";
  readonly dashed?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xScale?: ScaleKind;
  readonly yScale?: ScaleKind;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

export function lineChart(series: readonly Series[], options: ChartOptions): string {
  const { width = 720, height = 420, xScale = "linear", yScale = "linear" } = options;
  const labelRoom = Math.max(0, ...series.map(({ name }) => textWidth(name)));
  const frame: Frame = {
    left: leftMargin,
    right: width - labelRoom - keyWidth - 20,
    top: 40,
    bottom: height - bottomMargin,
  };
  const points = series.map((one) => pointsOf(one, xScale, yScale));
  const xs = points.flatMap((some) => some.filter(isPoint).map(({ x }) => x));
  const ys = points.flatMap((some) => some.filter(isPoint).flatMap(({ y, low, high }) => [y, low, high]));
  const x = scaleOver(xs, xScale, [frame.left, frame.right]);
  const y = scaleOver(ys, yScale, [frame.bottom, frame.top]);
  return svgDocument(width, height, options.title, [
    svgText(frame.left, 22, options.title, { class: "title" }),
    ...verticalAxis(frame, ticksOf(y, yScale, 7), y, options.yLabel),
    ...horizontalAxis(frame, ticksOf(x, xScale, 8), x, options.xLabel),
    ...(xs.length === 0
      ? [svgText((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2, "no data", { anchor: "middle" })]
      : []),
    ...series.flatMap((one, k) => drawSeries(one, points[k] as readonly Point[], k, x, y)),
    ...endLabels(series, points, frame, y),
  ]);
}

/** A place on the curve, or a gap. */
type Point = { readonly x: number; readonly y: number; readonly low: number; readonly high: number } | undefined;

const isPoint = (point: Point): point is NonNullable<Point> => point !== undefined;

function pointsOf({ x, y, band }: Series, xScale: ScaleKind, yScale: ScaleKind): readonly Point[] {
  return x.map((at, i) => {
    const value = y[i] ?? Number.NaN;
    if (!drawable(at, xScale) || !drawable(value, yScale)) return undefined;
    const bound = (side: readonly number[] | undefined): number => {
      const given = side?.[i] ?? value;
      return drawable(given, yScale) ? given : value;
    };
    return { x: at, y: value, low: bound(band?.low), high: bound(band?.high) };
  });
}

function drawSeries(series: Series, points: readonly Point[], k: number, x: Scale, y: Scale): readonly string[] {
  const curve = series.style === "steps" ? curveStepAfter : curveLinear;
  const shade = area<Point>()
    .defined(isPoint)
    .curve(curve)
    .digits(2)
    .x((p) => x(p?.x ?? 0))
    .y0((p) => y(p?.low ?? 0))
    .y1((p) => y(p?.high ?? 0))(points);
  const shaded =
    series.band === undefined ? [] : [`<path d="${shade ?? ""}" fill="${colour(k)}" fill-opacity="0.18"/>`];
  if (series.style === "points") {
    const dots = points.filter(isPoint).map((p) => `<circle cx="${short(x(p.x))}" cy="${short(y(p.y))}" r="3"/>`);
    return [...shaded, `<g fill="${colour(k)}">`, ...dots, "</g>"];
  }
  const stroke = line<Point>()
    .defined(isPoint)
    .curve(curve)
    .digits(2)
    .x((p) => x(p?.x ?? 0))
    .y((p) => y(p?.y ?? 0))(points);
  return [...shaded, `<path d="${stroke ?? ""}" ${strokeOf(series, k)}/>`];
}

/** Beyond the last colour the colours come again, dotted. */
function strokeOf(series: Series, k: number): string {
  const dash = series.dashed ? ' stroke-dasharray="6 4"' : k >= colourCount ? ' stroke-dasharray="2 3"' : "";
  return `fill="none" stroke="${colour(k)}" stroke-width="2" stroke-linejoin="round"${dash}`;
}

const keyWidth = 22;
const labelHeight = 17;

/** Each name right of the frame, as near as may be to where its curve ends, with a sample of the curve before it. */
function endLabels(series: readonly Series[], points: readonly (readonly Point[])[], frame: Frame, y: Scale) {
  const wanted = series.map((one, k) => {
    const last = points[k]?.findLast(isPoint);
    return { one, k, at: last === undefined ? frame.bottom : y(last.y) };
  });
  const order = wanted.sort((a, b) => a.at - b.at || a.k - b.k);
  const places: number[] = [];
  for (const { at } of order) places.push(Math.max(at, (places.at(-1) ?? frame.top - labelHeight) + labelHeight));
  for (let i = places.length - 1; i >= 0; i--)
    places[i] = Math.min(places[i] as number, (places[i + 1] ?? frame.bottom + labelHeight) - labelHeight);
  const left = frame.right + 8;
  return order.flatMap(({ one, k }, i) => {
    const at = places[i] as number;
    const sample =
      one.style === "points"
        ? `<circle cx="${short(left + keyWidth / 2 - 3)}" cy="${short(at)}" r="3" fill="${colour(k)}"/>`
        : `<path d="M${short(left)} ${short(at)}h${keyWidth - 6}" ${strokeOf(one, k)}/>`;
    return [sample, svgText(left + keyWidth, at + 4, one.name, { fill: colour(k) })];
  });
}
