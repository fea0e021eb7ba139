/**
 * Instructions for a nest's scalars. Each scalar has a local; one that loops outside the innermost determine has a second one that
 * holds it in all lanes, where the vector loop needs it.
 */
import type { Code, Lanes } from "./assembler.ts";
import { choose, emitBound, emitChoice, emitFunction } from "./functions.ts";
import { emitIndex, pushAhead } from "./loop.ts";
import type { Nest } from "./nest.ts";
import { multiplyAdd, multiplySubtract } from "./polynomial.ts";
import { type Buffer, dependsOn, readBy, type Scalar, strideAlong } from "./scalar.ts";
import { entryBytes, lanesOf } from "./target.ts";

/** A buffer starts `offset` bytes after the address that the pointer table holds in `slot`. */
export interface Place {
  readonly slot: number;
  readonly offset: number;
}

/** Which of several iterations emitted side by side: entries ahead of the innermost variable, and rows ahead of the loop around it. */
export interface Copy {
  readonly lanes: Lanes;
  readonly ahead: number;
  readonly row: number;
}

export const first: Copy = { lanes: "one", ahead: 0, row: 0 };

export interface ScalarEmitter {
  /** Computes what the loops up to `depth` determine, and no fewer, for so many rows. */
  readonly determine: (depth: number, rows: number) => void;
  /** Computes the addresses that the innermost loop moves; all copies share them. */
  readonly addresses: () => void;
  /** Computes the innermost reals; in a row but the first only those that the rows do not share. */
  readonly innermost: (copy: Copy) => void;
  readonly push: (scalar: Scalar, copy: Copy) => () => void;
  /** Leaves `sum` plus the scalar, in one instruction where the scalar is a product that nothing else reads. */
  readonly pushAdded: (sum: () => void, scalar: Scalar, copy: Copy) => void;
}

