/**
 * Large arrays without a second copy: they grow where they are while they are read, and give their memory back piece by piece
 * while they move to where they stay.
 */

/** What one array may hold: 4 GiB of doubles, all that the engine's 32-bit addresses reach. */
export const largestArray = 2 ** 29;

/** Numbers by which an array grows, and moves: 1 MiB. */
const piece = 2 ** 17;

/** An array of zeros that can grow. Throws a RangeError beyond `largestArray`. */
export function growingArray(length: number): Float64Array<ArrayBuffer> {
  return new Float64Array(new ArrayBuffer(8 * length, { maxByteLength: 8 * largestArray }));
}

/** Makes room for so many numbers at least. Throws a RangeError beyond `largestArray`. */
export function growTo(values: Float64Array<ArrayBuffer>, length: number): void {
  if (length <= values.length) return;
  values.buffer.resize(8 * Math.max(length, Math.min(largestArray, values.length + piece)));
}

/** Cuts it off. */
export function shrinkTo(values: Float64Array<ArrayBuffer>, length: number): void {
  values.buffer.resize(8 * length);
}

/** Hands an array over in pieces; one that can grow is given up on the way, its end first, and is empty afterwards. */
export function moveOut(values: Float64Array, receive: (part: Float64Array, at: number) => void): void {
  const { buffer, byteLength } = values;
  if (!(buffer instanceof ArrayBuffer) || !buffer.resizable || buffer.byteLength !== byteLength) {
    receive(values, 0);
    return;
  }
  for (let end = values.length; end > 0; end = values.length) {
    const from = Math.max(0, end - piece);
    receive(values.subarray(from), from);
    buffer.resize(8 * from);
  }
}
