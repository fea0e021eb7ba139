/**
 * What every figure shares: a self-contained SVG document, its colours in light and dark, and the marks of text.
 *
 * The colours of series are Okabe and Ito's (2008), which stay apart for colour-blind readers, lightened on a dark ground.
 */

const light = ["#0072b2", "#d55e00", "#007d5c", "#b0568a", "#3c8fc4", "#a86f00"];
const dark = ["#4fa8e0", "#ff8a47", "#2ccb9b", "#e39ac6", "#8ad0ff", "#f5bc3d"];
export const colourCount = light.length;

const variables = (colours: readonly string[]): string => colours.map((c, k) => `--c${k}:${c}`).join(";");

const style = [
  `.plot{--ink:#1f2328;--faint:#d8dbe0;--ground:#ffffff;${variables(light)};background:var(--ground)}`,
  `@media (prefers-color-scheme:dark){.plot{--ink:#e2e5e9;--faint:#3a3f46;--ground:#14171a;${variables(dark)}}}`,
  ".plot text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:var(--ink)}",
  ".plot .title{font-size:14px;font-weight:600}",
  ".plot .axis{stroke:var(--ink);fill:none}.plot .grid{stroke:var(--faint);fill:none}",
].join("\n");

/** A whole document of the given size in pixels; `body` is markup. */
export function svgDocument(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" fill="var(--ground)"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

export interface TextStyle {
  readonly anchor?: "start" | "middle" | "end";
  readonly class?: string;
  readonly fill?: string;
  /** Degrees, about the text's own position. */
  readonly turned?: number;
}

export function svgText(x: number, y: number, text: string, options: TextStyle = {}): string {
  const turn = options.turned === undefined ? "" : ` transform="rotate(${options.turned} ${short(x)} ${short(y)})"`;
  const named = options.class === undefined ? "" : ` class="${options.class}"`;
  // A style, because the sheet's rule for text outranks an attribute.
  const fill = options.fill === undefined ? "" : ` style="fill:${options.fill}"`;
  const anchor = options.anchor ?? "start";
  return `<text x="${short(x)}" y="${short(y)}" text-anchor="${anchor}"${named}${fill}${turn}>${escaped(text)}</text>`;
}

/** Width of a text of the figure's size in pixels, nearly: fonts differ. */
export function textWidth(text: string): number {
  return 6.8 * [...text].length;
}

/** The colour of the k-th series. */
export function colour(k: number): string {
  return `var(--c${k % colourCount})`;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A coordinate to a hundredth of a pixel. */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
