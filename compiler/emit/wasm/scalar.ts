/**
 * What one iteration of a loop nest computes: a hash-consed graph of scalars over the nest's loop variables. Each scalar
 * knows how many loops it lies within (`depth`), so that emission places it in the outermost loop where it is constant.
 *
 * Loop variables count bytes of entries: an address is base + Σ stride · variable.
 */
import type { MapFunction } from "../../ir/node.ts";

/** A tensor in memory, numbered within its program; the layout says where it lies. */
export type Buffer = number;

/** Functions that are made of others: elementary.ts says how. */
export type CompositeFunction = "sigmoid" | "softplus" | "tanh" | "huber";

export type ScalarFunction =
  | Exclude<MapFunction, CompositeFunction | "stop">
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "square"
  | "negate";

type Shape =
  | { readonly op: "number"; readonly value: number }
  /** Address of the first entry. */
  | { readonly op: "base"; readonly buffer: Buffer }
  /** address + stride · loop variable. */
  | { readonly op: "advance"; readonly address: Scalar; readonly loop: number; readonly stride: number }
  /** address + ⌊index⌋ rows of `stride` entries, or + 0 where the index is out of range. */
  | {
      readonly op: "displace";
      readonly address: Scalar;
      readonly index: Scalar;
      readonly stride: number;
      readonly size: number;
    }
  | { readonly op: "load"; readonly address: Scalar }
  /** The loop's index as a real. */
  | { readonly op: "position"; readonly loop: number }
  /** 1 where 0 ≤ index < size, NaN elsewhere: a factor by which a wrong index shows. */
  | { readonly op: "inside"; readonly index: Scalar; readonly size: number }
  | { readonly op: "apply"; readonly fn: ScalarFunction; readonly arguments: readonly Scalar[] };

export type Scalar = Shape & {
  /** Order of creation: arguments come first. */
  readonly id: number;
  readonly depth: number;
  /** i32 scalars are addresses. */
  readonly type: "i32" | "real";
};

/** An index into an axis: a loop's, a computed one, or that of an axis of size one. */
export type Index = { readonly loop: number } | { readonly value: Scalar } | "only";

export interface ScalarGraph {
  readonly all: readonly Scalar[];
  readonly number: (value: number) => Scalar;
  readonly address: (
    buffer: Buffer,
    strides: readonly number[],
    sizes: readonly number[],
    indices: readonly Index[],
  ) => Scalar;
  readonly load: (address: Scalar) => Scalar;
  readonly position: (index: Index) => Scalar;
  /** The value where the index is in range, NaN elsewhere. */
  readonly guard: (index: Scalar, size: number, value: Scalar) => Scalar;
  readonly apply: (fn: ScalarFunction, ...arguments_: readonly Scalar[]) => Scalar;
}

export function createScalarGraph(): ScalarGraph {
  const all: Scalar[] = [];
  const table = new Map<string, Scalar>();
  const intern = (key: string, type: "i32" | "real", depth: number, shape: Shape): Scalar => {
    const known = table.get(key);
    if (known !== undefined) return known;
    const scalar = { ...shape, id: all.length, depth, type };
    table.set(key, scalar);
    all.push(scalar);
    return scalar;
  };
  const number = (value: number): Scalar =>
    intern(`number ${Object.is(value, -0) ? "-0" : value}`, "real", 0, { op: "number", value });
  const apply = (fn: ScalarFunction, ...args: readonly Scalar[]): Scalar =>
    intern(`${fn} ${args.map((a) => a.id).join(" ")}`, "real", Math.max(...args.map((a) => a.depth)), {
      op: "apply",
      fn,
      arguments: args,
    });
  const advance = (address: Scalar, loop: number, stride: number): Scalar =>
    intern(`advance ${address.id} ${loop} ${stride}`, "i32", Math.max(address.depth, loop + 1), {
      op: "advance",
      address,
      loop,
      stride,
    });
  const displace = (address: Scalar, index: Scalar, stride: number, size: number): Scalar =>
    intern(`displace ${address.id} ${index.id} ${stride} ${size}`, "i32", Math.max(address.depth, index.depth), {
      op: "displace",
      address,
      index,
      stride,
      size,
    });

  return {
    all,
    number,
    apply,
    address: (buffer, strides, sizes, indices) => {
      // One term a loop, outer loops first, so that partial sums are shared and lie as far out as they can.
      const byLoop = new Map<number, number>();
      const computed: { index: Scalar; stride: number; size: number }[] = [];
      indices.forEach((index, axis) => {
        const stride = strides[axis] as number;
        if (index === "only") return;
        if ("loop" in index) byLoop.set(index.loop, (byLoop.get(index.loop) ?? 0) + stride);
        else computed.push({ index: index.value, stride, size: sizes[axis] as number });
      });
      let address = intern(`base ${buffer}`, "i32", 0, { op: "base", buffer });
      const terms = [
        ...computed.map(({ index, stride, size }) => ({
          depth: index.depth,
          extend: (from: Scalar) => displace(from, index, stride, size),
        })),
        ...[...byLoop].map(([loop, stride]) => ({
          depth: loop + 1,
          extend: (from: Scalar) => advance(from, loop, stride),
        })),
      ];
      for (const term of terms.sort((a, b) => a.depth - b.depth)) address = term.extend(address);
      return address;
    },
    load: (address) => intern(`load ${address.id}`, "real", address.depth, { op: "load", address }),
    position: (index) => {
      if (index === "only") return number(0);
      if ("value" in index) return index.value;
      return intern(`position ${index.loop}`, "real", index.loop + 1, { op: "position", loop: index.loop });
    },
    guard: (index, size, value) =>
      apply(
        "multiply",
        intern(`inside ${index.id} ${size}`, "real", index.depth, { op: "inside", index, size }),
        value,
      ),
  };
}

/** How an address moves with a loop variable, in entries; `undefined` where a computed index moves with it. */
export function strideAlong(address: Scalar, loop: number): number | undefined {
  switch (address.op) {
    case "advance": {
      const inner = strideAlong(address.address, loop);
      return inner === undefined ? undefined : inner + (address.loop === loop ? address.stride : 0);
    }
    case "displace":
      return address.index.depth > loop ? undefined : strideAlong(address.address, loop);
    default:
      return 0;
  }
}

/** What an address points into. */
export function baseOf(address: Scalar): Buffer {
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

/** The scalars that a scalar reads. */
export function readBy(scalar: Scalar): readonly Scalar[] {
  switch (scalar.op) {
    case "number":
    case "base":
    case "position":
      return [];
    case "advance":
    case "load":
      return [scalar.address];
    case "displace":
      return [scalar.address, scalar.index];
    case "inside":
      return [scalar.index];
    case "apply":
      return scalar.arguments;
    default:
      return scalar satisfies never;
  }
}

/** The roots and all they read, arguments first. */
export function closure(roots: readonly Scalar[]): readonly Scalar[] {
  const seen = new Set<Scalar>();
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return;
    seen.add(scalar);
    readBy(scalar).forEach(visit);
  };
  roots.forEach(visit);
  return [...seen].sort((a, b) => a.id - b.id);
}

/** The scalar changes with the loop variable. */
export function dependsOn(scalar: Scalar, loop: number): boolean {
  return closure([scalar]).some((s) => (s.op === "advance" || s.op === "position") && s.loop === loop);
}
