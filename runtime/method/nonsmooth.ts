/**
 * Solving a lower level with kinks or sets (compiler/derive/nonsmooth.ts): accelerated proximal gradient steps (Beck and Teboulle
 * 2009, restarted as O'Donoghue and Candès 2015) until the face settles, then Newton's method on the face's equations. The answer
 * is taken when the proximal fixed-point residual says so, which also checks the face.
 */
import { isPenalty, type Nonsmooth, type Piece } from "../../compiler/derive/nonsmooth.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { addSlot, type Binding, kernelOf, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { atAKink, concavePenalty, notFinite } from "../errors.ts";
import { dot, largestMagnitude, norm } from "../solve/arrays.ts";
import { groupNorms, projectBall, projectBox, projectSimplex, proxGroups, proxPenalty } from "../solve/prox.ts";
import type { BlockRuntime } from "./block.ts";
import { type FaceOptions, type FaceReport, type FaceSolver, loose } from "./face.ts";

/** A piece with the numbers it reads besides the point, which change with the upper variables. */
interface Part {
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
    case "group":
    case "simplex":
      return [piece.support];
    case "box":
      return [piece.atLow, piece.atHigh];
    case "ball":
      return [piece.active];
  }
}

export function createProximalSolver(
  binding: Binding,
  nonsmooth: Nonsmooth,
  unknowns: readonly Input[],
  y: Vector,
): FaceSolver {
  const { engine, sizes } = binding;
  const declared = unknowns.slice(0, nonsmooth.pieces.length);
  const lengths = declared.map((unknown) => lengthOf(unknown.shape, sizes));
  const size = lengths.reduce((a, b) => a + b, 0);
  const value = engine.allocate(1);
  const slopes = lengths.map((length) => engine.allocate(length));
  const evaluate = kernelOf(
    binding,
    "smooth part and its gradient",
    [nonsmooth.smooth, ...nonsmooth.smoothGradient],
    [value, ...slopes],
  );
  const parts = createParts(binding, nonsmooth.pieces, declared, lengths);

  /** s and ∇s at a point given as numbers; the block's multipliers stay. */
  const smoothAt = (point: Float64Array): { readonly value: number; readonly slope: Float64Array } => {
    const whole = engine.read(y);
    whole.set(point);
    engine.write(y, whole);
    evaluate();
    const slope = new Float64Array(size);
    slopes.forEach((part, k) => slope.set(engine.read(part), (parts[k] as Part).from));
    return { value: engine.read(value)[0] as number, slope };
  };

  const prox = (point: Float64Array, t: number): void => {
    for (const part of parts) proxPart(part, point.subarray(part.from, part.from + part.length), t);
  };

  /** Where a unit proximal step takes the point; the masks are those of where it ends. */
  const unitStep = (point: Float64Array, slope: Float64Array): Float64Array => {
    const moved = point.map((x, i) => x - (slope[i] as number));
    prox(moved, 1);
    return moved;
  };

  /** How far a unit proximal step moves the point, over the sizes of what it balances. */
  const residualAt = (point: Float64Array, slope: Float64Array): number => {
    const moved = unitStep(point, slope);
    const distance = norm(moved.map((x, i) => x - (point[i] as number)));
    const scale = norm(slope) + norm(point) + Number.MIN_VALUE;
    return distance / scale;
  };

  const residual = (): number => {
    for (const part of parts) part.refresh();
    const point = engine.read(y).slice(0, size);
    return residualAt(point, smoothAt(point).slope);
  };

  const solve = (block: BlockRuntime, newton: () => void, options: FaceOptions): FaceReport => {
    for (const part of parts) part.refresh();
    checkWeights(parts, block);
    let x = engine.read(y).slice(0, size);
    prox(x, 0);
    let z = x;
    let momentum = 1;
    let t = 1;
    let iterations = 0;
    while (iterations < options.maxIterations) {
      for (let k = 0; k < stepsBetweenTrials && iterations < options.maxIterations; k += 1) {
        iterations += 1;
        const at = smoothAt(z);
        if (!Number.isFinite(at.value))
          throw new BilevelError([notFinite(`what ${block.names} minimizes`, block.span)]);
        let next = z;
        for (; t > smallestStep; t /= 2) {
          next = z.map((value_, i) => value_ - t * (at.slope[i] as number));
          prox(next, t);
          const move = next.map((value_, i) => value_ - (z[i] as number));
          const bound = at.value + dot(at.slope, move) + dot(move, move) / (2 * t);
          if (smoothAt(next).value <= bound + 1e-12 * Math.abs(at.value)) break;
        }
        const forward = next.map((value_, i) => value_ - (x[i] as number));
        const back = z.map((value_, i) => value_ - (next[i] as number));
        if (dot(back, forward) > 0) momentum = 1;
        const following = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
        const weight = options.accelerated ? (momentum - 1) / following : 0;
        z = next.map((value_, i) => value_ + weight * (forward[i] as number));
        momentum = following;
        x = next;
        t *= 1.1;
      }
      const polished = polish(x, newton);
      if (polished.residual <= options.tolerance) {
        return { iterations, warnings: kinkWarnings(block, polished.point, polished.slope) };
      }
      momentum = 1;
      z = x;
    }
    return { iterations, warnings: kinkWarnings(block, x, smoothAt(x).slope) };
  };

  /** Newton on the face that a proximal step from x identifies; the face is corrected while that helps. */
  const polish = (x: Float64Array, newton: () => void) => {
    let point = x;
    let slope = smoothAt(point).slope;
    let residualNow = residualAt(point, slope);
    for (let k = 0; k < faceCorrections; k += 1) {
      const moved = unitStep(point, slope);
      for (const { masks } of parts) for (const mask of masks) engine.write(mask.slot, mask.values);
      startMultipliers(awayFromNorms(point, moved), slope);
      newton();
      const next = engine.read(y).slice(0, size);
      const nextSlope = smoothAt(next).slope;
      const nextResidual = residualAt(next, nextSlope);
      if (!(nextResidual < residualNow)) break;
      [point, slope, residualNow] = [next, nextSlope, nextResidual];
    }
    smoothAt(point);
    return { point, slope, residual: residualNow };
  };

  /** The point, with groups of the support that are still at 0, where their norm has no derivative, taken from `moved`. */
  const awayFromNorms = (point: Float64Array, moved: Float64Array): Float64Array => {
    const start = point.slice();
    for (const { piece, from, length, groups, numbers, masks } of parts) {
      if (piece.kind !== "group") continue;
      const norms = groupNorms(point.subarray(from, from + length), groups, (numbers[0] as Float64Array).length);
      groups.forEach((group, i) => {
        if (norms[group] === 0 && masks[0]?.values[group] === 1) start[from + i] = moved[from + i] as number;
      });
    }
    return start;
  };

  /** Multipliers that balance the gradient on the face as well as one number a row can. */
  const startMultipliers = (point: Float64Array, slope: Float64Array): void => {
    const whole = engine.read(y);
    whole.set(point);
    let to = size;
    for (const part of parts) {
      const { piece, from, length, width } = part;
      if (piece.kind !== "simplex" && piece.kind !== "ball") continue;
      for (let row = 0; row < length / width; row += 1) {
        const at = from + row * width;
        let [numerator, denominator] = [0, 0];
        for (let i = at; i < at + width; i += 1) {
          const [xi, si] = [point[i] as number, slope[i] as number];
          const inside = part.masks[0]?.values[i - from] ?? 0;
          numerator += piece.kind === "simplex" ? inside * si : -xi * si;
          denominator += piece.kind === "simplex" ? inside : 2 * xi * xi;
        }
        whole[to] = denominator === 0 ? 0 : numerator / denominator;
        to += 1;
      }
    }
    engine.write(y, whole);
  };

  /** Entries whose kink or bound holds without force: the smallest change may move them off, one way only. */
  const kinkWarnings = (block: BlockRuntime, point: Float64Array, slope: Float64Array): readonly Diagnostic[] => {
    unitStep(point, slope);
    const force = Math.max(block.scale(), Number.MIN_VALUE);
    const count = parts.reduce((total, part) => total + looseEntries(part, point, slope, force), 0);
    return count === 0 ? [] : [atAKink(block.names, count, block.span)];
  };

  return { solve, residual };
}

