/** One number a line: its name, a bar from zero, and the number. For as many values as can be read. */
import { scaleOver } from "./axes.ts";
import { colour, short, svgDocument, svgText, textWidth } from "./svg.ts";

export interface NamedValue {
  readonly name: string;
  readonly value: number;
}

const lineHeight = 20;
const barRoom = 360;

/** What is not finite has no bar. `show` writes a number. */
export function valueBars(values: readonly NamedValue[], title: string, show: (value: number) => string): string {
  const left = 20 + Math.max(0, ...values.map(({ name }) => textWidth(name)));
  const [from, to] = [left + 10, left + 10 + barRoom];
  const finite = values.map(({ value }) => value).filter(Number.isFinite);
  const x = scaleOver([0, ...finite], "linear", [from, to]);
  const width = to + 20 + Math.max(0, ...values.map(({ value }) => textWidth(show(value))));
  const top = (k: number): number => 40 + lineHeight * k;
  return svgDocument(Math.ceil(width), top(values.length) + 12, title, [
    svgText(20, 22, title, { class: "title" }),
    ...values.flatMap(({ name, value }, k) => [
      svgText(left, top(k) + 13, name, { anchor: "end" }),
      ...(Number.isFinite(value)
        ? [
            `<rect x="${short(Math.min(x(0), x(value)))}" y="${top(k) + 3}" width="${short(Math.abs(x(value) - x(0)))}" height="${lineHeight - 6}" fill="${colour(value < 0 ? 1 : 0)}"/>`,
          ]
        : []),
      svgText(to + 10, top(k) + 13, show(value)),
    ]),
    `<path class="axis" d="M${short(x(0))} 38V${top(values.length)}"/>`,
  ]);
}
