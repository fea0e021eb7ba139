/** The pieces of a non-smooth lower level with the numbers they read: proximal steps, the faces these end on, and how firmly a point stands there. */
import { isPenalty, type Nonsmooth, type Piece } from "../../compiler/derive/nonsmooth.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import type { SizeBindings } from "../../compiler/ir/size.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { addSlot, type Binding, kernelOf, lengthOf, sizeNumber } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { concavePenalty, infeasible } from "../errors.ts";
import { largestMagnitude, norm } from "../solve/arrays.ts";
import {
  emptiness,
  groupNorms,
  projectBall,
  projectBox,
  projectPsd,
  projectSimplex,
  proxGroups,
  proxPenalty,
} from "../solve/prox.ts";
import type { BlockRuntime } from "./block.ts";
import { loose } from "./face.ts";

/** A piece with the numbers it reads besides the point, which change with the upper variables. */
export interface Part {
  readonly piece: Piece;
  readonly from: number;
  readonly length: number;
  readonly width: number;
  /** The group of each entry; empty where there are none. */
  readonly groups: Int32Array;
  /** As of the last refresh. */
  numbers: readonly Float64Array[];
  readonly refresh: () => void;
  readonly masks: readonly { readonly slot: Vector; readonly values: Float64Array }[];
  /** Eigenvalues that the last projection to psd cut or kept. */
  eigenvalues: Float64Array;
}

/** Masks of the block's condition; they must have slots before any kernel of the block is compiled. */
export function addMasks(binding: Binding, nonsmooth: Nonsmooth): void {
  for (const mask of nonsmooth.pieces.flatMap(masksOf)) binding.engine.fill(addSlot(binding, mask), 0);
}

function masksOf(piece: Piece): readonly Input[] {
  switch (piece.kind) {
    case "free":
      return [];
    case "penalty":
      return [piece.support, ...(piece.within === undefined ? [] : masksOf(piece.within))];
    case "group":
    case "simplex":
      return [piece.support];
    case "box":
      return [piece.atLow, piece.atHigh];
    case "ball":
      return [piece.active];
    case "psd":
      return [piece.vectors, piece.quotients];
  }
}

export function createParts(
  binding: Binding,
  pieces: readonly Piece[],
  declared: readonly Input[],
  lengths: readonly number[],
): readonly Part[] {
  const { engine, sizes } = binding;
  let from = 0;
  return pieces.map((piece, k): Part => {
    const unknown = declared[k] as Input;
    const length = lengths[k] as number;
    const last = unknown.shape.at(-1);
    const nodes = numbersOf(piece);
    const into = nodes.map((node) => (node === undefined ? undefined : engine.allocate(lengthOf(node.shape, sizes))));
    const present = nodes.filter((node) => node !== undefined);
    const run =
      present.length === 0
        ? () => {}
        : kernelOf(
            binding,
            `kinks of ${unknown.name}`,
            present,
            into.filter((v) => v !== undefined),
          );
    const part: Part = {
      piece,
      from,
      length,
      width: last === undefined ? 1 : lengthOf([last], sizes),
      groups: groupsOf(piece, sizes),
      numbers: [],
      refresh: () => {
        run();
        part.numbers = into.map((vector, i) =>
          vector === undefined
            ? new Float64Array(length).fill(i % 2 === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
            : engine.read(vector),
        );
      },
      masks: masksOf(piece).map((mask) => {
        const slot = binding.slots.get(mask) as Vector;
        return { slot, values: new Float64Array(slot.length) };
      }),
      eigenvalues: new Float64Array(0),
    };
    from += length;
    return part;
  });
}

/** Entries that agree in their indices along the kept axes are one group; groups are numbered in row-major order. */
function groupsOf(piece: Piece, sizes: SizeBindings): Int32Array {
  if (piece.kind !== "group") return new Int32Array(0);
  const { kept, view } = piece;
  const shape = view.map((axis) => sizeNumber(axis, sizes));
  const length = shape.reduce((a, b) => a * b, 1);
  return Int32Array.from({ length }, (_, i) => {
    let rest = i;
    const index = shape.map(() => 0);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis] = rest % (shape[axis] as number);
      rest = Math.floor(rest / (shape[axis] as number));
    }
    return kept.reduce((group, axis) => group * (shape[axis] as number) + (index[axis] as number), 0);
  });
}

