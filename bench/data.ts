/** Seeded arrays, and files of them in NumPy's format. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../runtime/random.ts";

export interface NumericArray {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export type Arrays = Readonly<Record<string, NumericArray>>;

export const vector = (values: Float64Array): NumericArray => ({ shape: [values.length], values });

export function normal(seed: number, ...shape: readonly number[]): NumericArray {
  const random = createRandom(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, values: Float64Array.from({ length }, random.normal) };
}

/** Rows of independent normals, column j of deviation 1/√(1 + j): features of which some say more than others. */
export function decayingFeatures(seed: number, rows: number, columns: number): NumericArray {
  const { shape, values } = normal(seed, rows, columns);
  for (let i = 0; i < values.length; i += 1) (values[i] as number) /= Math.sqrt(1 + (i % columns));
  return { shape, values };
}

/** X θ */
export function applied({ shape, values }: NumericArray, theta: Float64Array): Float64Array {
  const [rows = 0, columns = 0] = shape;
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < columns; j += 1) sum += (values[i * columns + j] as number) * (theta[j] as number);
    return sum;
  });
}

/** An array a file: `train.X.npy` holds X of the table train. */
export function writeTable(folder: string, table: string, arrays: Arrays): void {
  for (const [field, { shape, values }] of Object.entries(arrays)) {
    const file = openSync(join(folder, `${table}.${field}.npy`), "w");
    writeSync(file, npyHeader(shape));
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    closeSync(file);
  }
}

/** Padded such that the values are aligned to 64 bytes within the array's file. */
function npyHeader(shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([Buffer.from("\u0093NUMPY\u0001\u0000", "latin1"), length, Buffer.from(padded, "latin1")]);
}