const stepsBetweenTrials = 25;
const faceCorrections = 20;
const smallestStep = 2 ** -60;

function createParts(
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
      groups: groupsOf(
        piece,
        unknown.shape.map((axis) => lengthOf([axis], sizes)),
      ),
      numbers: [],
      refresh: () => {
        run();
        part.numbers = into.map((vector, i) =>
          vector === undefined
            ? new Float64Array(length).fill(i === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
            : engine.read(vector),
        );
      },
      masks: masksOf(piece).map((mask) => {
        const slot = binding.slots.get(mask) as Vector;
        return { slot, values: new Float64Array(slot.length) };
      }),
    };
    from += length;
    return part;
  });
}

/** Entries that agree in their indices along the kept axes are one group; groups are numbered in row-major order. */
function groupsOf(piece: Piece, shape: readonly number[]): Int32Array {
  if (piece.kind !== "group") return new Int32Array(0);
  const { kept } = piece;
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
      return [];
    case "penalty":
      return [piece.weight, piece.centre];
    case "group":
      return [piece.weight];
    case "box":
      return [piece.low, piece.high];
    case "ball":
      return [piece.radius];
  }
}

function proxPart(part: Part, z: Float64Array, t: number): void {
  const [a, b] = part.numbers as [Float64Array, Float64Array];
  const [first, second] = part.masks.map((mask) => mask.values) as [Float64Array, Float64Array];
  switch (part.piece.kind) {
    case "free":
      return;
    case "penalty":
      return proxPenalty(z, t, a, b, first);
    case "group":
      return proxGroups(z, t, a, part.groups, first);
    case "box":
      return projectBox(z, a, b, first, second);
    case "simplex":
      return projectSimplex(z, part.width, first);
    case "ball":
      return projectBall(z, part.width, a, first);
  }
}

function checkWeights(parts: readonly Part[], block: BlockRuntime): void {
  for (const part of parts) {
    if (!isPenalty(part.piece)) continue;
    const smallest = (part.numbers[0] as Float64Array).reduce((a, b) => Math.min(a, b), 0);
    if (smallest < 0) throw new BilevelError([concavePenalty(block.names, smallest, block.span)]);
  }
}

/** Entries at a kink or bound with no force on them, of what `force` is the scale, or off it by nothing. */
function looseEntries(part: Part, point: Float64Array, slope: Float64Array, force: number): number {
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
  }
}
