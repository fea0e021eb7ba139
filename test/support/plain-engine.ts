/** The engine in plain loops over Float64Array: slow, obvious, the second opinion on every other engine. */
import type { Input } from "../../compiler/ir/node.ts";
import { evaluateSize, type SizeBindings } from "../../compiler/ir/size.ts";
import type { Engine, Factorisation, Kernel, Program, Vector } from "../../runtime/engine/engine.ts";
import { interpretAll, type Tensor } from "./interpret.ts";

interface PlainVector extends Vector {
  readonly values: Float64Array;
}

export interface PlainEngine extends Engine {
  /** Vectors allocated and not released. */
  live(): number;
}

const values = (vector: Vector): Float64Array => (vector as PlainVector).values;

/** `precision` only says what solvers are told; the numbers are doubles. */
export function createPlainEngine(precision: "f64" | "f32" = "f64"): PlainEngine {
  let live = 0;
  return {
    name: "plain",
    precision,
    live: () => live,
    allocate(length) {
      live++;
      return { length, values: new Float64Array(length).fill(Number.NaN) } as PlainVector;
    },
    release() {
      live--;
    },
    view: (vector, offset, length) =>
      ({ length, values: values(vector).subarray(offset, offset + length) }) as PlainVector,
    write: (vector, from) => values(vector).set(from),
    take(from) {
      live++;
      return { length: from.length, values: from.slice() } as PlainVector;
    },
    read: (vector) => values(vector).slice(),
    copy: (from, to) => values(to).set(values(from)),
    fill: (vector, value) => void values(vector).fill(value),
    scale(a, x) {
      const own = values(x);
      for (let i = 0; i < own.length; i++) own[i] = (own[i] as number) * a;
    },
    axpy(a, x, y) {
      const [from, to] = [values(x), values(y)];
      for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + a * (from[i] as number);
    },
    multiply(x, y, out) {
      const [a, b, to] = [values(x), values(y), values(out)];
      for (let i = 0; i < to.length; i++) to[i] = (a[i] as number) * (b[i] as number);
    },
    dot: (x, y) => dot(values(x), values(y)),
    norm: (x) => Math.sqrt(dot(values(x), values(x))),
    compile: interpretedKernel,
    cholesky: (matrix, size, count) => stacked(values(matrix), size, count, choleskyFactor),
    lu: (matrix, size, count) => stacked(values(matrix), size, count, luFactor),
    eigenvalues: (matrix, size) => jacobiEigenvalues(values(matrix).slice(), size),
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

// ------------------------------------------------------------------------------------------------- factorisations

interface PlainFactor {
  readonly pivots: readonly number[];
  solve(b: Float64Array, transposed: boolean): Float64Array;
}

type Attempt = { readonly ok: true; readonly factor: PlainFactor } | { readonly ok: false; readonly pivot: number };

function stacked(
  all: Float64Array,
  size: number,
  count: number,
  factorise: (matrix: Float64Array, size: number) => Attempt,
): Factorisation {
  const factors: PlainFactor[] = [];
  for (let k = 0; k < count; k++) {
    const attempt = factorise(all.slice(k * size * size, (k + 1) * size * size), size);
    if (!attempt.ok) return { ok: false, pivot: attempt.pivot };
    factors.push(attempt.factor);
  }
  const solveAll = (vector: Vector, columns: number, transposed: boolean): void => {
    const b = values(vector);
    factors.forEach((factor, k) => {
      for (let j = 0; j < columns; j++) {
        const column = Float64Array.from({ length: size }, (_, i) => b[(k * size + i) * columns + j] as number);
        const solution = factor.solve(column, transposed);
        for (let i = 0; i < size; i++) b[(k * size + i) * columns + j] = solution[i] as number;
      }
    });
  };
  const pivots = factors.flatMap((factor) => factor.pivots).map(Math.abs);
  return {
    ok: true,
    smallestPivot: Math.min(1, ...pivots),
    factor: {
      solve: (b, columns = 1) => solveAll(b, columns, false),
      solveTransposed: (b, columns = 1) => solveAll(b, columns, true),
      release() {},
    },
  };
}

/** A = L Lᵀ; the pivots are the squares of L's diagonal over A's. */
function choleskyFactor(a: Float64Array, n: number): Attempt {
  const at = (i: number, j: number): number => a[i * n + j] as number;
  const pivots: number[] = [];
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      if (i === j) {
        if (!(sum > 0)) return { ok: false, pivot: sum };
        pivots.push(sum / at(j, j));
      }
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / at(j, j);
    }
  }
  const solve = (b: Float64Array): Float64Array => {
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) b[i] = (b[i] as number) - at(i, k) * (b[k] as number);
      b[i] = (b[i] as number) / at(i, i);
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) b[i] = (b[i] as number) - at(k, i) * (b[k] as number);
      b[i] = (b[i] as number) / at(i, i);
    }
    return b;
  };
  return { ok: true, factor: { pivots, solve } };
}

