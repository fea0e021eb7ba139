/** A curve in block characters: for a terminal. */
import { showNumber } from "./show.ts";

const blocks = " ▁▂▃▄▅▆▇█";
const [columns, rows] = [64, 8];
/** Positive values that differ by more than this factor are shown by their logarithms. */
const wide = 100;

/** The values from left to right, the last one of each column's share; nothing where fewer than two are finite. */
export function blockPlot(title: string, values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (finite.length < 2 || low === high) return "";
  const isLog = low > 0 && high > wide * low;
  const place = (value: number): number => (isLog ? Math.log(value) : value);
  const across = Math.min(columns, finite.length);
  const heights = Array.from({ length: across }, (_, k) => {
    const value = finite[Math.round((k * (finite.length - 1)) / Math.max(1, across - 1))] as number;
    // The lowest value is a line, not nothing.
    return 1 + ((8 * rows - 1) * (place(value) - place(low))) / (place(high) - place(low));
  });
  const labels = [showNumber(high), showNumber(low)];
  const margin = Math.max(...labels.map((label) => label.length));
  const lines = Array.from({ length: rows }, (_, row) => {
    const label = row === 0 ? labels[0] : row === rows - 1 ? labels[1] : "";
    const cells = heights.map((height) => blocks[Math.round(Math.min(8, Math.max(0, height - 8 * (rows - 1 - row))))]);
    return `${(label ?? "").padStart(margin)} ${cells.join("")}`.trimEnd();
  });
  return `\n${title}${isLog ? ", logarithmic" : ""}\n${lines.join("\n")}\n`;
}
