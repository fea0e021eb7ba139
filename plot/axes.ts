/** The frame that data is drawn in: scales, ticks, grid and labels. */
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from "d3-scale";
import { short, svgText } from "./svg.ts";

export type ScaleKind = "linear" | "log";
export type Scale = ScaleContinuousNumeric<number, number>;

/** Beyond this, and below its reciprocal, differences of coordinates overflow or vanish. */
const farthest = 1e100;

/** Where a coordinate can be drawn at all. */
export function drawable(value: number, kind: ScaleKind): boolean {
  return Math.abs(value) < farthest && (kind === "linear" || value > 1 / farthest);
}

/** From the values that can be drawn to pixels; without any, the unit interval (or a decade) stands. */
export function scaleOver(values: readonly number[], kind: ScaleKind, range: readonly [number, number]): Scale {
  const shown = values.filter((value) => drawable(value, kind));
  let low = shown.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  let high = shown.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (shown.length === 0) [low, high] = kind === "log" ? [1, 10] : [0, 1];
  if (high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high), 1 / farthest)) {
    const margin = Math.abs(low) < 1 / farthest ? 1 : Math.abs(low) / 2;
    [low, high] = kind === "log" ? [low / 3, high * 3] : [low - margin, high + margin];
  }
  return (kind === "log" ? scaleLog() : scaleLinear()).domain([low, high]).range(range).nice();
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** At most about `count` ticks; on a logarithmic axis powers of ten, or d3's choice where it spans less than two of them. */
export function ticksOf(scale: Scale, kind: ScaleKind, count: number): readonly Tick[] {
  const [low, high] = scale.domain() as [number, number];
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (kind === "linear" || last - first < 2) {
    const format = kind === "log" ? scale.tickFormat(count, "~g") : scale.tickFormat(count);
    return scale.ticks(count).flatMap((at) => {
      const label = format(at);
      return label === "" ? [] : [{ at, label }];
    });
  }
  const stride = Math.ceil((last - first + 1) / count);
  const exponents = Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, k) => first + k * stride);
  return exponents.map((exponent) => ({ at: 10 ** exponent, label: powerOfTen(exponent) }));
}

const superscripts = [..."⁰¹²³⁴⁵⁶⁷⁸⁹"];

function powerOfTen(exponent: number): string {
  if (exponent === 0) return "1";
  if (exponent === 1) return "10";
  const digits = [...String(Math.abs(exponent))].map((digit) => superscripts[Number(digit)]);
  return `10${exponent < 0 ? "⁻" : ""}${digits.join("")}`;
}

export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Room for the vertical axis's ticks and label. */
export const leftMargin = 68;
/** Room for the horizontal axis's ticks and label. */
export const bottomMargin = 52;

export function horizontalAxis(frame: Frame, ticks: readonly Tick[], at: (value: number) => number, label: string) {
  return [
    ...ticks.flatMap((tick) => {
      const x = short(at(tick.at));
      return [
        `<path class="axis" d="M${x} ${frame.bottom}v4"/>`,
        svgText(at(tick.at), frame.bottom + 18, tick.label, { anchor: "middle" }),
      ];
    }),
    `<path class="axis" d="M${frame.left} ${frame.bottom}H${short(frame.right)}"/>`,
    svgText((frame.left + frame.right) / 2, frame.bottom + 40, label, { anchor: "middle" }),
  ];
}

export function verticalAxis(frame: Frame, ticks: readonly Tick[], at: (value: number) => number, label: string) {
  const [x, y] = [16, (frame.top + frame.bottom) / 2];
  return [
    ...ticks.flatMap((tick) => [
      `<path class="grid" d="M${frame.left} ${short(at(tick.at))}H${short(frame.right)}"/>`,
      svgText(frame.left - 8, at(tick.at) + 4, tick.label, { anchor: "end" }),
    ]),
    svgText(x, y, label, { anchor: "middle", turned: -90 }),
  ];
}
