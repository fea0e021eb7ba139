/**
 * Newton's direction for the interior conditions (compiler/derive/constrained.ts). With residuals r₁ .. r₄ of their four lines,
 * Δs = −r₃ − C Δy always, and an inequality whose slack outweighs its multiplier leaves the system too (Nocedal and Wright 2006, 19.3):
 *
 *     (H + Σ μ/s c cᵀ) Δy + Eᵀ Δν + Aᵀ Δμ = −r₁ − Σ c (μ r₃ − r₄)/s        the sums over those that leave,
 *     E Δy = −r₂,   A Δy − (s/μ) Δμ = −r₃ + r₄/μ                            A: those that stay, the pressing ones.
 *
 * Neither quotient exceeds 1, so that the system is as well conditioned at the end as at the start.
 */
import type { Constrained } from "../../compiler/derive/constrained.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { type Binding, kernelOf, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";

/** Units in which objective, unknowns and constraints are of order one (interior-units.ts). */
export interface Units {
  /** Of the unknowns: y = length ŷ. */
  readonly length: number;
  /** ĝ = objective g */
  readonly objective: number;
  /** ĥ = equalities h and ĉ = inequalities c, entry by entry. */
  readonly equalities: Float64Array;
  readonly inequalities: Float64Array;
}

/** The largest entry of the objective's and the norm of each constraint's derivative, at the present point. */
export interface Slopes {
  readonly curvature: number;
  readonly equalities: Float64Array;
  readonly inequalities: Float64Array;
}

export interface InteriorNewton {
  /**
   * The direction at a residual of (∇ℒ, h, c + s, μ ∘ s − τ), in the order (y, ν, μ, s), all in the units given; absent where no damping
   * makes the system regular.
   */
  readonly direction: (
    residual: Float64Array,
    mu: Float64Array,
    s: Float64Array,
    units: Units,
  ) => Float64Array | undefined;
  readonly slopes: () => Slopes;
}

/** A matrix of blocks, evaluated together; zero entries are left out. */
interface Blocks {
  readonly evaluate: () => void;
  readonly each: (visit: (row: number, column: number, value: number) => void) => void;
}

