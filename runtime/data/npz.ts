/** A zip of npy files, one per array. */
import type { ArrayType, TableType } from "../../compiler/check/types.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { columnOf, tableOf, wantedArrays } from "./arrays.ts";
import { fail, fileMalformed } from "./errors.ts";
import { bytesOf, type DataFile } from "./files.ts";
import { decodeNpy, largestFile } from "./npy.ts";
import type { Table } from "./table.ts";

/** A zip may claim more members than it has bytes for; deflate cannot expand more than this. */
const mostMembers = 65536;
const mostExpansion = 1032;

export async function readNpz(file: DataFile, type: TableType): Promise<Table> {
  const bytes = await bytesOf(file, largestFile);
  const { unzipSync } = await import("fflate");
  const names: string[] = [];
  const members = unpack(file, () =>
    unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        const array = name.replace(/\.npy$/, "");
        names.push(array);
        if (names.length > mostMembers || size > bytes.length || originalSize > mostExpansion * size + mostExpansion) {
          fail(fileMalformed(file, "its directory is damaged"));
        }
        return type.fields.has(array);
      },
    }),
  );
  const wanted: ReadonlyMap<string, ArrayType> = wantedArrays(file, type, names);
  const arrays = new Map(Object.entries(members).map(([name, member]) => [name.replace(/\.npy$/, ""), member] as const));
  const columns = [...wanted].map(([field, arrayType]) => {
    const member = arrays.get(field) ?? new Uint8Array();
    return [field, columnOf(file, field, arrayType, decodeNpy(file, member))] as const;
  });
  return tableOf(file, new Map(columns));
}

/** The zip reader throws its own errors on damaged bytes. */
function unpack<T>(file: DataFile, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BilevelError) throw error;
    return fail(fileMalformed(file, "it is no zip of arrays, or a damaged one"));
  }
}
