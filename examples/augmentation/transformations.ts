/** Writes transformations.json: matrices T such that x + z T x is an image x of 8 × 8 pixels, transformed a little. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { range } from "../study.ts";

type Matrix = readonly (readonly number[])[];
/** Row, column and value of an image's pixel, from the pixels it is made of. */
type Pixel = (row: number, column: number) => readonly (readonly [row: number, column: number, weight: number])[];

const side = 8;
const middle = (side - 1) / 2;

function matrixOf(pixel: Pixel): Matrix {
  return range(side * side).map((k) => {
    const made = range(side * side).map(() => 0);
    for (const [row, column, weight] of pixel(Math.floor(k / side), k % side))
      if (Math.min(row, column) >= 0 && Math.max(row, column) < side) (made[row * side + column] as number) += weight;
    return made;
  });
}

/** What moves with velocity (down, right) changes by minus its slope along it; one unit is one pixel, at the border of the image. */
const flow = (velocity: (y: number, x: number) => readonly [down: number, right: number]): Matrix =>
  matrixOf((row, column) => {
    const [down, right] = velocity((row - middle) / middle, (column - middle) / middle);
    return [
      [row + 1, column, -down / 2],
      [row - 1, column, down / 2],
      [row, column + 1, -right / 2],
      [row, column - 1, right / 2],
    ];
  });

export const transformations: Readonly<Record<string, Matrix>> = {
  right: flow(() => [0, 1]),
  down: flow(() => [1, 0]),
  turn: flow((y, x) => [x, -y]),
  zoom: flow((y, x) => [y, x]),
  stretch: flow((y, x) => [-y, x]),
  slant: flow((y) => [0, y]),
  blur: matrixOf((row, column) => [
    [row, column, -1],
    ...[-1, 1].flatMap((step) => [[row + step, column, 0.25] as const, [row, column + step, 0.25] as const]),
  ]),
  mirror: matrixOf((row, column) => [
    [row, column, -1],
    [row, side - 1 - column, 1],
  ]),
};

if (import.meta.main)
  writeFileSync(
    join(import.meta.dirname, "transformations.json"),
    `${JSON.stringify({ T: Object.values(transformations) })}\n`,
  );
