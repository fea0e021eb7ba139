/**
 * When the outermost loop of a group may run in parts, in any order or at once: every nest's target either has a row for each
 * iteration, or is a sum over the loop, which each part makes for itself and which are added up at the end, in order. Nests of one
 * group take turns on blocks of rows; what they hand on to one another row by row, and nobody else reads, is kept for one block only.
 */
import { isHostFunction } from "./functions.ts";
import { type Nest, neededBy, readsOf, widestUnroll, workOf } from "./nest.ts";
import { type Buffer, baseOf, type Scalar, strideAlong } from "./scalar.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";

export interface Split {
  /** Iterations of the outermost loop. */
  readonly rows: number;
  /** Of the whole group, in multiply-adds. */
  readonly work: number;
  /** Targets that are sums over the loop; `offset` is where a part keeps its own. */
  readonly partials: readonly { readonly buffer: Buffer; readonly offset: number; readonly entries: number }[];
  /** Rows that the nests of a group work on in turn. */
  readonly block: number;
  /** Buffers of one block: `row` entries a row, `entries` in all, from `offset` in what a part keeps. */
  readonly passing: readonly {
    readonly buffer: Buffer;
    readonly offset: number;
    readonly row: number;
    readonly entries: number;
  }[];
  /** Bytes that a part needs for its sums and its block. */
  readonly partialBytes: number;
}

const alignment = 64;

/** `isOwn` tells the buffers that only these nests touch. */
export function splitOf(nests: readonly Nest[], target: Target, isOwn: (buffer: Buffer) => boolean): Split | undefined {
  const rows = nests[0]?.sizes[0];
  if (rows === undefined || nests.some((nest) => nest.sizes[0] !== rows || !isSeparable(nest))) return undefined;
  const partials: Split["partials"][number][] = [];
  const passing: Split["passing"][number][] = [];
  const block = blockLength(target, nests);
  let partialBytes = 0;
  const room = (entries: number): number => {
    const offset = partialBytes;
    partialBytes += Math.ceil((entries * entryBytes[target.precision]) / alignment) * alignment;
    return offset;
  };
  for (const nest of nests) {
    if (strideAlong(nest.target, 0) !== 0) continue;
    const entries = extentOf(nest, nest.target);
    partials.push({ buffer: baseOf(nest.target), offset: room(entries), entries });
  }
  if (nests.length > 1 && block < rows) {
    for (const buffer of new Set(nests.map((nest) => baseOf(nest.target)))) {
      const row = isOwn(buffer) ? rowIn(nests, buffer) : undefined;
      if (row !== undefined) passing.push({ buffer, offset: room(row * block), row, entries: row * block });
    }
  }
  return { rows, work: nests.reduce((sum, nest) => sum + workOf(nest), 0), partials, block, passing, partialBytes };
}

function isSeparable(nest: Nest): boolean {
  if (neededBy(nest).some((s) => s.op === "apply" && isHostFunction(s.fn))) return false;
  const row = strideAlong(nest.target, 0);
  if (row === undefined) return false;
  if (row === 0)
    return nest.combine === "sum" && (nest.clear === undefined || nest.clear.entries === extentOf(nest, nest.target));
  // A part clears its own rows: they must make up all that is cleared, and lie one after the other.
  return (
    nest.clear === undefined ||
    (row * (nest.sizes[0] as number) === nest.clear.entries && extentOf(nest, nest.target) <= row)
  );
}

/** Entries from the first to the last that one iteration of the outermost loop may touch. */
function extentOf(nest: Nest, address: Scalar): number {
  return (
    1 + nest.sizes.slice(1).reduce((sum, size, i) => sum + (size - 1) * (strideAlong(address, i + 1) ?? Infinity), 0)
  );
}

/** Entries of a row of the buffer, where every iteration of the outermost loop touches its own row only. */
function rowIn(nests: readonly Nest[], buffer: Buffer): number | undefined {
  const touched = nests.flatMap((nest) =>
    [nest.target, ...readsOf(nest)]
      .filter((address) => baseOf(address) === buffer)
      .map((address) => ({ row: strideAlong(address, 0), extent: extentOf(nest, address) })),
  );
  const row = touched[0]?.row;
  const isRow = row !== undefined && row > 0 && touched.every((each) => each.row === row && each.extent <= row);
  return isRow ? row : undefined;
}

/** Entries of a block, or of a part of a split loop, are whole rounds of every vector loop. */
export function granule(target: Target): number {
  return 2 * widestUnroll * lanesOf[target.precision];
}

/** Rows a block: a good part of the first-level cache's successor for the widest nest. */
function blockLength(target: Target, nests: readonly Nest[]): number {
  const rounds = granule(target);
  const row = Math.max(...nests.map((nest) => nest.sizes.slice(1).reduce((product, size) => product * size, 1)));
  const entries = 131_072 / entryBytes[target.precision];
  return rounds * Math.max(1, Math.min(32, Math.floor(entries / row / rounds)));
}
