/**
 * Rows that a nest reads by their numbers lie anywhere, and a processor that works on one row does not see the next ones in time: each
 * would be waited for alone. So their cache lines are loaded first, by a loop so short that many rows are on their way at once.
 */
import type { Code } from "./assembler.ts";
import type { Nest } from "./nest.ts";
import type { Scalar } from "./scalar.ts";
import { entryBytes } from "./target.ts";

const lineBytes = 64;
/** A smaller table stays in a cache near the processor, and more rows than this would push each other out of it. */
const cacheBytes = 2 ** 18;

/** Addresses of rows of large tables that are chosen by the loop around the innermost one and walked by that. */
export function scatteredRows(code: Code, { sizes }: Nest, needed: readonly Scalar[]): readonly Scalar[] {
  const last = sizes.length - 1;
  const entry = entryBytes[code.target.precision];
  const [count, length] = [sizes[last - 1] ?? 0, sizes[last] ?? 0];
  return needed.filter((scalar) => {
    if (scalar.op !== "displace" || scalar.depth !== last || scalar.stride !== length) return false;
    const rowBytes = length * entry;
    return scalar.size * rowBytes > cacheBytes && count * rowBytes <= cacheBytes;
  });
}

/** Loads an entry of each cache line of a row; `push` leaves the row's address. */
export function touchRow(code: Code, length: number, push: () => void): void {
  const entry = entryBytes[code.target.precision];
  for (let at = 0; at < length * entry; at += lineBytes) {
    push();
    code.load("one", at);
    code.op("drop");
  }
}
