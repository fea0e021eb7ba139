/** A learned value by what it is: bars for a vector, a table of colours for a matrix, pictures for a stack of them, else a distribution. */
import { heatMap } from "../../plot/heat-map.ts";
import { histogram } from "../../plot/histogram.ts";
import { imageGrid } from "../../plot/image-grid.ts";
import { valueBars } from "../../plot/value-bars.ts";
import { flatten, shapeOfNested } from "../../runtime/values.ts";
import { type Shown, showNumber } from "../show.ts";

/** Entries that are drawn one by one. */
const most = { bars: 48, cells: 40_000, pictures: 64 } as const;
/** Pictures have at least so many pixels to a side. */
const smallestPicture = 5;

type Matrix = readonly (readonly number[])[];

/** An SVG text; `undefined` for one number. */
export function figureOf({ name, type, value, labels }: Shown): string | undefined {
  const title = type === undefined ? name : `${name}: ${type}`;
  const shape = shapeOfNested(value) ?? [];
  const numbers = flatten(value);
  const [rows = 0, columns = 0, depth = 0] = shape;
  if (shape.length === 0 || numbers.length === 0) return undefined;
  if (shape.length === 1 && rows <= most.bars)
    return valueBars(
      numbers.map((number, i) => ({ name: labels?.[i] ?? String(i), value: number })),
      title,
      showNumber,
    );
  if (shape.length === 2 && rows > 1 && columns > 1 && numbers.length <= most.cells)
    return heatMap(value as Matrix, { title });
  const arePictures = shape.length === 3 && Math.min(columns, depth) >= smallestPicture && rows <= most.pictures;
  if (arePictures && numbers.length <= most.cells)
    return imageGrid(
      (value as readonly Matrix[]).map((pixels) => ({ pixels })),
      { title },
    );
  return histogram(numbers, `${title}, ${shape.join(" × ")}`, "value");
}
