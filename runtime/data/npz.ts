/** A zip of npy files, one per array. */
import type { TableType } from "../../compiler/check/types.ts";
import { columnOf, tableOf, wantedArrays } from "./arrays.ts";
import { fail, fileMalformed } from "./errors.ts";
import { bytesOf, type DataFile } from "./files.ts";
import { decodeNpy } from "./npy.ts";
import type { Column, Table } from "./table.ts";

/** Bytes that the file may have. */
const largestFile = 2 ** 32;

export async function readNpz(file: DataFile, type: TableType): Promise<Table> {
  const bytes = await bytesOf(file, largestFile);
  const members = readDirectory(file, bytes);
  const wanted = wantedArrays(file, type, [...members.keys()]);
  const columns = new Map<string, Column>();
  for (const [field, arrayType] of wanted) {
    const member = members.get(field) ?? fail(fileMalformed(file, "its directory is damaged"));
    columns.set(field, columnOf(file, field, arrayType, await decodeNpy(file, await unpack(file, member))));
  }
  return tableOf(file, columns);
}

interface Member {
  /** 0 is stored, 8 is deflated. */
  readonly method: number;
  readonly size: number;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** At most the size that the directory promises: deflate can expand a thousandfold. */
async function unpack(file: DataFile, { method, size, content }: Member): Promise<readonly Uint8Array[]> {
  if (method === 0) return [content];
  const damaged = () => fail(fileMalformed(file, "a compressed array in it is damaged"));
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of new Blob([content]).stream().pipeThrough(new DecompressionStream("deflate-raw"))) {
      length += piece.length;
      if (length > size) break;
      pieces.push(piece);
    }
  } catch {
    damaged();
  }
  return length > size ? damaged() : pieces;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;

/** The members by array name, from the directory at the end of the zip (APPNOTE 4.3.12, 4.3.16). */
function readDirectory(file: DataFile, bytes: Uint8Array<ArrayBuffer>): ReadonlyMap<string, Member> {
  const damaged = () => fail(fileMalformed(file, "it is no zip of arrays, or a damaged one"));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => (at + 2 <= bytes.length ? view.getUint16(at, true) : damaged());
  const u32 = (at: number) => (at + 4 <= bytes.length ? view.getUint32(at, true) : damaged());

  // The end record is 22 bytes and a comment of at most 65535.
  let end = bytes.length - 22;
  while (end >= Math.max(0, bytes.length - 65557) && u32(end) !== endSignature) end--;
  if (end < Math.max(0, bytes.length - 65557)) damaged();

  const members = new Map<string, Member>();
  const count = u16(end + 10);
  let at = u32(end + 16);
  for (let i = 0; i < count; i++) {
    if (u32(at) !== entrySignature) damaged();
    const [method, packed, size, nameLength] = [u16(at + 10), u32(at + 20), u32(at + 24), u16(at + 28)];
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const local = u32(at + 42);
    if (u32(local) !== localSignature || (method !== 0 && method !== 8)) damaged();
    const start = local + 30 + u16(local + 26) + u16(local + 28);
    if (start + packed > bytes.length) damaged();
    members.set(name.replace(/\.npy$/, ""), { method, size, content: bytes.subarray(start, start + packed) });
    at += 46 + nameLength + u16(at + 30) + u16(at + 32);
  }
  return members;
}
