/** When a nest may run inside another group's outermost loop: one pass over the rows of a matrix instead of two. */
import type { Nest } from "./nest.ts";
import { type Buffer, closure, type Scalar, strideAlong } from "./scalar.ts";

const shortestSharedLoop = 8;

/**
 * The outermost loops agree; a row that the nest reads is complete when it reads it, because its writer fills exactly that row in
 * the same iteration; and the fusion pays: the nest and the group read the same arrays or one another, and not all are flat.
 */
export function canFuse(group: readonly Nest[], nest: Nest): boolean {
  const size = nest.sizes[0];
  const all = [...group, nest];
  if (size === undefined || size < shortestSharedLoop || all.some((other) => other.sizes[0] !== size)) return false;
  if (all.some((other) => other.registerFrom === 0 || other.combine === "argmax")) return false;
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

function readsOf(nest: Nest): readonly Scalar[] {
  return closure([nest.value, nest.target]).flatMap((scalar) => (scalar.op === "load" ? [scalar.address] : []));
}

function baseOf(address: Scalar): Buffer {
  switch (address.op) {
    case "base":
      return address.buffer;
    case "advance":
    case "displace":
      return baseOf(address.address);
    default:
      throw new Error(`${address.op} is not an address`);
  }
}
