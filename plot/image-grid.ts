/** Small grey pictures in rows, each with a caption: digits, kernels, reconstructions. */
import { cells, rangeOf } from "./cells.ts";
import { short, svgDocument, svgText } from "./svg.ts";

export interface Picture {
  /** Rows from top to bottom; the smallest value of all pictures is white, the largest black. */
  readonly pixels: readonly (readonly number[])[];
  readonly caption?: string;
}

export interface ImageGridOptions {
  readonly title: string;
  /** Pictures in a row. */
  readonly columns?: number;
  /** Width of a picture in pixels. */
  readonly size?: number;
}

const gap = 12;
const captionHeight = 18;

export function imageGrid(pictures: readonly Picture[], options: ImageGridOptions): string {
  const { title, columns = 10, size = 64 } = options;
  const across = Math.max(1, Math.min(columns, pictures.length));
  const step = size + gap + (pictures.some(({ caption }) => caption !== undefined) ? captionHeight : 0);
  const range = rangeOf(pictures.flatMap(({ pixels }) => pixels));
  const width = 2 * 20 + across * (size + gap) - gap;
  const height = 40 + Math.max(1, Math.ceil(pictures.length / across)) * step + gap;
  return svgDocument(width, height, title, [
    svgText(20, 22, title, { class: "title" }),
    ...pictures.flatMap(({ pixels, caption }, k) => {
      const [x, y] = [20 + (k % across) * (size + gap), 40 + Math.floor(k / across) * step];
      const scale = size / Math.max(1, pixels.length, ...pixels.map((row) => row.length));
      return [
        `<g transform="translate(${x} ${y}) scale(${short(scale)})" shape-rendering="crispEdges">`,
        ...cells(pixels, range, "grey"),
        "</g>",
        ...(caption === undefined ? [] : [svgText(x + size / 2, y + size + 14, caption, { anchor: "middle" })]),
      ];
    }),
  ]);
}