/** P A = L U by rows. */
function luFactor(a: Float64Array, n: number): Attempt {
  const at = (i: number, j: number): number => a[i * n + j] as number;
  const rows = Array.from({ length: n }, (_, i) => i);
  const scales = rows.map((_, j) => Math.max(...rows.map((_, i) => Math.abs(at(i, j)))));
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(at(i, k)) > Math.abs(at(best, k))) best = i;
    const pivot = at(best, k);
    if (pivot === 0 || !Number.isFinite(pivot)) return { ok: false, pivot };
    if (best !== k) {
      for (let j = 0; j < n; j++) [a[k * n + j], a[best * n + j]] = [at(best, j), at(k, j)];
      [rows[k], rows[best]] = [rows[best] as number, rows[k] as number];
    }
    for (let i = k + 1; i < n; i++) {
      const factor = at(i, k) / pivot;
      a[i * n + k] = factor;
      for (let j = k + 1; j < n; j++) a[i * n + j] = at(i, j) - factor * at(k, j);
    }
  }
  const solve = (b: Float64Array, transposed: boolean): Float64Array => {
    const x = transposed ? b : Float64Array.from(rows, (row) => b[row] as number);
    const eliminate = (i: number, k: number, entry: number): void => {
      x[i] = (x[i] as number) - entry * (x[k] as number);
    };
    const divide = (i: number): void => {
      x[i] = (x[i] as number) / at(i, i);
    };
    if (!transposed) {
      for (let i = 0; i < n; i++) for (let k = 0; k < i; k++) eliminate(i, k, at(i, k));
      for (let i = n - 1; i >= 0; i--) {
        for (let k = i + 1; k < n; k++) eliminate(i, k, at(i, k));
        divide(i);
      }
      return x;
    }
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) eliminate(i, k, at(k, i));
      divide(i);
    }
    for (let i = n - 1; i >= 0; i--) for (let k = i + 1; k < n; k++) eliminate(i, k, at(k, i));
    const out = new Float64Array(n);
    rows.forEach((row, i) => {
      out[row] = x[i] as number;
    });
    return out;
  };
  return { ok: true, factor: { pivots: scales.map((scale, i) => at(i, i) / scale), solve } };
}

/** Cyclic Jacobi rotations. */
function jacobiEigenvalues(a: Float64Array, n: number): Float64Array {
  const at = (i: number, j: number): number => a[i * n + j] as number;
  for (let sweep = 0; sweep < 50; sweep++) {
    let offDiagonal = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (at(p, q) === 0) continue;
        offDiagonal += at(p, q) ** 2;
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(k, p), at(k, q)];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(p, k), at(q, k)];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
      }
    }
    if (offDiagonal < 1e-300) break;
  }
  return Float64Array.from({ length: n }, (_, i) => at(i, i)).sort();
}

// ------------------------------------------------------------------------------------------------------- kernels

/** The program by its meaning, node by node. */
function interpretedKernel(program: Program, bound: ReadonlyMap<Input, Vector>, sizes: SizeBindings): Kernel {
  const tensor = (input: Input, vector: Vector): readonly [string, Tensor] => {
    const shape = input.shape.map((size) => evaluateSize(size, sizes) ?? Number.NaN);
    return [input.name, { shape, values: values(vector) }];
  };
  return {
    run(arguments_, outputs) {
      const given = program.arguments.map((input, i) => tensor(input, arguments_[i] as Vector));
      const fixed = [...bound].map(([input, vector]) => tensor(input, vector));
      interpretAll(program.outputs, new Map([...fixed, ...given]), sizes).forEach((result, i) => {
        values(outputs[i] as Vector).set(result.values);
      });
    },
    release() {},
  };
}
