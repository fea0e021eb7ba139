/** Writes figure.svg: the strokes as images. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../index.ts";
import { imageGrid } from "../../plot/image-grid.ts";

const file = join(import.meta.dirname, "dictionary.bilevel");
const { problem, diagnostics } = await compile(readFileSync(file, "utf8"), { file });
if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
const { upper } = await problem.solve();
const strokes = upper.strokes as readonly (readonly number[])[];
const rowsOf = (stroke: readonly number[]) => Array.from({ length: 8 }, (_, row) => stroke.slice(8 * row, 8 * row + 8));
const pictures = strokes.map((stroke) => ({ pixels: rowsOf(stroke) }));
writeFileSync(join(import.meta.dirname, "figure.svg"), imageGrid(pictures, { title: "Eight strokes", columns: 4 }));
