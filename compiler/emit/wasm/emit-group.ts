/**
 * One function for the nests of a group: (table, start, end, partial). A group that can be split runs its outermost loop from start to
 * end (in bytes of entries) only; sums over that loop then go to the memory at `partial`, unless it is 0. Other groups ignore all but the table.
 */
import { type Code, createCode } from "./assembler.ts";
import { nestEmitter } from "./emit-nest.ts";
import type { Place } from "./emit-scalar.ts";
import { emitMinimum, emitWhile, pushAhead } from "./loop.ts";
import { type Nest, readsOf } from "./nest.ts";
import { type Buffer, baseOf, type Scalar } from "./scalar.ts";
import type { Split } from "./split.ts";
import { entryBytes, type Target } from "./target.ts";

export function emitGroup(
  target: Target,
  nests: readonly Nest[],
  split: Split | undefined,
  locate: (buffer: Buffer) => Place,
): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32"]);
  const [table, start, end, partial] = [0, 1, 2, 3] as const;
  const entry = entryBytes[target.precision];
  const block = { start: code.local("i32"), end: code.local("i32") };
  const base = (buffer: Buffer): void => {
    const passing = split?.passing.find((each) => each.buffer === buffer);
    const own = passing ?? split?.partials.find((each) => each.buffer === buffer);
    const { slot, offset } = locate(buffer);
    if (own !== undefined) {
      code.get(partial);
      code.i32(own.offset);
      code.op("i32_add");
    }
    code.get(table);
    code.load("i32", slot * 4);
    code.i32(offset);
    code.op("i32_add");
    if (own === undefined) return;
    code.get(partial);
    code.op("select");
    if (passing === undefined) return;
    // The block's first row lies where the buffer starts.
    code.get(block.start);
    code.i32(passing.row);
    code.op("i32_mul");
    code.op("i32_sub");
  };
  const members = nests.map((nest) => ({
    ...nestEmitter(code, nest, base),
    fills: isPassing(split, nest.target),
    moves: [nest.target, ...readsOf(nest)].some((address) => isPassing(split, address)),
  }));
  const whole = split === undefined ? undefined : { start, end };
  for (const { determine } of members) determine();
  for (const { clear, fills } of members) if (!fills) clear(whole);
  if (nests.length === 1 || split === undefined) {
    for (const { run } of members) run(whole);
    return code;
  }
  // Every nest runs through a block while the rows that they have in common are still in cache.
  code.get(start);
  code.set(block.start);
  emitWhile(
    code,
    block.start,
    () => code.get(end),
    split.block * entry,
    () => {
      emitMinimum(
        code,
        () => pushAhead(code, block.start, split.block),
        () => code.get(end),
      );
      code.set(block.end);
      for (const { determine, moves } of members) if (moves) determine();
      for (const { clear, fills } of members) if (fills) clear(block);
      for (const { run } of members) run(block);
    },
  );
  return code;
}

const isPassing = (split: Split | undefined, address: Scalar): boolean =>
  split?.passing.some(({ buffer }) => buffer === baseOf(address)) ?? false;
