/** Arrays that are computed: seeded noise, grids, constants. */
import type { Generator } from "../../compiler/check/model.ts";
import { evaluateSize, type SizeBindings } from "../../compiler/ir/size.ts";
import { createRandom } from "../random.ts";

/** Row-major values of the shape; what a generator counts has a number in `sizes`. `linspace` runs along the first axis, `eye` over the last two. */
export function generate(
  generator: Generator,
  shape: readonly number[],
  sizes: SizeBindings = new Map(),
): Float64Array {
  const values = new Float64Array(shape.reduce((product, size) => product * size, 1));
  fill[generator.kind](generator as never, values, shape, sizes);
  return values;
}

/** The k-th field of a generated table is drawn with seed + k. */
export function generatorOfField(generator: Generator, k: number): Generator {
  return "seed" in generator ? { ...generator, seed: generator.seed + k } : generator;
}

/** So many of 0..of − 1, ascending: a random one from each of equally long stretches. */
export function strata(count: number, of: number, seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: count }, (_, k) =>
    Math.min(of - 1, Math.floor(((k + random.uniform()) * of) / count)),
  );
}

type Fill<K> = (
  generator: Extract<Generator, { readonly kind: K }>,
  values: Float64Array,
  shape: readonly number[],
  sizes: SizeBindings,
) => void;

const fill: { readonly [K in Generator["kind"]]: Fill<K> } = {
  normal: ({ seed }, values) => {
    const random = createRandom(seed);
    for (let i = 0; i < values.length; i++) values[i] = random.normal();
  },
  uniform: ({ low, high, seed }, values) => {
    const random = createRandom(seed);
    for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * random.uniform();
  },
  linspace: ({ from, to }, values, shape) => {
    const points = shape[0] ?? 1;
    const length = values.length / points;
    for (let i = 0; i < points; i++) {
      const part = points === 1 ? 0 : i / (points - 1);
      values.fill((1 - part) * from + part * to, i * length, (i + 1) * length);
    }
  },
  /** Gram and Schmidt's method, twice over, on normal vectors along the longer axis. */
  orthogonal: ({ seed }, values, shape) => {
    const random = createRandom(seed);
    const columns = shape.length < 2 ? 1 : (shape.at(-1) ?? 1);
    const rows = values.length / columns;
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
    const vectors: Float64Array[] = [];
    while (vectors.length < count) {
      const vector = Float64Array.from({ length }, () => random.normal());
      for (const other of [...vectors, ...vectors]) {
        const along = other.reduce((sum, x, i) => sum + x * (vector[i] as number), 0);
        other.forEach((x, i) => {
          vector[i] = (vector[i] as number) - along * x;
        });
      }
      const norm = Math.hypot(...vector);
      vectors.push(vector.map((x) => x / norm));
    }
    vectors.forEach((vector, k) => {
      vector.forEach((x, i) => {
        values[rows < columns ? k * columns + i : i * columns + k] = x;
      });
    });
  },
  strata: ({ of, seed }, values, _, sizes) => values.set(strata(values.length, evaluateSize(of, sizes) ?? 0, seed)),
  zeros: () => {},
  ones: (_, values) => values.fill(1),
  eye: (_, values, shape) => {
    const columns = shape.at(-1) ?? 1;
    const rows = shape.at(-2) ?? 1;
    for (let i = 0; i < values.length; i++) if (i % columns === Math.floor(i / columns) % rows) values[i] = 1;
  },
};
