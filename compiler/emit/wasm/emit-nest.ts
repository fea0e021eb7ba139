/** Instructions for loop nests. */
import type { Code } from "./assembler.ts";
import { choose, emitFunction, pushNumber } from "./functions.ts";
import { emitLoop, emitMinimum, entry, pushAhead } from "./loop.ts";
import { canVectorise, identities, type Nest, unrollOf, widestUnroll } from "./nest.ts";
import { type Buffer, closure, readBy, type Scalar, strideAlong } from "./scalar.ts";

/** A scalar's local; a second one holds it twice over, as a vector, where the vector loop needs it. */
interface Held {
  readonly local: number;
  readonly vector: number | undefined;
}

/** A buffer starts `offset` bytes after the address that the pointer table holds in `slot`. */
export interface Place {
  readonly slot: number;
  readonly offset: number;
}

/** A part of the outermost loop, from one variable's value up to another's. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Emits nests in the order given. If they share their outermost loop, it is cut into blocks, and every nest runs through a block
 * while the rows that they have in common are still in cache. Parameter 0 is the pointer table.
 */
export function emitNests(code: Code, nests: readonly Nest[], shared: 0 | 1, locate: (buffer: Buffer) => Place): void {
  const emitters = nests.map((nest) => nestEmitter(code, nest, locate));
  for (const emitter of emitters) emitter.prologue();
  if (shared === 0) {
    for (const emitter of emitters) emitter.run(undefined);
    return;
  }
  const range = { start: code.local("i32"), end: code.local("i32") };
  const size = (nests[0] as Nest).sizes[0] as number;
  const block = blockLength(nests);
  code.i32(0);
  code.set(range.start);
  emitLoop(
    code,
    range.start,
    () => code.i32(size * entry),
    block * entry,
    () => {
      emitMinimum(
        code,
        () => pushAhead(code, range.start, block),
        () => code.i32(size * entry),
      );
      code.set(range.end);
      for (const emitter of emitters) emitter.run(range);
    },
  );
}

/** Rows a block: about 128 KiB of the widest nest, and whole rounds of the vector loop. */
function blockLength(nests: readonly Nest[]): number {
  const rounds = 2 * widestUnroll;
  const row = Math.max(...nests.map((nest) => nest.sizes.slice(1).reduce((product, size) => product * size, 1)));
  return rounds * Math.max(1, Math.min(32, Math.floor(16_384 / row / rounds)));
}

interface NestEmitter {
  /** What no loop changes. */
  readonly prologue: () => void;
  /** All loops, the outermost over the range only. */
  readonly run: (range: Range | undefined) => void;
}

