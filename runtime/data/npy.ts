/** NumPy's array file: a magic string, a version, a header that is a Python dictionary, then the values. */
import type { TableType } from "../../compiler/check/types.ts";
import { growingArray, largestArray } from "../growing.ts";
import { columnOf, type NumericArray, tableOf, wantedArrays } from "./arrays.ts";
import { dtypes } from "./dtypes.ts";
import { dataTooLarge, dtypeUnsupported, fail, fileMalformed } from "./errors.ts";
import { chunksOf, type DataFile } from "./files.ts";
import type { Table } from "./table.ts";

/** One array, for the table's one field. */
export async function readNpy(file: DataFile, type: TableType): Promise<Table> {
  const wanted = wantedArrays(file, type, [...type.fields.keys()].slice(0, 1));
  const array = await decodeNpy(file, chunksOf(file));
  return tableOf(
    file,
    new Map([...wanted].map(([field, arrayType]) => [field, columnOf(file, field, arrayType, array)])),
  );
}

/** Versions 1 to 3, C and Fortran order, either byte order, from bytes in pieces; the result is row-major. */
export async function decodeNpy(
  file: DataFile,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<NumericArray> {
  /** Bytes that are not decoded yet: the header under way, then less than one value. */
  let rest: Uint8Array = new Uint8Array(0);
  let body: Body | undefined;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    body ??= bytes.length >= headerLength(bytes) ? startBody(file, bytes) : undefined;
    // A piece is overwritten when the next comes, so what is kept of it is a copy.
    rest = body === undefined ? bytes.slice() : body.decode(bytes);
    if (body?.isComplete()) break;
  }
  body ??= startBody(file, rest);
  return body.finish();
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The values of the array, as their bytes come. */
interface Body {
  /** Takes the values in the bytes (after the header, the first time) and gives what remains, a copy. */
  readonly decode: (bytes: Uint8Array) => Uint8Array;
  readonly isComplete: () => boolean;
  readonly finish: () => NumericArray;
}

function startBody(file: DataFile, first: Uint8Array): Body {
  const { header, start } = readHeader(file, first);
  const { dtype, fortran, shape } = parseHeader(file, header);
  const [order, kind] = [dtype[0] ?? "", dtype.slice(1)];
  const { size, read } = (Object.hasOwn(dtypes, kind) && dtypes[kind]) || fail(dtypeUnsupported(file, dtype));
  const length = shape.reduce((product, n) => product * n, 1);
  if (length > largestArray) fail(dataTooLarge(file, `it holds ${length} numbers of shape [${shape.join(", ")}]`));
  const values = growingArray(length);
  const little = order !== ">";
  const place = fortran ? columnMajor(shape) : undefined;
  let skip = start;
  let count = 0;
  return {
    decode: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = skip;
      skip = 0;
      for (; at + size <= bytes.length && count < length; at += size) {
        values[place === undefined ? count : place()] = read(view, at, little);
        count += 1;
      }
      return bytes.slice(at);
    },
    isComplete: () => count === length,
    finish: () => {
      if (count < length) {
        const need = `shape [${shape.join(", ")}] of ${dtype} needs ${length} values, ${count} follow`;
        fail(fileMalformed(file, `it ends early: ${need}`));
      }
      return { shape, values };
    },
  };
}

/** Bytes up to the array's values, as far as can be told from the first of them. */
function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 12) return 12;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes[6] === 1 ? 10 + view.getUint16(8, true) : 12 + Math.min(largestHeader, view.getUint32(8, true));
}

const largestHeader = 1 << 20;

function readHeader(file: DataFile, bytes: Uint8Array): { header: string; start: number } {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte)) fail(fileMalformed(file, "it is no npy file"));
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) fail(fileMalformed(file, `npy version ${version} is unknown`));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, from] = version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (length > Math.min(largestHeader, bytes.length - from)) fail(fileMalformed(file, "its header ends early"));
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

/** Where values go whose first axis runs fastest, in an array whose last one does: the places one after the other. */
function columnMajor(shape: readonly number[]): () => number {
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  let next = 0;
  return () => {
    const place = next;
    for (let axis = 0; axis < shape.length; axis++) {
      const moved = (index[axis] ?? 0) + 1;
      const stride = strides[axis] ?? 0;
      next += stride;
      if (moved < (shape[axis] ?? 0)) {
        index[axis] = moved;
        break;
      }
      index[axis] = 0;
      next -= moved * stride;
    }
    return place;
  };
}
