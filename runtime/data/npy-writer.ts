/** An array as NumPy's file: version 1, little-endian doubles, row-major. */
import type { NumericArray } from "./arrays.ts";

/** The header ends at a multiple of this. */
const alignment = 64;
const beforeHeader = 10;

export function encodeNpy({ shape, values }: NumericArray): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '<f8', 'fortran_order': False, 'shape': (${tuple}), }`;
  const start = Math.ceil((beforeHeader + dictionary.length + 1) / alignment) * alignment;
  const header = `${dictionary.padEnd(start - beforeHeader - 1)}\n`;
  const bytes = new Uint8Array(start + 8 * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  view.setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), beforeHeader);
  for (const [k, value] of values.entries()) view.setFloat64(start + 8 * k, value, true);
  return bytes;
}
