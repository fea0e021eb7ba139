/** NumPy's array file: a magic string, a version, a header that is a Python dictionary, then the values. */
import type { TableType } from "../../compiler/check/types.ts";
import { columnOf, type NumericArray, tableOf, wantedArrays } from "./arrays.ts";
import { dtypeUnsupported, fail, fileMalformed } from "./errors.ts";
import { bytesOf, type DataFile } from "./files.ts";
import type { Table } from "./table.ts";

/** Bytes that one file may have. */
export const largestFile = 2 ** 32;

type ReadValue = (view: DataView, offset: number, little: boolean) => number;

/** Bytes of a value, and how it is read, for each kind letter and size of a dtype. */
const dtypes: Readonly<Record<string, readonly [size: number, read: ReadValue]>> = {
  f8: [8, (view, offset, little) => view.getFloat64(offset, little)],
  f4: [4, (view, offset, little) => view.getFloat32(offset, little)],
  i1: [1, (view, offset) => view.getInt8(offset)],
  i2: [2, (view, offset, little) => view.getInt16(offset, little)],
  i4: [4, (view, offset, little) => view.getInt32(offset, little)],
  i8: [8, (view, offset, little) => Number(view.getBigInt64(offset, little))],
  u1: [1, (view, offset) => view.getUint8(offset)],
  u2: [2, (view, offset, little) => view.getUint16(offset, little)],
  u4: [4, (view, offset, little) => view.getUint32(offset, little)],
  u8: [8, (view, offset, little) => Number(view.getBigUint64(offset, little))],
  b1: [1, (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1)],
};

/** One array, for the table's one field. */
export async function readNpy(file: DataFile, type: TableType): Promise<Table> {
  const wanted = wantedArrays(file, type, [...type.fields.keys()].slice(0, 1));
  const array = decodeNpy(file, await bytesOf(file, largestFile));
  return tableOf(
    file,
    new Map([...wanted].map(([field, arrayType]) => [field, columnOf(file, field, arrayType, array)])),
  );
}

/** Versions 1 to 3, C and Fortran order, either byte order; the result is row-major. */
export function decodeNpy(file: DataFile, bytes: Uint8Array): NumericArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { header, start } = readHeader(file, bytes, view);
  const { dtype, fortran, shape } = parseHeader(file, header);
  const [order, kind] = [dtype[0] ?? "", dtype.slice(1)];
  const [size, read] = (Object.hasOwn(dtypes, kind) && dtypes[kind]) || fail(dtypeUnsupported(file, dtype));
  const length = shape.reduce((product, n) => product * n, 1);
  if (start + length * size > bytes.length) {
    fail(
      fileMalformed(
        file,
        `it ends early: shape [${shape.join(", ")}] of ${dtype} needs ${length * size} bytes, ${bytes.length - start} follow`,
      ),
    );
  }
  const values = new Float64Array(length);
  const little = order !== ">";
  for (let i = 0; i < length; i++) values[i] = read(view, start + i * size, little);
  return { shape, values: fortran ? rowMajor(values, shape) : values };
}

function readHeader(file: DataFile, bytes: Uint8Array, view: DataView): { header: string; start: number } {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte)) fail(fileMalformed(file, "it is no npy file"));
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) fail(fileMalformed(file, `npy version ${version} is unknown`));
  const [length, from] = version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (length > Math.min(1 << 20, bytes.length - from)) fail(fileMalformed(file, "its header ends early"));
  return { header: new TextDecoder().decode(bytes.subarray(from, from + length)), start: from + length };
}

function parseHeader(file: DataFile, header: string): { dtype: string; fortran: boolean; shape: readonly number[] } {
  const dtype = /'descr': *'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order': *(True|False)/.exec(header)?.[1];
  const shape = /'shape': *\(([0-9L, ]*)\)/.exec(header)?.[1];
  if (dtype === undefined && /'descr': *\[/.test(header)) fail(dtypeUnsupported(file, "record"));
  if (dtype === undefined || fortran === undefined || shape === undefined)
    fail(fileMalformed(file, "its header is damaged"));
  const sizes = shape
    .split(",")
    .map((size) => size.replace("L", "").trim())
    .filter((size) => size !== "")
    .map(Number);
  if (sizes.length > 64 || !sizes.every(Number.isSafeInteger)) fail(fileMalformed(file, "its header is damaged"));
  return { dtype, fortran: fortran === "True", shape: sizes };
}

/** Column-major to row-major: the first axis runs fastest in `values`, the last in the result. */
function rowMajor(values: Float64Array, shape: readonly number[]): Float64Array {
  const result = new Float64Array(values.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  let target = 0;
  for (const value of values) {
    result[target] = value;
    for (let axis = 0; axis < shape.length; axis++) {
      const next = (index[axis] ?? 0) + 1;
      const stride = strides[axis] ?? 0;
      target += stride;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
      target -= next * stride;
    }
  }
  return result;
}
