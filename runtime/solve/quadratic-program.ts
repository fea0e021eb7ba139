/**
 * Convex quadratic programs, linear ones among them, exactly: minimise ½ xᵀHx + qᵀx subject to E x = d and A x ≤ b.
 *
 * With x = u − v the optimality conditions are a linear complementarity problem w = M z + m, w, z ≥ 0, wᵀz = 0 with M positive
 * semidefinite, which complementary pivoting solves in finitely many steps (Lemke 1965; Cottle, Pang and Stone 1992, algorithm
 * 4.4.5), ties broken lexicographically. It needs no interior and no unique solution, and ends on a ray where there is none. For small
 * problems: the tableau is dense.
 */
import type { Engine } from "../engine/engine.ts";

export interface LinearRows {
  /** Each of as many entries as there are variables. */
  readonly rows: readonly Float64Array[];
  readonly right: readonly number[];
}

export interface QuadraticProgram {
  readonly size: number;
  /** H, row-major, positive semidefinite; absent: a linear program. */
  readonly curvature?: Float64Array;
  readonly slope: Float64Array;
  readonly equations: LinearRows;
  readonly inequalities: LinearRows;
}

export type QuadraticOutcome =
  | {
      readonly status: "solved";
      readonly x: Float64Array;
      readonly value: number;
      /** Of the equations, and of the inequalities: at least 0. */
      readonly equationMultipliers: Float64Array;
      readonly inequalityMultipliers: Float64Array;
    }
  /** `failed`: rounding has led the pivots astray. */
  | { readonly status: "infeasible" | "unbounded" | "failed" };

export function quadraticProgram(engine: Engine, program: QuadraticProgram): QuadraticOutcome {
  const { size, curvature, slope, equations, inequalities } = program;
  const rows = [...equations.rows, ...equations.rows.map((row) => row.map((x) => -x)), ...inequalities.rows];
  const right = [...equations.right, ...equations.right.map((x) => -x), ...inequalities.right];
  const order = 2 * size + rows.length;
  const matrix = Array.from({ length: order }, () => new Float64Array(order));
  const offset = new Float64Array(order);
  for (let i = 0; i < size; i += 1) {
    offset[i] = slope[i] as number;
    offset[size + i] = -(slope[i] as number);
    for (let j = 0; j < size; j += 1) {
      const h = curvature?.[i * size + j] ?? 0;
      for (const [a, b, sign] of [
        [0, 0, 1],
        [0, size, -1],
        [size, 0, -1],
        [size, size, 1],
      ] as const)
        (matrix[a + i] as Float64Array)[b + j] = sign * h;
    }
    rows.forEach((row, k) => {
      const entry = row[i] as number;
      (matrix[i] as Float64Array)[2 * size + k] = entry;
      (matrix[size + i] as Float64Array)[2 * size + k] = -entry;
      (matrix[2 * size + k] as Float64Array)[i] = -entry;
      (matrix[2 * size + k] as Float64Array)[size + i] = entry;
    });
  }
  right.forEach((value, k) => {
    offset[2 * size + k] = value;
  });
  const z = complementary(engine, matrix, offset);
  if (z === "failed") return { status: "failed" };
  if (z === "ray") {
    const isFlat = curvature === undefined && slope.every((entry) => entry === 0);
    if (isFlat) return { status: "infeasible" };
    const flat = quadraticProgram(engine, { size, slope: new Float64Array(size), equations, inequalities });
    return { status: flat.status === "solved" ? "unbounded" : flat.status };
  }
  const x = Float64Array.from({ length: size }, (_, i) => (z[i] as number) - (z[size + i] as number));
  const count = equations.rows.length;
  const multiplier = (k: number): number => z[2 * size + k] as number;
  let value = 0;
  for (let i = 0; i < size; i += 1) {
    let bent = slope[i] as number;
    for (let j = 0; j < size; j += 1) bent += 0.5 * (curvature?.[i * size + j] ?? 0) * (x[j] as number);
    value += bent * (x[i] as number);
  }
  return {
    status: "solved",
    x,
    value,
    equationMultipliers: Float64Array.from({ length: count }, (_, k) => multiplier(k) - multiplier(count + k)),
    inequalityMultipliers: Float64Array.from(inequalities.rows, (_, k) => multiplier(2 * count + k)),
  };
}

/** Pivots and ratios smaller than this part of the data count as 0. */
const tiny = 1e-11;

