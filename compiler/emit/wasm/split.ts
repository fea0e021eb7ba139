/**
 * When the outermost loop of a group may run in parts, in any order or at once: every nest's target either has a row for each
 * iteration, or is a sum over the loop, which each part makes for itself and which are added up at the end, in order.
 */
import { isHostFunction } from "./functions.ts";
import { type Nest, neededBy, workOf } from "./nest.ts";
import { type Buffer, type Scalar, strideAlong } from "./scalar.ts";
import { entryBytes, type Target } from "./target.ts";

export interface Split {
  /** Iterations of the outermost loop. */
  readonly rows: number;
  /** Of the whole group, in multiply-adds. */
  readonly work: number;
  /** Targets that are sums over the loop; `offset` is where a part keeps its own. */
  readonly partials: readonly { readonly buffer: Buffer; readonly offset: number; readonly entries: number }[];
  /** Bytes that a part needs for its sums. */
  readonly partialBytes: number;
}

const alignment = 64;

export function splitOf(nests: readonly Nest[], target: Target): Split | undefined {
  const rows = nests[0]?.sizes[0];
  if (rows === undefined || nests.some((nest) => nest.sizes[0] !== rows || !isSeparable(nest))) return undefined;
  const partials: Split["partials"][number][] = [];
  let partialBytes = 0;
  for (const nest of nests) {
    if (strideAlong(nest.target, 0) !== 0) continue;
    const entries = extentOf(nest);
    partials.push({ buffer: bufferOf(nest.target), offset: partialBytes, entries });
    partialBytes += Math.ceil((entries * entryBytes[target.precision]) / alignment) * alignment;
  }
  return { rows, work: nests.reduce((sum, nest) => sum + workOf(nest), 0), partials, partialBytes };
}

function isSeparable(nest: Nest): boolean {
  if (neededBy(nest).some((s) => s.op === "apply" && isHostFunction(s.fn))) return false;
  const row = strideAlong(nest.target, 0);
  if (row === undefined) return false;
  if (row === 0) return nest.combine === "sum" && (nest.clear === undefined || nest.clear.entries === extentOf(nest));
  // A part clears its own rows: they must make up all that is cleared, and lie one after the other.
  return nest.clear === undefined || (row * (nest.sizes[0] as number) === nest.clear.entries && extentOf(nest) <= row);
}

/** Entries from the first to the last that one iteration of the outermost loop may touch. */
function extentOf(nest: Nest): number {
  return (
    1 +
    nest.sizes.slice(1).reduce((sum, size, i) => sum + (size - 1) * (strideAlong(nest.target, i + 1) ?? Infinity), 0)
  );
}

function bufferOf(address: Scalar): Buffer {
  if (address.op === "base") return address.buffer;
  if (address.op === "advance" || address.op === "displace") return bufferOf(address.address);
  throw new Error(`${address.op} is not an address`);
}
