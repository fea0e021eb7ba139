/** The distribution of many numbers: how many of them lie in each of equal intervals. */
import { bottomMargin, type Frame, horizontalAxis, leftMargin, scaleOver, ticksOf, verticalAxis } from "./axes.ts";
import { colour, short, svgDocument, svgText } from "./svg.ts";

const bins = 40;
const [width, height] = [560, 300];

/** What is not finite is left out. */
export function histogram(values: readonly number[], title: string, label: string): string {
  const frame: Frame = { left: leftMargin, right: width - 30, top: 40, bottom: height - bottomMargin };
  const finite = values.filter(Number.isFinite);
  const x = scaleOver(finite, "linear", [frame.left, frame.right]);
  const [low, high] = x.domain() as [number, number];
  const counts = new Array<number>(bins).fill(0);
  for (const value of finite) {
    const bin = Math.min(bins - 1, Math.floor((bins * (value - low)) / (high - low)));
    counts[bin] = (counts[bin] as number) + 1;
  }
  const y = scaleOver([0, ...counts], "linear", [frame.bottom, frame.top]);
  const wide = (frame.right - frame.left) / bins;
  return svgDocument(width, height, title, [
    svgText(frame.left, 22, title, { class: "title" }),
    ...verticalAxis(frame, ticksOf(y, "linear", 5), y, "entries"),
    ...counts.map(
      (count, k) =>
        `<rect x="${short(frame.left + wide * k)}" y="${short(y(count))}" width="${short(wide - 1)}" height="${short(frame.bottom - y(count))}" fill="${colour(0)}"/>`,
    ),
    ...horizontalAxis(frame, ticksOf(x, "linear", 7), x, label),
  ]);
}