/** z of w = M z + m, w, z ≥ 0, wᵀz = 0. */
function complementary(
  engine: Engine,
  matrix: readonly Float64Array[],
  offset: Float64Array,
): Float64Array | "ray" | "failed" {
  const n = offset.length;
  // Columns: w, z, z₀, right-hand side. The columns of w hold the inverse of the basis.
  const [artificial, last] = [2 * n, 2 * n + 1];
  const tableau = matrix.map((row, i) => {
    const line = new Float64Array(2 * n + 2);
    line[i] = 1;
    row.forEach((entry, j) => {
      line[n + j] = -entry;
    });
    line[artificial] = -1;
    line[last] = offset[i] as number;
    return line;
  });
  const basis = Array.from({ length: n }, (_, i) => i);
  const pivot = (at: number, column: number): void => {
    const line = tableau[at] as Float64Array;
    const by = line[column] as number;
    for (let j = 0; j < line.length; j += 1) line[j] = (line[j] as number) / by;
    tableau.forEach((other, i) => {
      const factor = other[column] as number;
      if (i === at || factor === 0) return;
      for (let j = 0; j < other.length; j += 1) {
        const [before, gone] = [other[j] as number, factor * (line[j] as number)];
        const after = before - gone;
        // What cancels to rounding is 0: lexicographic comparisons and ratios read signs.
        other[j] = Math.abs(after) <= tiny * Math.max(Math.abs(before), Math.abs(gone)) ? 0 : after;
      }
      other[column] = 0;
    });
    basis[at] = column;
  };
  /** Whether row a, over its entry in the column, is lexicographically before row b. */
  const isBefore = (a: number, b: number, column: number): boolean => {
    const [left, right] = [tableau[a] as Float64Array, tableau[b] as Float64Array];
    for (const j of [last, ...Array.from({ length: n }, (_, k) => k)]) {
      const [x, y] = [
        (left[j] as number) / Math.abs(left[column] as number),
        (right[j] as number) / Math.abs(right[column] as number),
      ];
      if (Math.abs(x - y) > tiny * Math.max(1, Math.abs(x), Math.abs(y))) return x < y;
    }
    return false;
  };
  if (offset.some((entry) => entry < 0)) {
    let leaving = 0;
    for (let i = 1; i < n; i += 1) if (isBefore(i, leaving, artificial)) leaving = i;
    let left = basis[leaving] as number;
    pivot(leaving, artificial);
    for (let step = 0; ; step += 1) {
      const entering = left < n ? left + n : left - n;
      let chosen: number | undefined;
      for (let i = 0; i < n; i += 1) {
        if ((tableau[i]?.[entering] as number) <= tiny) continue;
        if (chosen === undefined || isBefore(i, chosen, entering)) chosen = i;
      }
      if (chosen === undefined) return "ray";
      if (step > mostPivots(n)) return "failed";
      // Of rows that tie, the artificial variable's leaves: that ends it.
      const ratio = (i: number): number => (tableau[i]?.[last] as number) / (tableau[i]?.[entering] as number);
      const home = basis.indexOf(artificial);
      const ends =
        (tableau[home]?.[entering] as number) > tiny &&
        ratio(home) <= ratio(chosen) + tiny * Math.max(1, ratio(chosen));
      if (ends) chosen = home;
      left = basis[chosen] as number;
      pivot(chosen, entering);
      if (left === artificial) break;
    }
  }
  return fromBasis(engine, matrix, offset, basis);
}

const mostPivots = (n: number): number => 200 + 50 * n;

/** The basic solution, solved afresh from the data: pivoting has lost digits. */
function fromBasis(
  engine: Engine,
  matrix: readonly Float64Array[],
  offset: Float64Array,
  basis: readonly number[],
): Float64Array | "failed" {
  const n = offset.length;
  const columns = new Float64Array(n * n);
  basis.forEach((column, j) => {
    for (let i = 0; i < n; i += 1)
      columns[i * n + j] = column < n ? (i === column ? 1 : 0) : -(matrix[i]?.[column - n] as number);
  });
  const [vector, right] = [engine.allocate(n * n), engine.allocate(n)];
  engine.write(vector, columns);
  engine.write(right, offset);
  const made = engine.lu(vector, n, 1);
  if (made.ok) {
    made.factor.solve(right);
    made.factor.release();
  }
  const values = engine.read(right);
  engine.release(vector);
  engine.release(right);
  if (!made.ok) return "failed";
  const z = new Float64Array(n);
  basis.forEach((column, j) => {
    if (column >= n) z[column - n] = Math.max(0, values[j] as number);
  });
  return z;
}