export function createInteriorNewton(
  binding: Binding,
  { derivatives }: Constrained,
  primal: readonly Input[],
  e: number,
  m: number,
): InteriorNewton {
  const { engine } = binding;
  const widths = primal.map((unknown) => lengthOf(unknown.shape, binding.sizes));
  const hessian = createBlocks(binding, "interior Hessian", derivatives.stationarity, widths);
  const equality = createBlocks(binding, "equality slopes", derivatives.equalities, widths);
  const inequality = createBlocks(binding, "inequality slopes", derivatives.inequalities, widths);

  const slopes = (): Slopes => {
    for (const blocks of [hessian, equality, inequality]) blocks.evaluate();
    let curvature = 0;
    hessian.each((_row, _column, value) => (curvature = Math.max(curvature, Math.abs(value))));
    return { curvature, equalities: rowNorms(equality, e), inequalities: rowNorms(inequality, m) };
  };

  const direction: InteriorNewton["direction"] = (residual, mu, s, units) => {
    const p = residual.length - e - 2 * m;
    const [r1, r2] = [residual.subarray(0, p), residual.subarray(p, p + e)];
    const [r3, r4] = [residual.subarray(p + e, p + e + m), residual.subarray(p + e + m)];
    const staying = [...mu.keys()].filter((i) => (mu[i] as number) > (s[i] as number));
    const placeOf = new Map(staying.map((i, k) => [i, p + e + k]));
    const order = p + e + staying.length;
    const matrix = new Float64Array(order * order);
    const addAt = (row: number, column: number, value: number): void => {
      matrix[row * order + column] = (matrix[row * order + column] as number) + value;
    };
    for (const blocks of [hessian, equality, inequality]) blocks.evaluate();
    hessian.each((row, column, value) => addAt(row, column, units.objective * units.length ** 2 * value));
    equality.each((row, column, value) => {
      const own = (units.equalities[row] as number) * units.length * value;
      addAt(p + row, column, own);
      addAt(column, p + row, own);
    });
    const rows: { readonly columns: number[]; readonly values: number[] }[] = Array.from({ length: m }, () => ({
      columns: [],
      values: [],
    }));
    inequality.each((row, column, value) => {
      rows[row]?.columns.push(column);
      rows[row]?.values.push((units.inequalities[row] as number) * units.length * value);
    });
    const right = new Float64Array(order);
    r1.forEach((value, i) => (right[i] = -value));
    r2.forEach((value, i) => (right[p + i] = -value));
    rows.forEach(({ columns, values }, i) => {
      const [mui, si] = [mu[i] as number, s[i] as number];
      const place = placeOf.get(i);
      if (place !== undefined) {
        columns.forEach((column, k) => {
          addAt(place, column, values[k] as number);
          addAt(column, place, values[k] as number);
        });
        addAt(place, place, -si / mui);
        right[place] = -(r3[i] as number) + (r4[i] as number) / mui;
        return;
      }
      const pull = (mui * (r3[i] as number) - (r4[i] as number)) / si;
      columns.forEach((column, k) => {
        right[column] = (right[column] as number) - (values[k] as number) * pull;
        columns.forEach((other, l) => addAt(column, other, (mui / si) * (values[k] as number) * (values[l] as number)));
      });
    });
    const solved = solveShifted(matrix, right, order, p);
    if (solved === undefined) return undefined;
    const found = new Float64Array(residual.length);
    found.set(solved.subarray(0, p + e));
    rows.forEach(({ columns, values }, i) => {
      const along = columns.reduce((sum, column, k) => sum + (values[k] as number) * (solved[column] as number), 0);
      const [mui, si] = [mu[i] as number, s[i] as number];
      const ds = -(r3[i] as number) - along;
      const place = placeOf.get(i);
      found[p + e + i] = place === undefined ? (-(r4[i] as number) - mui * ds) / si : (solved[place] as number);
      found[p + e + m + i] = place === undefined ? ds : (-(r4[i] as number) - si * (solved[place] as number)) / mui;
    });
    return found;
  };

  return { direction, slopes };

  /** With the smallest damping of y, and against that of the multipliers, that makes the system regular. */
  function solveShifted(plain: Float64Array, right: Float64Array, order: number, p: number): Float64Array | undefined {
    const [matrix, step] = [engine.allocate(order * order), engine.allocate(order)];
    try {
      for (const shift of [0, 1e-10, 1e-7, 1e-4]) {
        const shifted = plain.slice();
        for (let i = 0; i < order; i += 1)
          shifted[i * order + i] = (shifted[i * order + i] as number) + (i < p ? shift : -shift);
        engine.write(matrix, shifted);
        const made = engine.lu(matrix, order, 1);
        if (!made.ok) continue;
        engine.write(step, right);
        made.factor.solve(step);
        made.factor.release();
        const found = engine.read(step);
        if (found.every(Number.isFinite)) return found;
      }
      return undefined;
    } finally {
      engine.release(matrix);
      engine.release(step);
    }
  }
}

function rowNorms(blocks: Blocks, count: number): Float64Array {
  const squares = new Float64Array(count);
  blocks.each((row, _column, value) => (squares[row] = (squares[row] as number) + value * value));
  return squares.map(Math.sqrt);
}

/** One row of blocks a condition, one column of them an unknown, of the widths given. */
function createBlocks(
  binding: Binding,
  name: string,
  blocks: readonly (readonly Node[])[],
  widths: readonly number[],
): Blocks {
  const { engine, sizes } = binding;
  if (blocks.length === 0) return { evaluate: () => {}, each: () => {} };
  const vectors = blocks.map((row) => row.map((node) => engine.allocate(lengthOf(node.shape, sizes))));
  const evaluate = kernelOf(binding, name, blocks.flat(), vectors.flat());
  const each: Blocks["each"] = (visit) => {
    let fromRow = 0;
    vectors.forEach((row) => {
      let fromColumn = 0;
      row.forEach((vector, b) => {
        const width = widths[b] as number;
        engine.read(vector).forEach((value, i) => {
          if (value !== 0) visit(fromRow + Math.floor(i / width), fromColumn + (i % width), value);
        });
        fromColumn += width;
      });
      fromRow += (row[0] as Vector).length / (widths[0] as number);
    });
  };
  return { evaluate, each };
}
