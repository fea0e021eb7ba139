/**
 * safetensors: the length of a header in eight bytes, the header as JSON with every tensor's dtype, shape and place, then the values,
 * little-endian and row-major, one tensor after the other without a gap. See github.com/huggingface/safetensors.
 */
import type { TableType } from "../../compiler/check/types.ts";
import { largestArray } from "../growing.ts";
import { columnOf, type NumericArray, tableOf, wantedArrays } from "./arrays.ts";
import { type Dtype, dtypes } from "./dtypes.ts";
import { dataTooLarge, dtypeUnsupported, fail, fileMalformed } from "./errors.ts";
import { bytesOf, type DataFile } from "./files.ts";
import type { Table } from "./table.ts";

const dtypeNames: Readonly<Record<string, string>> = {
  F64: "f8",
  F32: "f4",
  F16: "f2",
  BF16: "bf2",
  I8: "i1",
  I16: "i2",
  I32: "i4",
  I64: "i8",
  U8: "u1",
  U16: "u2",
  U32: "u4",
  U64: "u8",
  BOOL: "b1",
};

/** Bytes of the file and of its header, at the most. */
const largestFile = 2 ** 32;
const largestHeader = 1e8;

const lengthBytes = 8;

/** The arrays as doubles, in the order given. */
export function encodeSafetensors(tensors: ReadonlyMap<string, NumericArray>): Uint8Array {
  let end = 0;
  const entries = [...tensors].map(([name, { shape, values }]) => {
    const begin = end;
    end += 8 * values.length;
    return [name, { dtype: "F64", shape, data_offsets: [begin, end] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Blanks after the header bring the values to a multiple of eight.
  const start = lengthBytes + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, lengthBytes, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - lengthBytes), true);
  bytes.set(header, lengthBytes);
  let at = start;
  for (const { values } of tensors.values())
    for (const value of values) {
      view.setFloat64(at, value, true);
      at += 8;
    }
  return bytes;
}

export async function readSafetensors(file: DataFile, type: TableType): Promise<Table> {
  const tensors = await openSafetensors(file);
  const wanted = wantedArrays(file, type, [...tensors.keys()]);
  const columns = [...wanted].map(([field, arrayType]) => {
    const decode = tensors.get(field) ?? fail(fileMalformed(file, "its header is damaged"));
    return [field, columnOf(file, field, arrayType, decode())] as const;
  });
  return tableOf(file, new Map(columns));
}

/** The tensors by name, each decoded when it is asked for. */
export async function openSafetensors(file: DataFile): Promise<ReadonlyMap<string, () => NumericArray>> {
  const bytes = await bytesOf(file, largestFile);
  const { header, values } = takeApart(file, bytes);
  const places = [...header].map(([name, entry]) => [name, placeOf(file, name, entry)] as const);
  checkCoverage(file, places, values.byteLength);
  return new Map(places.map(([name, place]) => [name, () => decode(file, name, values, place)]));
}

function takeApart(
  file: DataFile,
  bytes: Uint8Array,
): { readonly header: ReadonlyMap<string, unknown>; readonly values: DataView } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < lengthBytes ? Infinity : Number(view.getBigUint64(0, true));
  if (length > Math.min(largestHeader, bytes.length - lengthBytes))
    fail(fileMalformed(file, "it is no safetensors file, or its header ends early"));
  const start = lengthBytes + length;
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(lengthBytes, start)));
  } catch {
    fail(fileMalformed(file, "its header is not JSON"));
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    return fail(fileMalformed(file, "its header is not an object of tensors"));
  const { __metadata__: _, ...tensors } = header as Record<string, unknown>;
  return {
    header: new Map(Object.entries(tensors)),
    values: new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start),
  };
}

/** Where a tensor's bytes are, from the end of the header. */
interface Place {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function placeOf(file: DataFile, name: string, entry: unknown): Place {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    return fail(fileMalformed(file, `the header's entry of ${JSON.stringify(name)} is damaged`));
  const [begin = 0, end = 0] = offsets;
  return { dtype, shape, begin, end };
}

const isCounts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/** The tensors follow each other from the first byte to the last, so none is cut off, overlaps another or is named twice. */
function checkCoverage(file: DataFile, places: readonly (readonly [string, Place])[], length: number): void {
  let covered = 0;
  for (const [name, { begin, end }] of places.toSorted(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    const of = JSON.stringify(name);
    if (begin !== covered || end < begin)
      fail(fileMalformed(file, `${of} is at bytes ${begin} to ${end}, and the tensors before it end at ${covered}`));
    if (end > length)
      fail(fileMalformed(file, `it ends early: ${of} ends at byte ${end}, and ${length} follow the header`));
    covered = end;
  }
  if (covered !== length)
    fail(fileMalformed(file, `the tensors end at byte ${covered}, and ${length} follow the header`));
}

function decode(file: DataFile, name: string, bytes: DataView, { dtype, shape, begin, end }: Place): NumericArray {
  const known = Object.hasOwn(dtypeNames, dtype) ? dtypes[dtypeNames[dtype] ?? ""] : undefined;
  const { size, read }: Dtype = known ?? fail(dtypeUnsupported(file, dtype));
  const length = shape.reduce((product, n) => product * n, 1);
  if (length * size !== end - begin) {
    const need = `shape [${shape.join(", ")}] of ${dtype} needs ${length * size} bytes and has ${end - begin}`;
    fail(fileMalformed(file, `${JSON.stringify(name)} does not fit its place: ${need}`));
  }
  if (length > largestArray) fail(dataTooLarge(file, `${name} holds ${length} numbers`));
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = read(bytes, begin + i * size, true);
  return { shape, values };
}
