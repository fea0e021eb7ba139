/** Writes npy files for tests. */

type Write = (view: DataView, offset: number, value: number, little: boolean) => void;

const writers: Readonly<Record<string, readonly [size: number, write: Write]>> = {
  f8: [8, (view, offset, value, little) => view.setFloat64(offset, value, little)],
  f4: [4, (view, offset, value, little) => view.setFloat32(offset, value, little)],
  i1: [1, (view, offset, value) => view.setInt8(offset, value)],
  i2: [2, (view, offset, value, little) => view.setInt16(offset, value, little)],
  i4: [4, (view, offset, value, little) => view.setInt32(offset, value, little)],
  i8: [8, (view, offset, value, little) => view.setBigInt64(offset, BigInt(value), little)],
  u1: [1, (view, offset, value) => view.setUint8(offset, value)],
  u2: [2, (view, offset, value, little) => view.setUint16(offset, value, little)],
  u4: [4, (view, offset, value, little) => view.setUint32(offset, value, little)],
  u8: [8, (view, offset, value, little) => view.setBigUint64(offset, BigInt(value), little)],
  b1: [1, (view, offset, value) => view.setUint8(offset, value)],
};

export function npy(
  dtype: string,
  shape: readonly number[],
  values: readonly number[],
  options: { readonly version?: number; readonly fortran?: boolean } = {},
): Uint8Array {
  const { version = 1, fortran = false } = options;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${dtype}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${sizes}), }\n`;
  const from = version === 1 ? 10 : 12;
  const [size, write] = writers[dtype.slice(1)] ?? [0, () => {}];
  const bytes = new Uint8Array(from + dictionary.length + size * values.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, dictionary.length, true);
  else view.setUint32(8, dictionary.length, true);
  bytes.set(new TextEncoder().encode(dictionary), from);
  values.forEach((value, i) => write(view, from + dictionary.length + i * size, value, dtype[0] !== ">"));
  return bytes;
}
