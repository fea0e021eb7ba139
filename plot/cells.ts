/** A matrix of numbers as coloured cells of one unit each. */
import { scaleLinear } from "d3-scale";
import { drawable } from "./axes.ts";

/** From the matrix's smallest to its largest value; `signed` is symmetric about zero. */
export type Ramp = "sequential" | "signed" | "grey";

const stops: Readonly<Record<Ramp, readonly string[]>> = {
  sequential: ["#f2f7fb", "#9ecae1", "#4292c6", "#08519c", "#041f47"],
  signed: ["#b2400f", "#f0a67c", "#f7f7f7", "#7fb5d9", "#0b5394"],
  grey: ["#ffffff", "#000000"],
};

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Of the values that can be drawn; [0, 1] without any. */
export function rangeOf(values: readonly (readonly number[])[]): Range {
  const finite = values.flat().filter((value) => drawable(value, "linear"));
  if (finite.length === 0) return { low: 0, high: 1 };
  return {
    low: finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    high: finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  };
}

/** A matrix whose values change sign is shown about zero. */
export function rampFor({ low, high }: Range): Ramp {
  return low < 0 && high > 0 ? "signed" : "sequential";
}

export function colourScale(range: Range, ramp: Ramp): (value: number) => string {
  const far = Math.max(Math.abs(range.low), Math.abs(range.high)) || 1;
  const [low, high] = ramp === "signed" ? [-far, far] : [range.low, range.high];
  const colours = stops[ramp];
  const domain = colours.map((_, k) => low + ((high - low) * k) / (colours.length - 1));
  return scaleLinear<string>().domain(domain).range(colours).clamp(true);
}

const levels = 64;

/** One path a colour, of at most `levels` colours, so that a photograph stays small. What is not finite is left out. */
export function cells(values: readonly (readonly number[])[], range: Range, ramp: Ramp): readonly string[] {
  const fill = colourScale(range, ramp);
  const span = range.high - range.low || 1;
  const paths = new Map<number, string>();
  values.forEach((row, i) => {
    row.forEach((value, j) => {
      if (!drawable(value, "linear")) return;
      const level = Math.round((levels * value) / span);
      paths.set(level, `${paths.get(level) ?? ""}M${j} ${i}h1v1h-1z`);
    });
  });
  return [...paths].map(([level, d]) => `<path fill="${fill((span * level) / levels)}" d="${d}"/>`);
}
