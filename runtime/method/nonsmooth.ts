/**
 * Solving a lower level with kinks or sets (compiler/derive/nonsmooth.ts): accelerated proximal gradient steps (Beck and Teboulle
 * 2009, restarted as O'Donoghue and Candès 2015) until the face settles, then Newton's method on the face's equations; or
 * coordinate descent (solve/coordinate.ts). The answer is taken when the proximal fixed-point residual says so, which also checks
 * the face.
 */
import type { Nonsmooth } from "../../compiler/derive/nonsmooth.ts";
import { type Input, reachable } from "../../compiler/ir/node.ts";
import { BilevelError, type Diagnostic } from "../../grammar/diagnostics.ts";
import { type Binding, kernelOf, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { atAKink, notFinite } from "../errors.ts";
import { dot, norm } from "../solve/arrays.ts";
import { type Columns, coordinateDescent, type SolveDense } from "../solve/coordinate.ts";
import { groupNorms } from "../solve/prox.ts";
import type { BlockRuntime } from "./block.ts";
import type { FaceOptions, FaceSolver } from "./face.ts";
import {
  checkNumbers,
  createParts,
  entriesOf,
  freeEntries,
  looseEntries,
  type Part,
  proxPart,
  settle,
} from "./parts.ts";

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

  /** The same; the face where it ends becomes the condition's. */
  const identify = (point: Float64Array, slope: Float64Array): Float64Array => {
    const moved = unitStep(point, slope);
    for (const { masks } of parts) for (const mask of masks) engine.write(mask.slot, mask.values);
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

  const solve = (block: BlockRuntime, newton: () => void, options: FaceOptions): { readonly iterations: number } => {
    for (const part of parts) part.refresh();
    checkNumbers(parts, block);
    let x: Float64Array = engine.read(y).slice(0, size);
    prox(x, 0);
    if (nonsmooth.answered) {
      identify(x, smoothAt(x).slope);
      return { iterations: 1 };
    }
    let iterations = 0;
    if (options.solver === "coordinate") {
      const found = byCoordinates(block, x, options);
      [x, iterations] = [found.x, found.iterations];
      const { slope } = smoothAt(x);
      if (residualAt(x, slope) <= options.tolerance) {
        identify(x, slope);
        return { iterations };
      }
    }
    // Near a solution, such as the last one, the face may be known already.
    const { slope } = smoothAt(x);
    if (residualAt(x, slope) <= nearSolution) {
      const polished = polish(x, newton);
      if (polished.residual <= options.tolerance) return { iterations };
      x = polished.point;
    }
    let z = x;
    let momentum = 1;
    let t = options.rate ?? 1;
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
          if (options.rate !== undefined || smoothAt(next).value <= bound + 1e-12 * Math.abs(at.value)) break;
        }
        const forward = next.map((value_, i) => value_ - (x[i] as number));
        const back = z.map((value_, i) => value_ - (next[i] as number));
        if (dot(back, forward) > 0) momentum = 1;
        const following = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
        const weight = options.solver === "fista" ? (momentum - 1) / following : 0;
        z = next.map((value_, i) => value_ + weight * (forward[i] as number));
        momentum = following;
        x = next;
        if (options.rate === undefined) t *= 1.1;
      }
      const polished = polish(x, newton);
      if (polished.residual <= options.tolerance) return { iterations };
      momentum = 1;
      z = x;
    }
    return { iterations };
  };

  /** Columns of the smooth part's Hessian: products with the condition's derivative where nothing is held at a kink or bound. */
  const byCoordinates = (block: BlockRuntime, start: Float64Array, options: FaceOptions) => {
    const { smoothQuadratic } = block.plan.facts;
    const [unit, image] = [engine.allocate(y.length), engine.allocate(y.length)];
    const column = (j: number): Float64Array => {
      for (const { piece, masks } of parts)
        masks.forEach(({ slot }, k) => engine.fill(slot, piece.kind === "penalty" && k === 0 ? 1 : 0));
      engine.fill(unit, 0);
      engine.fill(engine.view(unit, j, 1), 1);
      block.product.apply(unit, image);
      return engine.read(image);
    };
    if (!keepsColumns(block)) columns.clear();
    const problem = { at: smoothAt, column, quadratic: smoothQuadratic, ...entriesOf(parts, size) };
    const found = coordinateDescent(problem, solveDense, columns, start, options);
    engine.release(unit);
    engine.release(image);
    return found;
  };
  const columns: Columns = new Map();
  const solveDense: SolveDense = (values, b) => {
    const [matrix, x] = [engine.allocate(values.length), engine.allocate(b.length)];
    engine.write(matrix, values);
    engine.write(x, b);
    const made = engine.cholesky(matrix, b.length, 1);
    if (made.ok) made.factor.solve(x);
    const solved = made.ok ? engine.read(x) : undefined;
    if (made.ok) made.factor.release();
    engine.release(matrix);
    engine.release(x);
    return solved;
  };

  /** Newton on the face that a proximal step from x identifies; the face is corrected while that helps. */
  const polish = (x: Float64Array, newton: () => void) => {
    let point = x;
    let slope = smoothAt(point).slope;
    let residualNow = residualAt(point, slope);
    for (let k = 0; k < faceCorrections; k += 1) {
      const moved = identify(point, slope);
      startMultipliers(awayFromNorms(point, moved), slope);
      newton();
      const next = engine.read(y).slice(0, size);
      for (const part of parts) settle(part, next.subarray(part.from, part.from + part.length));
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

  /** ‖∇s‖ at the cold start. */
  const steepness = (block: BlockRuntime): number => {
    const present = engine.read(y).slice(0, size);
    const { slope } = smoothAt(engine.read(block.start).slice(0, size));
    smoothAt(present);
    return norm(slope);
  };

  /** Entries whose kink or bound holds without force: the smallest change may move them off, one way only. */
  const warnings = (block: BlockRuntime): readonly Diagnostic[] => {
    for (const part of parts) part.refresh();
    const point = engine.read(y).slice(0, size);
    const { slope } = smoothAt(point);
    unitStep(point, slope);
    const force = Math.max(steepness(block), norm(slope), Number.MIN_VALUE);
    const count = parts.reduce((total, part) => total + looseEntries(part, point, slope, force), 0);
    return count === 0 ? [] : [atAKink(block.names, count, block.span)];
  };

  const settleHere = (): void => {
    const point = engine.read(y).slice(0, size);
    for (const part of parts) settle(part, point.subarray(part.from, part.from + part.length));
    smoothAt(point);
  };

  const free = (): readonly number[] | undefined => {
    const found = parts.map((part) => freeEntries(part, (slot) => engine.read(slot)));
    return found.some((entries) => entries === undefined) ? undefined : found.flatMap((entries) => entries ?? []);
  };

  return { solve, residual, settle: settleHere, free, warnings };
}

const stepsBetweenTrials = 25;
const faceCorrections = 20;
const nearSolution = 0.1;
const smallestStep = 2 ** -60;

/** Whether the Hessian of the smooth part is the same in every solve: it reads no unknown of any level. */
function keepsColumns({ plan }: BlockRuntime): boolean {
  const read = reachable(plan.facts.block.product);
  return !read.some((node) => node.kind === "input" && ["upper", "lower", "multiplier"].includes(node.role));
}
