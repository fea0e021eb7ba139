/** When a nest may run inside another group's outermost loop: one pass over the rows of a matrix instead of two. */
import { type Nest, readsOf } from "./nest.ts";
import { baseOf, type Scalar, strideAlong } from "./scalar.ts";

const shortestSharedLoop = 8;

/**
 * The outermost loops agree; a row that the nest reads is complete when it reads it, because its writer fills exactly that row in
 * the same iteration; and the fusion pays: the nest and the group read the same arrays or one another, and not all are flat.
 */
export function canFuse(group: readonly Nest[], nest: Nest): boolean {
  const size = nest.sizes[0];
  const all = [...group, nest];
  if (size === undefined || size < shortestSharedLoop || all.some((other) => other.sizes[0] !== size)) return false;
  if (!all.every(runsInBlocks)) return false;
  if (all.every((other) => other.sizes.length === 1)) return false;
  const reads = readsOf(nest);
  const touched = new Set(reads.map(baseOf));
  if (
    !group.some(
      (other) => touched.has(baseOf(other.target)) || readsOf(other).some((read) => touched.has(baseOf(read))),
    )
  )
    return false;
  return group.every((writer) =>
    reads.every((read) => baseOf(read) !== baseOf(writer.target) || sameRow(writer, nest, read)),
  );
}

/** A result that is combined in a register throughout is stored once a block, which only sums can be. */
const runsInBlocks = ({ registerFrom, combine }: Nest): boolean =>
  registerFrom === 0 ? combine === "sum" : combine !== "argmax";

/** The nest as a member of a group: a sum in a register is added to what the blocks before it gave. */
export function inBlocks(nest: Nest): Nest {
  return nest.registerFrom > 0 || nest.intoTarget
    ? nest
    : { ...nest, intoTarget: true, clear: { address: nest.target, entries: 1 } };
}

function sameRow(writer: Nest, reader: Nest, read: Scalar): boolean {
  const row = strideAlong(writer.target, 0);
  if (row === undefined || row === 0 || strideAlong(read, 0) !== row) return false;
  return extent(writer.target, writer.sizes) < row && extent(read, reader.sizes) < row;
}

/** How far an address moves along the loops inside the outermost one. */
function extent(address: Scalar, sizes: readonly number[]): number {
  return sizes
    .slice(1)
    .reduce((sum, size, i) => sum + (size - 1) * (strideAlong(address, i + 1) ?? Number.POSITIVE_INFINITY), 0);
}
