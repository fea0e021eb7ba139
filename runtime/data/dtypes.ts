/** How numbers lie in binary files: the bytes of one, and how it is read. The names are NumPy's; `bf2` is the upper half of an `f4`. */

export interface Dtype {
  readonly size: number;
  readonly read: (view: DataView, offset: number, little: boolean) => number;
}

export const dtypes: Readonly<Record<string, Dtype>> = {
  f8: { size: 8, read: (view, offset, little) => view.getFloat64(offset, little) },
  f4: { size: 4, read: (view, offset, little) => view.getFloat32(offset, little) },
  f2: { size: 2, read: (view, offset, little) => halfOf(view.getUint16(offset, little)) },
  bf2: { size: 2, read: (view, offset, little) => singleOf(view.getUint16(offset, little) * 2 ** 16) },
  i1: { size: 1, read: (view, offset) => view.getInt8(offset) },
  i2: { size: 2, read: (view, offset, little) => view.getInt16(offset, little) },
  i4: { size: 4, read: (view, offset, little) => view.getInt32(offset, little) },
  i8: { size: 8, read: (view, offset, little) => Number(view.getBigInt64(offset, little)) },
  u1: { size: 1, read: (view, offset) => view.getUint8(offset) },
  u2: { size: 2, read: (view, offset, little) => view.getUint16(offset, little) },
  u4: { size: 4, read: (view, offset, little) => view.getUint32(offset, little) },
  u8: { size: 8, read: (view, offset, little) => Number(view.getBigUint64(offset, little)) },
  b1: { size: 1, read: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1) },
};

/** IEEE 754 binary16: a sign, 5 bits of exponent biased by 15, 10 bits of fraction. */
function halfOf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const single = new DataView(new ArrayBuffer(4));

function singleOf(bits: number): number {
  single.setUint32(0, bits);
  return single.getFloat32(0);
}
