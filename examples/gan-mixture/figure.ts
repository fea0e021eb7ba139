/** Writes figure.svg, where generated points lie after some steps, and prints their shares per mode. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../index.ts";
import { imageGrid, type Picture } from "../../plot/image-grid.ts";

type Points = readonly (readonly [number, number])[];

const [modes, deviation] = [8, 0.1];
const pixels = 48;
const halfWidth = 1.5;

/** Counts on a grid of `pixels` by `pixels` over [−1.5, 1.5]², the first row on top, capped so that few points still show. */
function density(points: Points): Picture["pixels"] {
  const counts = Array.from({ length: pixels }, () => new Array<number>(pixels).fill(0));
  const cell = (x: number): number => Math.floor(((x + halfWidth) / (2 * halfWidth)) * pixels);
  for (const [x, y] of points) {
    const row = counts[pixels - 1 - cell(y)];
    const column = cell(x);
    if (row !== undefined && column >= 0 && column < pixels) row[column] = (row[column] ?? 0) + 1 / points.length;
  }
  return counts.map((row) => row.map((share) => Math.min(share, 2e-3)));
}

/** The share of points within three deviations of each mode; the rest are off all modes. */
function shares(points: Points): readonly number[] {
  const counts = new Array<number>(modes).fill(0);
  for (const [x, y] of points) {
    const mode = (Math.round((Math.atan2(y, x) * modes) / (2 * Math.PI)) + modes) % modes;
    const angle = (2 * Math.PI * mode) / modes;
    const isNear = Math.hypot(x - Math.cos(angle), y - Math.sin(angle)) < 3 * deviation;
    counts[mode] = (counts[mode] as number) + (isNear ? 1 / points.length : 0);
  }
  return counts;
}

async function generated(name: string, steps: number) {
  const file = join(import.meta.dirname, `${name}.bilevel`);
  const options = new Map([["steps", { kind: "number", value: steps, span: { file, start: 0, end: 0 } } as const]]);
  const { problem, diagnostics } = await compile(readFileSync(file, "utf8"), { file, options });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const { reports, value } = await problem.solve();
  return { caption: `${name} ${steps}`, points: reports.generated as Points, value };
}

const lines = readFileSync(join(import.meta.dirname, "ring.csv"), "utf8")
  .trim()
  .split("\n")
  .slice(1);
const ring = lines.map((line) => line.split(",").map(Number)) as unknown as Points;
const runs = [
  { caption: "data", points: ring, value: undefined },
  await generated("gan", 0),
  await generated("gan", 10),
  await generated("gan", 50),
  await generated("gan", 400),
  await generated("gan-mlp", 300),
];

const headings = ["points", "objective", "near a mode", ...Array.from({ length: modes }, (_, mode) => `${mode + 1}`)];
console.log(`| ${headings.join(" | ")} |\n| ${headings.map(() => "---").join(" | ")} |`);
for (const { caption, points, value } of runs) {
  const own = shares(points);
  const cells = [value?.toFixed(4) ?? "", own.reduce((a, b) => a + b).toFixed(3)];
  console.log(`| ${[caption, ...cells, ...own.map((share) => share.toFixed(3))].join(" | ")} |`);
}
const pictures = runs.map(({ caption, points }) => ({ caption, pixels: density(points) }));
const svg = imageGrid(pictures, { title: "Where the points lie, after so many steps", columns: 3, size: 200 });
writeFileSync(join(import.meta.dirname, "figure.svg"), svg);
