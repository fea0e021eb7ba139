/**
 * Hearts drawn as in the dSprites benchmark (Matthey et al. 2017), by an own renderer, and what is observed of them (Xu et al. 2021): an
 * image, an instrument that shaped it, and an outcome that something unseen moves, too.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeSafetensors } from "../../runtime/data/safetensors.ts";
import { createRandom } from "../../runtime/random.ts";

const side = 64;

interface Shape {
  /** 0.5 to 1. */
  readonly scale: number;
  /** 0 to 2π. */
  readonly orientation: number;
  /** Of the centre, from 0 to 1 within the part of the image that every heart fits into. */
  readonly x: number;
  readonly y: number;
}

/** 64 × 64 pixels, 1 where their centre lies in (u² + v² − 1)³ ≤ u² v³ turned, scaled and moved. */
export function drawn({ scale, orientation, x, y }: Shape): Float64Array {
  const [cos, sin] = [Math.cos(orientation), Math.sin(orientation)];
  const radius = 10.5 * scale;
  const [centreX, centreY] = [x, y].map((part) => 14 + 36 * part) as [number, number];
  return Float64Array.from({ length: side ** 2 }, (_, i) => {
    const [right, up] = [((i % side) + 0.5 - centreX) / radius, (centreY - Math.floor(i / side) - 0.5) / radius];
    const [u, v] = [cos * right + sin * up, cos * up - sin * right];
    return (u ** 2 + v ** 2 - 1) ** 3 <= u ** 2 * v ** 3 ? 1 : 0;
  });
}

/** (mean over j of (a_j · image)² − 5000) / 1000, with ten rows a_j uniform on [0, 1] that all draws share. */
function structuralOf(image: Float64Array): number {
  const squares = projections.map((row) => row.reduce((sum, a, i) => sum + a * (image[i] as number), 0) ** 2);
  return (squares.reduce((a, b) => a + b) / squares.length - 5000) / 1000;
}

const projections = (() => {
  const random = createRandom(2021);
  return Array.from({ length: 10 }, () => Float64Array.from({ length: side ** 2 }, () => random.uniform()));
})();

/** Means over squares, so that `pixels` remain on each side. */
export function shrunk(image: Float64Array, pixels: number): Float64Array {
  const square = side / pixels;
  const small = new Float64Array(pixels ** 2);
  image.forEach((value, i) => {
    const [row, column] = [Math.floor(i / side / square), Math.floor((i % side) / square)];
    small[row * pixels + column] = (small[row * pixels + column] as number) + value / square ** 2;
  });
  return small;
}

/** The scale, the orientation and the position from left to right are the instrument; the height moves image and outcome unseen. */
export function observed(rows: number, pixels: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  return table(
    pixels,
    Array.from({ length: rows }, () => {
      const [scale, turn, right] = [random.integer(6), random.integer(40), random.integer(32)];
      const down = random.integer(32);
      const shape = shapeOf(scale, turn, right, down);
      const image = drawn(shape).map((value) => value + 0.1 * random.normal());
      const outcome = structuralOf(image) + down - 16 + 0.5 * random.normal();
      return { image, z: [shape.scale, shape.orientation, shape.x], value: outcome };
    }),
    "outcome",
  );
}

/** Images without noise over a grid, and their structural values: 7 × 7 places, 3 scales, 4 orientations. */
export function grid(pixels: number): Uint8Array {
  const places = [0, 5, 10, 15, 20, 25, 30];
  const rows = places.flatMap((right) =>
    places.flatMap((down) =>
      [0, 3, 5].flatMap((scale) =>
        [0, 10, 20, 30].map((turn) => {
          const image = drawn(shapeOf(scale, turn, right, down));
          return { image, z: [], value: structuralOf(image) };
        }),
      ),
    ),
  );
  return table(pixels, rows, "structural");
}

const shapeOf = (scale: number, turn: number, right: number, down: number): Shape => ({
  scale: 0.5 + 0.1 * scale,
  orientation: (2 * Math.PI * turn) / 39,
  x: right / 31,
  y: down / 31,
});

interface Row {
  readonly image: Float64Array;
  readonly z: readonly number[];
  readonly value: number;
}

function table(pixels: number, rows: readonly Row[], name: string): Uint8Array {
  const n = rows.length;
  const images = new Float64Array(n * pixels ** 2);
  rows.forEach(({ image }, i) => images.set(shrunk(image, pixels), i * pixels ** 2));
  return encodeSafetensors(
    new Map([
      ["image", { shape: [n, pixels ** 2], values: images }],
      ["z", { shape: [n, rows[0]?.z.length ?? 0], values: Float64Array.from(rows.flatMap(({ z }) => z)) }],
      [name, { shape: [n], values: Float64Array.from(rows, ({ value }) => value) }],
    ]),
  );
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(import.meta.dirname, "train.safetensors"), observed(1000, 8, 1));
  writeFileSync(join(import.meta.dirname, "grid.safetensors"), grid(8));
}
