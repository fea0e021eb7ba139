/**
 * One function for the nests of a group: (table, start, end, partial). A group that can be split runs its outermost loop from start to
 * end (in bytes of entries) only; sums over that loop then go to the memory at `partial`, unless it is 0. Other groups ignore all but the table.
 */
import { type Code, createCode } from "./assembler.ts";
import { nestEmitter } from "./emit-nest.ts";
import type { Place } from "./emit-scalar.ts";
import { emitMinimum, emitWhile, pushAhead } from "./loop.ts";
import { type Nest, widestUnroll } from "./nest.ts";
import type { Buffer } from "./scalar.ts";
import type { Split } from "./split.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";

export function emitGroup(
  target: Target,
  nests: readonly Nest[],
  split: Split | undefined,
  locate: (buffer: Buffer) => Place,
): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32"]);
  const [table, start, end, partial] = [0, 1, 2, 3] as const;
  const entry = entryBytes[target.precision];
  const base = (buffer: Buffer): void => {
    const own = split?.partials.find((p) => p.buffer === buffer);
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
  };
  const emitters = nests.map((nest) => nestEmitter(code, nest, base));
  const whole = split === undefined ? undefined : { start, end };
  for (const emitter of emitters) emitter.prologue(whole);
  if (nests.length === 1 || whole === undefined) {
    for (const emitter of emitters) emitter.run(whole);
    return code;
  }
  // Every nest runs through a block while the rows that they have in common are still in cache.
  const range = { start: code.local("i32"), end: code.local("i32") };
  const block = blockLength(target, nests);
  code.get(start);
  code.set(range.start);
  emitWhile(
    code,
    range.start,
    () => code.get(end),
    block * entry,
    () => {
      emitMinimum(
        code,
        () => pushAhead(code, range.start, block),
        () => code.get(end),
      );
      code.set(range.end);
      for (const emitter of emitters) emitter.run(range);
    },
  );
  return code;
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