/** What a piece's operator reads; an absent bound is infinite. */
function numbersOf(piece: Piece): readonly (Node | undefined)[] {
  switch (piece.kind) {
    case "free":
    case "simplex":
    case "psd":
      return [];
    case "penalty":
      return [piece.weight, piece.centre, ...(piece.within === undefined ? [] : numbersOf(piece.within))];
    case "group":
      return [piece.weight];
    case "box":
      return [piece.low, piece.high];
    case "ball":
      return [piece.radius];
  }
}

export function proxPart(part: Part, z: Float64Array, t: number): void {
  const [a, b, low, high] = part.numbers as [Float64Array, Float64Array, Float64Array, Float64Array];
  const [first, second, third] = part.masks.map((mask) => mask.values) as [Float64Array, Float64Array, Float64Array];
  switch (part.piece.kind) {
    case "free":
      return;
    case "penalty":
      proxPenalty(z, t, a, b, first);
      if (part.piece.within !== undefined) projectBox(z, low, high, second, third);
      return;
    case "group":
      return proxGroups(z, t, a, part.groups, first);
    case "box":
      return projectBox(z, a, b, first, second);
    case "simplex":
      return projectSimplex(z, part.width, first);
    case "ball":
      return projectBall(z, part.width, a, first);
    case "psd":
      part.eigenvalues = projectPsd(z, part.width, first, second);
      return;
  }
}

/** Puts what the masks hold at a kink or bound there exactly, where a linear solver left it within rounding. */
export function settle({ piece, groups, numbers, masks }: Part, y: Float64Array): void {
  const [first, second, third] = masks.map((mask) => mask.values);
  const hold = (mask: Float64Array | undefined, held: 0 | 1, values: Float64Array | undefined): void =>
    mask?.forEach((value, i) => {
      if (value === held) y[i] = values?.[i] ?? 0;
    });
  switch (piece.kind) {
    case "penalty":
      hold(first, 0, numbers[1]);
      hold(second, 1, numbers[2]);
      return hold(third, 1, numbers[3]);
    case "group":
      return groups.forEach((group, i) => {
        if (first?.[group] === 0) y[i] = 0;
      });
    case "box":
      hold(first, 1, numbers[0]);
      return hold(second, 1, numbers[1]);
    case "simplex":
      return hold(first, 0, undefined);
    case "free":
    case "ball":
    case "psd":
  }
}

/** Refuses kinks of negative weight and sets without a point. */
export function checkNumbers(parts: readonly Part[], block: BlockRuntime): void {
  for (const { piece, numbers } of parts) {
    const first = numbers[0] ?? new Float64Array(0);
    const smallest = first.reduce((a, b) => Math.min(a, b), 0);
    if (isPenalty(piece) && smallest < 0) throw new BilevelError([concavePenalty(block.names, smallest, block.span)]);
    const [low, high] = (piece.kind === "box" ? numbers : numbers.slice(2)) as [Float64Array?, Float64Array?];
    const missing = piece.kind === "ball" ? -smallest : low && high ? emptiness(low, high) : 0;
    if (missing > 0) throw new BilevelError([infeasible(block.names, missing, block.span)]);
  }
}

/** Where in y the part's entries are that its masks do not hold at a kink or bound; absent for psd, which has no such entries. */
export function freeEntries(part: Part, read: (slot: Vector) => Float64Array): readonly number[] | undefined {
  const { piece, from, length, groups } = part;
  const [first, second, third] = part.masks.map(({ slot }) => read(slot)) as [Float64Array, Float64Array, Float64Array];
  const entries = (isFree: (i: number) => boolean): readonly number[] =>
    Array.from({ length }, (_, i) => i).flatMap((i) => (isFree(i) ? [from + i] : []));
  switch (piece.kind) {
    case "free":
    case "ball":
      return entries(() => true);
    case "penalty":
      return entries((i) => first[i] === 1 && second?.[i] !== 1 && third?.[i] !== 1);
    case "group":
      return entries((i) => first[groups[i] as number] === 1);
    case "simplex":
      return entries((i) => first[i] === 1);
    case "box":
      return entries((i) => first[i] === 0 && second[i] === 0);
    case "psd":
      return undefined;
  }
}

