/** Instructions for loop nests. */
import type { Code, Lanes } from "./assembler.ts";
import { type Copy, first, scalarEmitter } from "./emit-scalar.ts";
import { choose } from "./functions.ts";
import { emitIndex, emitLoop, emitMinimum, emitWhile } from "./loop.ts";
import { canVectorise, identities, type Nest, neededBy, rowsAtOnce, unrollOf } from "./nest.ts";
import { type Buffer, strideAlong } from "./scalar.ts";
import { entryBytes, lanesOf } from "./target.ts";
import { scatteredRows, touchRow } from "./touch.ts";

/** A part of the outermost loop, from one variable's value up to another's. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface NestEmitter {
  /** What no loop changes. */
  readonly determine: () => void;
  /** Entries that are added to become 0, those of the range where the target's rows lie in order. */
  readonly clear: (range: Range | undefined) => void;
  /** All loops, the outermost over the range only. */
  readonly run: (range: Range | undefined) => void;
}

/** `base` leaves the address of a buffer. */
export function nestEmitter(code: Code, nest: Nest, base: (buffer: Buffer) => void): NestEmitter {
  const { sizes, combine } = nest;
  const { precision } = code.target;
  const entry = entryBytes[precision];
  const lanesInVector = lanesOf[precision];
  const loops = sizes.length;
  const last = loops - 1;
  const needed = neededBy(nest);
  const variables = sizes.map(() => code.local("i32"));
  const vectorised = loops > 0 && canVectorise(nest, needed);
  const inRegister = nest.registerFrom < loops;
  const most = vectorised ? rowsAtOnce(nest, needed) : 1;
  const scalars = scalarEmitter(code, nest, needed, vectorised, variables, base);

  // ------------------------------------------------------------------------------------------ combining

  const width = vectorised ? unrollOf(nest, needed, lanesInVector) : 1;
  const grid = <T>(make: () => T): readonly (readonly T[])[] =>
    Array.from({ length: most }, () => Array.from({ length: width }, make));
  /** By row and by copy along the innermost loop. */
  const accumulators = inRegister && vectorised ? grid(() => code.local("v128")) : [];
  const totals = inRegister ? Array.from({ length: most }, () => code.local("real")) : [];
  const best = combine === "argmax" ? code.local("real") : undefined;
  const running = most > 1 && !inRegister ? { one: code.local("real"), all: code.local("v128") } : undefined;

  const combineInto = (local: number, lanes: Lanes, value: () => void): void => {
    code.get(local);
    value();
    code.real(lanes, combine === "max" || combine === "min" ? combine : "add");
    code.set(local);
  };

  const startAccumulating = (rows: number): void => {
    for (const local of accumulators.slice(0, rows).flat()) {
      code.number("all", identities[combine]);
      code.set(local);
    }
    for (const local of totals.slice(0, rows)) {
      code.number("one", combine === "argmax" ? 0 : identities[combine]);
      code.set(local);
    }
    if (best === undefined) return;
    code.number("one", identities.argmax);
    code.set(best);
  };

  const storeAccumulated = (rows: number): void => {
    for (let row = 0; row < rows; row += 1) {
      // Pairs of vectors first: the sums of short rows depend on how soon this is done.
      let live = accumulators[row] ?? [];
      while (live.length > 1) {
        const half = Math.ceil(live.length / 2);
        live.slice(half).forEach((local, i) => combineInto(live[i] as number, "all", () => code.get(local)));
        live = live.slice(0, half);
      }
      const total = totals[row] as number;
      for (const local of live) {
        for (let lane = 0; lane < lanesInVector; lane += 1) {
          combineInto(total, "one", () => {
            code.get(local);
            code.lane(lane);
          });
        }
      }
      const distance = row === 0 ? 0 : row * (strideAlong(nest.target, last - 1) as number);
      write("one", distance * entry, () => code.get(total));
    }
  };

  const loadTarget = (lanes: Lanes, offset: number) => (): void => {
    scalars.push(nest.target, first)();
    code.load(lanes, offset);
  };

  const write = (lanes: Lanes, offset: number, value: () => void): void => {
    scalars.push(nest.target, first)();
    value();
    if (nest.intoTarget) {
      loadTarget(lanes, offset)();
      code.real(lanes, "add");
    }
    code.store(lanes, offset);
  };

  /** The innermost work on one vector or entry, `unrolled` the how-manieth of its round. */
  const work = (copy: Copy, unrolled: number, rows: number): void => {
    const { lanes, ahead, row } = copy;
    if (inRegister) return combine === "argmax" ? workArgmax() : accumulate(copy, unrolled);
    const offset = ahead * entry;
    if (!nest.intoTarget) return write(lanes, offset, scalars.push(nest.value, copy));
    if (running === undefined || rows === 1) {
      scalars.push(nest.target, first)();
      scalars.pushAdded(loadTarget(lanes, offset), nest.value, copy);
      return code.store(lanes, offset);
    }
    // Several rows meet in the same entry: it is loaded and stored once.
    const sum = running[lanes];
    scalars.pushAdded(row === 0 ? loadTarget(lanes, offset) : () => code.get(sum), nest.value, copy);
    code.set(sum);
    if (row < rows - 1) return;
    scalars.push(nest.target, first)();
    code.get(sum);
    code.store(lanes, offset);
  };

  const accumulate = (copy: Copy, unrolled: number): void => {
    const { lanes, row } = copy;
    const local = (lanes === "one" ? totals[row] : accumulators[row]?.[unrolled]) as number;
    if (combine !== "sum") return combineInto(local, lanes, scalars.push(nest.value, copy));
    scalars.pushAdded(() => code.get(local), nest.value, copy);
    code.set(local);
  };

  const workArgmax = (): void => {
    const value = scalars.push(nest.value, first);
    const [index, largest] = [totals[0] as number, best as number];
    const better = (): void => {
      value();
      code.get(largest);
      code.real("one", "gt");
    };
    const here = (): void => {
      code.get(variables[last] as number);
      emitIndex(code);
    };
    choose(code, "one", here, () => code.get(index), better);
    code.set(index);
    choose(code, "one", value, () => code.get(largest), better);
    code.set(largest);
  };

  // ---------------------------------------------------------------------------------------------- loops

  const start = (depth: number, range: Range | undefined): void => {
    if (depth === 0 && range !== undefined) code.get(range.start);
    else code.i32(0);
    code.set(variables[depth] as number);
  };

  const endOf = (depth: number, range: Range | undefined) => (): void => {
    if (depth === 0 && range !== undefined) code.get(range.end);
    else code.i32((sizes[depth] as number) * entry);
  };

  const innermostVectors = (range: Range | undefined, rows: number): void => {
    const size = sizes[last] as number;
    const variable = variables[last] as number;
    const vectors = Math.floor(size / lanesInVector);
    const rounds = Math.floor(vectors / width);
    const roundEntries = width * lanesInVector;
    const roundsEnd = (): void => code.i32(rounds * roundEntries * entry);
    const emitCopies = (lanes: Lanes, ahead: number, unrolled: number): void => {
      for (let row = 0; row < rows; row += 1) {
        const copy = { lanes, ahead, row };
        scalars.innermost(copy);
        work(copy, unrolled, rows);
      }
    };
    const round = (): void => {
      scalars.addresses();
      for (let k = 0; k < width; k += 1) emitCopies("all", lanesInVector * k, k);
    };
    const rest = (): void => {
      scalars.addresses();
      const whole = vectors - rounds * width;
      for (let k = 0; k < whole; k += 1) emitCopies("all", lanesInVector * k, k);
      for (let k = 0; k < size % lanesInVector; k += 1) emitCopies("one", lanesInVector * whole + k, 0);
    };
    const hasRest = rounds * roundEntries < size;
    const step = roundEntries * entry;
    start(last, range);
    if (range === undefined) {
      if (rounds > 0) emitLoop(code, variable, roundsEnd, step, round);
      if (hasRest) rest();
      return;
    }
    // Ranges are whole rounds: only the last one has a rest, and it may have nothing else.
    emitWhile(code, variable, () => emitMinimum(code, () => code.get(range.end), roundsEnd), step, round);
    if (!hasRest) return;
    code.get(range.end);
    code.i32(size * entry);
    code.op("i32_eq");
    code.when(rest);
  };

  /** The loop around the innermost one, several rows at a time while there are as many. */
  const rowsTogether = (depth: number, range: Range | undefined): void => {
    const body = (rows: number) => (): void => {
      scalars.determine(depth + 1, rows);
      if (nest.registerFrom === last) startAccumulating(rows);
      innermostVectors(undefined, rows);
      if (nest.registerFrom === last) storeAccumulated(rows);
    };
    const end = endOf(depth, depth === 0 ? range : undefined);
    const variable = variables[depth] as number;
    const whole = code.local("i32");
    end();
    code.get(variable);
    code.op("i32_sub");
    code.i32(-most * entry);
    code.op("i32_and");
    code.get(variable);
    code.op("i32_add");
    code.set(whole);
    emitWhile(code, variable, () => code.get(whole), most * entry, body(most));
    emitWhile(code, variable, end, entry, body(1));
  };

  const scattered = scatteredRows(code, nest, needed);
  const touchRows = (depth: number, range: Range | undefined): void => {
    start(depth, range);
    emitLoop(code, variables[depth] as number, endOf(depth, range), entry, () => {
      scalars.determine(depth + 1, 1);
      for (const row of scattered) touchRow(code, sizes[last] as number, scalars.push(row, first));
    });
  };

  const inside = (depth: number, range: Range | undefined): void => {
    if (depth > 0) scalars.determine(depth, 1);
    if (depth === loops) return work(first, 0, 1);
    if (depth === nest.registerFrom) startAccumulating(1);
    const inner = depth === 0 ? range : undefined;
    if (depth === last - 1 && scattered.length > 0) touchRows(depth, inner);
    if (depth === last && vectorised) innermostVectors(inner, 1);
    else {
      start(depth, range);
      if (most > 1 && depth === last - 1) rowsTogether(depth, inner);
      else emitLoop(code, variables[depth] as number, endOf(depth, range), entry, () => inside(depth + 1, undefined));
    }
    if (depth === nest.registerFrom) storeAccumulated(1);
  };

  const clear = (range: Range | undefined): void => {
    if (nest.clear === undefined || nest.clear.entries === 0) return;
    const row = strideAlong(nest.target, 0) ?? 0;
    scalars.push(nest.clear.address, first)();
    if (range !== undefined && row !== 0) {
      code.get(range.start);
      code.i32(row);
      code.op("i32_mul");
      code.op("i32_add");
      code.i32(0);
      code.get(range.end);
      code.get(range.start);
      code.op("i32_sub");
      code.i32(row);
      code.op("i32_mul");
    } else {
      code.i32(0);
      code.i32(nest.clear.entries * entry);
    }
    code.op("memory_fill");
  };

  return { determine: () => scalars.determine(0, 1), clear, run: (range) => inside(0, range) };
}