/** `variables` are the loops' locals; `base` leaves the address of a buffer. */
export function scalarEmitter(
  code: Code,
  nest: Nest,
  needed: readonly Scalar[],
  vectorised: boolean,
  variables: readonly number[],
  base: (buffer: Buffer) => void,
): ScalarEmitter {
  const loops = nest.sizes.length;
  const { precision } = code.target;
  const entry = entryBytes[precision];
  const around = loops - 2;
  const perRow = (scalar: Scalar): boolean => scalar.type === "real" && around >= 0 && dependsOn(scalar, around);
  const inlined = vectorised ? singleProducts(nest, needed) : new Set<Scalar>();
  const inVector = new Set(
    vectorised
      ? needed
          .filter((s) => s.depth === loops)
          .flatMap(readBy)
          .filter((s) => s.depth < loops && s.type === "real")
      : [],
  );
  if (vectorised && nest.value.depth < loops) inVector.add(nest.value);

  const held = new Map<string, number>();
  const hold = (scalar: Scalar, lanes: Lanes, row: number): number => {
    const own = scalar.depth === loops - 1 && perRow(scalar) ? row : 0;
    const key = `${scalar.id} ${lanes} ${own}`;
    const known = held.get(key) ?? code.local(scalar.type === "i32" ? "i32" : lanes === "all" ? "v128" : "real");
    held.set(key, known);
    return known;
  };

  const push = (scalar: Scalar, copy: Copy) => (): void => {
    if (inlined.has(scalar)) emit(scalar, copy);
    else code.get(hold(scalar, scalar.type === "i32" ? "one" : copy.lanes, copy.row));
  };

  const emit = (scalar: Scalar, copy: Copy): void => {
    const { lanes } = copy;
    switch (scalar.op) {
      case "number":
        return code.number(lanes, scalar.value);
      case "base":
        return base(scalar.buffer);
      case "advance":
        push(scalar.address, first)();
        code.get(variables[scalar.loop] as number);
        if (scalar.stride !== 1) {
          code.i32(scalar.stride);
          code.op("i32_mul");
        }
        return code.op("i32_add");
      case "displace":
        push(scalar.address, first)();
        // A guard beside every read makes a wrong index NaN; here it only has to stay inside the array.
        push(scalar.index, first)();
        code.typed("trunc_sat_u");
        code.i32(0);
        push(scalar.index, first)();
        code.typed("trunc_sat_u");
        code.i32(scalar.size);
        code.op("i32_lt_u");
        code.op("select");
        code.i32(scalar.stride * entry);
        code.op("i32_mul");
        return code.op("i32_add");
      case "load":
        return emitLoad(scalar.address, copy);
      case "position":
        pushAhead(
          code,
          variables[scalar.loop] as number,
          scalar.loop === loops - 1 ? copy.ahead : scalar.loop === around ? copy.row : 0,
        );
        emitIndex(code);
        if (lanes === "one") return;
        code.typed("splat");
        code.vector(Array.from({ length: lanesOf[precision] }, (_, lane) => lane));
        return code.real("all", "add");
      case "inside": {
        const isInside = (): void => {
          code.number(lanes, 0);
          push(scalar.index, copy)();
          code.real(lanes, "le");
          push(scalar.index, copy)();
          code.number(lanes, scalar.size);
          code.real(lanes, "lt");
          code.op(lanes === "one" ? "i32_and" : "v128_and");
        };
        return choose(
          code,
          lanes,
          () => code.number(lanes, 1),
          () => code.number(lanes, NaN),
          isInside,
        );
      }
      case "apply": {
        const [a, b] = scalar.arguments as readonly [Scalar, Scalar];
        if (scalar.fn === "add" && inlined.has(a)) return pushAdded(push(b, copy), a, copy);
        if (scalar.fn === "add" && inlined.has(b)) return pushAdded(push(a, copy), b, copy);
        if (scalar.fn === "subtract" && inlined.has(b)) {
          const [x, y] = factorsOf(b);
          return multiplySubtract(code, lanes, push(a, copy), push(x, copy), push(y, copy));
        }
        if (scalar.fn === "select" && a.op === "apply" && a.depth === scalar.depth) {
          const [, yes, no] = scalar.arguments as readonly [Scalar, Scalar, Scalar];
          const compared = a.arguments.map((argument) => push(argument, copy));
          if (emitChoice(code, lanes, a.fn, compared, push(yes, copy), push(no, copy))) return;
        }
        if ((scalar.fn === "minimum" || scalar.fn === "maximum") && lanes === "all" && isBound(b))
          return emitBound(code, scalar.fn, push(a, copy), push(b, copy));
        return emitFunction(
          code,
          lanes,
          scalar.fn,
          scalar.arguments.map((argument) => push(argument, copy)),
        );
      }
      default:
        return scalar satisfies never;
    }
  };

  const emitLoad = (address: Scalar, { lanes, ahead, row }: Copy): void => {
    const stride = strideAlong(address, loops - 1) ?? 0;
    const offset = (ahead * stride + (row === 0 ? 0 : row * (strideAlong(address, around) as number))) * entry;
    push(address, first)();
    if (lanes === "one") return code.load("one", offset);
    if (stride === 1) return code.load("all", offset);
    code.load("splat", offset);
    for (let lane = 1; lane < lanesOf[precision]; lane += 1) {
      push(address, first)();
      code.load("one", offset + lane * stride * entry);
      code.replaceLane(lane);
    }
  };

  const pushAdded = (sum: () => void, scalar: Scalar, copy: Copy): void => {
    if (inlined.has(scalar)) {
      const [x, y] = factorsOf(scalar);
      return multiplyAdd(code, copy.lanes, push(x, copy), push(y, copy), sum);
    }
    sum();
    push(scalar, copy)();
    code.real(copy.lanes, "add");
  };

  const compute = (scalar: Scalar, copy: Copy): void => {
    if (inlined.has(scalar)) return;
    emit(scalar, copy);
    code.set(hold(scalar, scalar.type === "i32" ? "one" : copy.lanes, copy.row));
  };

  return {
    push,
    pushAdded,
    determine: (depth, rows) => {
      for (const scalar of needed) {
        if (scalar.depth !== depth) continue;
        for (let row = 0; row < (perRow(scalar) ? rows : 1); row += 1) {
          compute(scalar, { ...first, row });
          if (!inVector.has(scalar) || depth === loops) continue;
          code.get(hold(scalar, "one", row));
          code.typed("splat");
          code.set(hold(scalar, "all", row));
        }
      }
    },
    addresses: () => {
      for (const scalar of needed) if (scalar.depth === loops && scalar.type === "i32") compute(scalar, first);
    },
    innermost: (copy) => {
      for (const scalar of needed) {
        if (scalar.depth !== loops || scalar.type === "i32") continue;
        if (copy.row === 0 || perRow(scalar)) compute(scalar, copy);
      }
    },
  };
}

const isBound = (scalar: Scalar): boolean =>
  scalar.op === "number" && scalar.value !== 0 && !Number.isNaN(scalar.value);

function factorsOf(product: Scalar): readonly [Scalar, Scalar] {
  if (product.op !== "apply") throw new Error("not a product");
  const [a, b] = product.arguments;
  return [a as Scalar, b ?? (a as Scalar)];
}

/** Products of the innermost loop that one sum reads, and nothing else: computed as they are added. */
function singleProducts(nest: Nest, needed: readonly Scalar[]): ReadonlySet<Scalar> {
  const innermost = nest.sizes.length;
  const readers = new Map<Scalar, Scalar[]>();
  for (const reader of needed)
    for (const read of readBy(reader)) readers.set(read, [...(readers.get(read) ?? []), reader]);
  const sums = nest.combine === "sum" && (nest.intoTarget || nest.registerFrom < nest.sizes.length);
  return new Set(
    needed.filter((scalar) => {
      if (scalar.op !== "apply" || (scalar.fn !== "multiply" && scalar.fn !== "square") || scalar.depth !== innermost)
        return false;
      const all = readers.get(scalar) ?? [];
      if (scalar === nest.value) return sums && all.length === 0;
      const [reader] = all;
      return (
        all.length === 1 &&
        reader?.op === "apply" &&
        (reader.fn === "add" || (reader.fn === "subtract" && reader.arguments[1] === scalar))
      );
    }),
  );
}