/** Entries at a kink or bound with no force on them, of what `force` is the scale, or off it by nothing. */
export function looseEntries(part: Part, point: Float64Array, slope: Float64Array, force: number): number {
  const { piece, from, length } = part;
  const own = slope.subarray(from, from + length);
  const y = point.subarray(from, from + length);
  const [a, b] = part.numbers as [Float64Array, Float64Array];
  const [first, second] = part.masks.map((mask) => mask.values) as [Float64Array, Float64Array];
  const size = Math.max(largestMagnitude(y), Number.MIN_VALUE);
  const count = (holds: (i: number) => boolean): number => y.reduce((n, _, i) => n + (holds(i) ? 1 : 0), 0);
  switch (piece.kind) {
    case "free":
      return 0;
    case "penalty":
      return count((i) => {
        const weight = a[i] as number;
        const [atLow, atHigh] = [part.masks[1]?.values[i] === 1, part.masks[2]?.values[i] === 1];
        if (atLow || atHigh) {
          // What pulls inward: the slope of s and the penalty's on the bound's inner side.
          const centre = b[i] as number;
          const side = atLow ? ((y[i] as number) >= centre ? 1 : -1) : (y[i] as number) <= centre ? -1 : 1;
          return Math.abs((own[i] as number) + weight * side) <= loose * force;
        }
        if (weight === 0) return false;
        if (first[i] === 1) return Math.abs((y[i] as number) - (b[i] as number)) <= loose * size;
        return Math.abs(own[i] as number) >= weight * (1 - loose);
      });
    case "group": {
      const [norms, forces] = [y, own].map((values) => groupNorms(values, part.groups, a.length)) as [
        Float64Array,
        Float64Array,
      ];
      return a.reduce((n, weight, group) => {
        if (weight === 0) return n;
        const isLoose =
          first[group] === 1
            ? (norms[group] as number) <= loose * size
            : (forces[group] as number) >= weight * (1 - loose);
        return n + (isLoose ? 1 : 0);
      }, 0);
    }
    case "box":
      return count((i) => (first[i] === 1 || second[i] === 1) && Math.abs(own[i] as number) <= loose * force);
    case "simplex": {
      let total = 0;
      for (let at = 0; at < length; at += part.width) {
        const inside = Array.from({ length: part.width }, (_, i) => at + i).filter((i) => first[i] === 1);
        const level = inside.reduce((sum, i) => sum + (own[i] as number), 0) / inside.length;
        for (let i = at; i < at + part.width; i += 1) {
          if (first[i] === 0 && (own[i] as number) - level <= loose * force) total += 1;
          if (first[i] === 1 && (y[i] as number) <= loose) total += 1;
        }
      }
      return total;
    }
    case "ball":
      return a.reduce((n, _, row) => {
        const at = row * part.width;
        const along = norm(own.subarray(at, at + part.width));
        return n + (first[row] === 1 && along <= loose * force ? 1 : 0);
      }, 0);
    case "psd": {
      const scale = Math.max(largestMagnitude(part.eigenvalues), Number.MIN_VALUE);
      return part.eigenvalues.reduce((n, value) => n + (Math.abs(value) <= loose * scale ? 1 : 0), 0);
    }
  }
}

/** Weights, centres and bounds of every entry, where all pieces act entry by entry. */
export function entriesOf(parts: readonly Part[], size: number) {
  const filled = (value: number): Float64Array => new Float64Array(size).fill(value);
  const entries = {
    weight: filled(0),
    centre: filled(0),
    low: filled(Number.NEGATIVE_INFINITY),
    high: filled(Number.POSITIVE_INFINITY),
  };
  for (const { piece, from, numbers } of parts) {
    const penalty = piece.kind === "penalty" ? numbers.slice(0, 2) : [];
    const box = piece.kind === "box" ? numbers : numbers.slice(2);
    penalty.forEach((values, k) => (k === 0 ? entries.weight : entries.centre).set(values, from));
    box.forEach((values, k) => (k === 0 ? entries.low : entries.high).set(values, from));
  }
  return entries;
}
