/** Seeded arrays, and NumPy's archive of them: an uncompressed zip of npy files (APPNOTE 4.3). */
import { closeSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
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

export function writeNpz(path: string, arrays: Arrays): void {
  const file = openSync(path, "w");
  let offset = 0;
  const write = (bytes: Uint8Array): void => {
    writeSync(file, bytes);
    offset += bytes.length;
  };
  const directory: Buffer[] = [];
  for (const [field, { shape, values }] of Object.entries(arrays)) {
    const name = Buffer.from(`${field}.npy`);
    const header = npyHeader(shape);
    const content = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const size = header.length + content.length;
    // Version, flags, method, time, date, checksum, packed and unpacked size, length of the name, of further fields.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(content, crc32(header)), 10);
    common.writeUInt32LE(size, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(name.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000", "latin1"), common, rest, name]));
    for (const bytes of [Buffer.from("PK\u0003\u0004", "latin1"), common, name, header, content]) write(bytes);
  }
  const start = offset;
  for (const entry of directory) write(entry);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  for (const at of [8, 10]) end.writeUInt16LE(directory.length, at);
  end.writeUInt32LE(offset - start, 12);
  end.writeUInt32LE(start, 16);
  write(end);
  closeSync(file);
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