function nestEmitter(code: Code, nest: Nest, locate: (buffer: Buffer) => Place): NestEmitter {
  const { sizes, combine } = nest;
  const loops = sizes.length;
  const needed = closure([nest.value, nest.target, ...(nest.clear === undefined ? [] : [nest.clear.address])]);
  const variables = sizes.map(() => code.local("i32"));
  const held = new Map<Scalar, Held>();
  const vectorised = loops > 0 && canVectorise(nest, needed);
  const inRegister = nest.registerFrom < loops;

  const uniformInVector = new Set(
    vectorised
      ? needed
          .filter((s) => s.depth === loops)
          .flatMap(readBy)
          .filter((s) => s.depth < loops && s.type === "f64")
      : [],
  );
  if (vectorised && nest.value.depth < loops) uniformInVector.add(nest.value);

  const hold = (scalar: Scalar): Held => {
    const known = held.get(scalar);
    if (known !== undefined) return known;
    const fresh = {
      local: code.local(scalar.type),
      vector:
        vectorised && scalar.type === "f64" && (scalar.depth === loops || uniformInVector.has(scalar))
          ? code.local("v128")
          : undefined,
    };
    held.set(scalar, fresh);
    return fresh;
  };

  /** Scalars that the loops up to `depth` determine, and no fewer. */
  const determine = (depth: number): void => {
    for (const scalar of needed) {
      if (scalar.depth !== depth) continue;
      const { local, vector } = hold(scalar);
      emitScalar(scalar, 1, 0);
      code.set(local);
      if (vector === undefined || depth === loops) continue;
      code.get(local);
      code.op("f64x2_splat");
      code.set(vector);
    }
  };

  const push = (scalar: Scalar, lanes: 1 | 2) => (): void => {
    const { local, vector } = hold(scalar);
    code.get(lanes === 1 ? local : (vector as number));
  };

  /** Leaves the scalar's value for the entries `ahead` of the innermost variable. */
  const emitScalar = (scalar: Scalar, lanes: 1 | 2, ahead: number): void => {
    switch (scalar.op) {
      case "number":
        return pushNumber(code, lanes, scalar.value);
      case "base":
        code.get(0);
        code.load("i32", locate(scalar.buffer).slot * 4);
        code.i32(locate(scalar.buffer).offset);
        return code.op("i32_add");
      case "advance":
        push(scalar.address, 1)();
        code.get(variables[scalar.loop] as number);
        if (scalar.stride !== 1) {
          code.i32(scalar.stride);
          code.op("i32_mul");
        }
        return code.op("i32_add");
      case "displace":
        push(scalar.address, 1)();
        // A guard beside every read makes a wrong index NaN; here it only has to stay inside the array.
        push(scalar.index, 1)();
        code.op("i32_trunc_sat_f64_u");
        code.i32(0);
        push(scalar.index, 1)();
        code.op("i32_trunc_sat_f64_u");
        code.i32(scalar.size);
        code.op("i32_lt_u");
        code.op("select");
        code.i32(scalar.stride * entry);
        code.op("i32_mul");
        return code.op("i32_add");
      case "load":
        return emitLoad(scalar.address, lanes, ahead);
      case "position":
        pushAhead(code, variables[scalar.loop] as number, ahead);
        code.i32(3);
        code.op("i32_shr_u");
        code.op("f64_convert_i32_u");
        if (lanes === 1) return;
        code.op("f64x2_splat");
        code.v128(0, 1);
        return code.op("f64x2_add");
      case "guard": {
        const inside = (): void => {
          pushNumber(code, lanes, 0);
          push(scalar.index, lanes)();
          code.op(lanes === 1 ? "f64_le" : "f64x2_le");
          push(scalar.index, lanes)();
          pushNumber(code, lanes, scalar.size);
          code.op(lanes === 1 ? "f64_lt" : "f64x2_lt");
          code.op(lanes === 1 ? "i32_and" : "v128_and");
        };
        return choose(code, lanes, push(scalar.value, lanes), () => pushNumber(code, lanes, NaN), inside);
      }
      case "apply":
        return emitFunction(
          code,
          lanes,
          scalar.fn,
          scalar.arguments.map((argument) => push(argument, lanes)),
        );
      default:
        return scalar satisfies never;
    }
  };

  const emitLoad = (address: Scalar, lanes: 1 | 2, ahead: number): void => {
    const stride = strideAlong(address, loops - 1) ?? 0;
    const offset = ahead * stride * entry;
    push(address, 1)();
    if (lanes === 1) return code.load("f64", offset);
    if (stride === 1) return code.load("v128", offset);
    code.load("splat", offset);
    push(address, 1)();
    code.load("f64", offset + stride * entry);
    code.replaceLane(1);
  };

  // ------------------------------------------------------------------------------------------ combining

  const width = vectorised ? unrollOf(nest, needed) : 1;
  const accumulators = inRegister && vectorised ? Array.from({ length: width }, () => code.local("v128")) : [];
  const accumulator = inRegister ? code.local("f64") : undefined;
  const best = combine === "argmax" ? code.local("f64") : undefined;

  const combineInto = (local: number, lanes: 1 | 2, value: () => void): void => {
    code.get(local);
    value();
    const name = combine === "max" ? "max" : combine === "min" ? "min" : "add";
    code.op(lanes === 1 ? `f64_${name}` : `f64x2_${name}`);
    code.set(local);
  };

  const startAccumulating = (): void => {
    for (const local of accumulators) {
      pushNumber(code, 2, identities[combine]);
      code.set(local);
    }
    code.f64(combine === "argmax" ? 0 : identities[combine]);
    code.set(accumulator as number);
    if (best === undefined) return;
    code.f64(identities.argmax);
    code.set(best);
  };

  const storeAccumulated = (): void => {
    // Pairs of vectors first: the sums of short rows depend on how soon this is done.
    let live = accumulators;
    while (live.length > 1) {
      const half = Math.ceil(live.length / 2);
      live.slice(half).forEach((local, i) => combineInto(live[i] as number, 2, () => code.get(local)));
      live = live.slice(0, half);
    }
    for (const local of live) {
      for (const lane of [0, 1] as const) {
        combineInto(accumulator as number, 1, () => {
          code.get(local);
          code.lane(lane);
        });
      }
    }
    write(1, 0, () => code.get(accumulator as number));
  };

  const write = (lanes: 1 | 2, offset: number, value: () => void): void => {
    const type = lanes === 1 ? "f64" : "v128";
    push(nest.target, 1)();
    if (nest.intoTarget) {
      push(nest.target, 1)();
      code.load(type, offset);
    }
    value();
    if (nest.intoTarget) code.op(lanes === 1 ? "f64_add" : "f64x2_add");
    code.store(type, offset);
  };

  /** The innermost work on `lanes` entries, `ahead` of the innermost variable. */
  const work = (lanes: 1 | 2, ahead: number, copy: number): void => {
    const value = push(nest.value, lanes);
    if (!inRegister) return write(lanes, ahead * entry, value);
    if (combine !== "argmax")
      return combineInto(lanes === 1 ? (accumulator as number) : (accumulators[copy] as number), lanes, value);
    const better = (): void => {
      value();
      code.get(best as number);
      code.op("f64_gt");
    };
    const index = (): void => emitIndex(variables[loops - 1] as number);
    choose(code, 1, index, () => code.get(accumulator as number), better);
    code.set(accumulator as number);
    choose(code, 1, value, () => code.get(best as number), better);
    code.set(best as number);
  };

  const emitIndex = (variable: number): void => {
    code.get(variable);
    code.i32(3);
    code.op("i32_shr_u");
    code.op("f64_convert_i32_u");
  };

  // ---------------------------------------------------------------------------------------------- loops

  /** Recomputes the innermost reals for entries `ahead` of the variable; addresses are shared by all copies. */
  const copyOf = (lanes: 1 | 2, ahead: number, copy: number): void => {
    for (const scalar of needed) {
      if (scalar.depth !== loops || scalar.type === "i32") continue;
      emitScalar(scalar, lanes, ahead);
      const { local, vector } = hold(scalar);
      code.set(lanes === 1 ? local : (vector as number));
    }
    work(lanes, ahead, copy);
  };

  const start = (depth: number, range: Range | undefined): void => {
    if (depth === 0 && range !== undefined) code.get(range.start);
    else code.i32(0);
    code.set(variables[depth] as number);
  };

  const innermostVectors = (range: Range | undefined): void => {
    const size = sizes[loops - 1] as number;
    const variable = variables[loops - 1] as number;
    const pairs = Math.floor(size / 2);
    const rounds = Math.floor(pairs / width);
    const roundsEnd = (): void => code.i32(rounds * width * 2 * entry);
    const addresses = (): void => {
      for (const scalar of needed) {
        if (scalar.depth !== loops || scalar.type !== "i32") continue;
        emitScalar(scalar, 1, 0);
        code.set(hold(scalar).local);
      }
    };
    const round = (): void => {
      addresses();
      for (let copy = 0; copy < width; copy += 1) copyOf(2, 2 * copy, copy);
    };
    const rest = (): void => {
      addresses();
      for (let copy = 0; copy < pairs - rounds * width; copy += 1) copyOf(2, 2 * copy, copy);
      if (size % 2 === 1) copyOf(1, 2 * (pairs - rounds * width), 0);
    };
    const hasRest = rounds * width * 2 < size;
    const step = width * 2 * entry;
    if (range === undefined) {
      if (rounds > 0) emitLoop(code, variable, roundsEnd, step, round);
      if (hasRest) rest();
      return;
    }
    // Blocks are whole rounds: only the last one has a rest, and it may have nothing else.
    code.get(variable);
    roundsEnd();
    code.op("i32_lt_u");
    code.when(() =>
      emitLoop(code, variable, () => emitMinimum(code, () => code.get(range.end), roundsEnd), step, round),
    );
    if (!hasRest) return;
    code.get(range.end);
    code.i32(size * entry);
    code.op("i32_eq");
    code.when(rest);
  };

  const inside = (depth: number, range: Range | undefined): void => {
    if (depth > 0 && !(vectorised && depth === loops)) determine(depth);
    if (depth === loops) return work(1, 0, 0);
    if (depth === nest.registerFrom) startAccumulating();
    start(depth, range);
    const end = (): void => {
      if (depth === 0 && range !== undefined) code.get(range.end);
      else code.i32((sizes[depth] as number) * entry);
    };
    const inner = depth === 0 ? range : undefined;
    if (depth === loops - 1 && vectorised) innermostVectors(inner);
    else emitLoop(code, variables[depth] as number, end, entry, () => inside(depth + 1, undefined));
    if (depth === nest.registerFrom) storeAccumulated();
  };

  const prologue = (): void => {
    determine(0);
    if (nest.clear === undefined || nest.clear.bytes === 0) return;
    push(nest.clear.address, 1)();
    code.i32(0);
    code.i32(nest.clear.bytes);
    code.op("memory_fill");
  };

  return { prologue, run: (range) => inside(0, range) };
}
