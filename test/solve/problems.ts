/** Matrices and functions with known answers. */
import type { Engine, Vector } from "../../runtime/engine/engine.ts";
import type { LinearOperator, Objective } from "../../runtime/solve/types.ts";

/** Marsaglia's xorshift, for reproducible tests. */
export function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 88675123) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32 - 0.5;
  };
}

export function randomVector(n: number, random: () => number): Float64Array {
  return Float64Array.from({ length: n }, random);
}

/** Q diag(spectrum) Qᵀ, row-major, with Q a product of n random reflections. */
export function symmetricMatrix(spectrum: ArrayLike<number>, random: () => number): Float64Array {
  const n = spectrum.length;
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) a[i * n + i] = spectrum[i] as number;
  for (let k = 0; k < n; k++) {
    const u = randomVector(n, random);
    const uu = u.reduce((sum, x) => sum + x * x, 0);
    for (const [rowStride, columnStride] of [
      [n, 1],
      [1, n],
    ] as const) {
      for (let j = 0; j < n; j++) {
        let dot = 0;
        for (let i = 0; i < n; i++) dot += (u[i] as number) * (a[i * rowStride + j * columnStride] as number);
        for (let i = 0; i < n; i++) {
          const index = i * rowStride + j * columnStride;
          a[index] = (a[index] as number) - (2 * dot * (u[i] as number)) / uu;
        }
      }
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[i * n + j] = a[j * n + i] as number;
  return a;
}

export function product(a: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  return Float64Array.from({ length: n }, (_, i) => x.reduce((sum, xj, j) => sum + (a[i * n + j] as number) * xj, 0));
}

export function operator(engine: Engine, a: Float64Array): LinearOperator {
  const size = Math.sqrt(a.length);
  return { size, apply: (v, out) => engine.write(out, product(a, engine.read(v))) };
}

export function vector(engine: Engine, values: ArrayLike<number>): Vector {
  const result = engine.allocate(values.length);
  engine.write(result, values);
  return result;
}

/** An objective from a function of plain numbers that returns [value, gradient]. */
export function objective(
  engine: Engine,
  size: number,
  f: (x: Float64Array) => readonly [number, ArrayLike<number>],
): Objective {
  return {
    size,
    evaluate(x, gradient) {
      const [value, slope] = f(engine.read(x));
      engine.write(gradient, slope);
      return { ok: true, value };
    },
  };
}

/** ½ xᵀA x − bᵀx */
export function quadratic(engine: Engine, a: Float64Array, b: Float64Array): Objective {
  return objective(engine, b.length, (x) => {
    const ax = product(a, x);
    const value = x.reduce((sum, xi, i) => sum + 0.5 * xi * (ax[i] as number) - (b[i] as number) * xi, 0);
    return [value, ax.map((axi, i) => axi - (b[i] as number))];
  });
}

/** Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)²; the minimum is 0 at ones. */
export function rosenbrock(engine: Engine, n: number): Objective {
  return objective(engine, n, (x) => {
    const gradient = new Float64Array(n);
    let value = 0;
    for (let i = 0; i + 1 < n; i++) {
      const [xi, next] = [x[i] as number, x[i + 1] as number];
      const [valley, rest] = [next - xi * xi, 1 - xi];
      value += 100 * valley ** 2 + rest ** 2;
      gradient[i] = (gradient[i] as number) - 400 * xi * valley - 2 * rest;
      gradient[i + 1] = (gradient[i + 1] as number) + 200 * valley;
    }
    return [value, gradient];
  });
}

export interface SmoothProblem {
  readonly objective: Objective;
  /** Row-major. */
  hessian(x: Float64Array): Float64Array;
}

/** Regularised logistic regression: mean over rows of log(1 + exp(−yᵢ xᵢᵀθ)) + ½ ridge ‖θ‖². */
export function logistic(
  engine: Engine,
  rows: number,
  n: number,
  ridge: number,
  scale: number,
  seed: number,
): SmoothProblem {
  const random = generator(seed);
  const x = Float64Array.from({ length: rows * n }, () => scale * random());
  const truth = randomVector(n, random);
  const row = (r: number): Float64Array => x.subarray(r * n, (r + 1) * n);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, ai, i) => sum + ai * (b[i] as number), 0);
  const label = Array.from({ length: rows }, (_, r) => (dot(row(r), truth) + scale * random() > 0 ? 1 : -1));
  const sigmoid = (t: number): number => 1 / (1 + Math.exp(-t));
  return {
    objective: objective(engine, n, (theta) => {
      const gradient = theta.map((t) => ridge * t);
      let value = 0.5 * ridge * dot(theta, theta);
      for (let r = 0; r < rows; r++) {
        const margin = (label[r] as number) * dot(row(r), theta);
        value += (margin > 0 ? Math.log1p(Math.exp(-margin)) : -margin + Math.log1p(Math.exp(margin))) / rows;
        const weight = (-(label[r] as number) * sigmoid(-margin)) / rows;
        for (let i = 0; i < n; i++) gradient[i] = (gradient[i] as number) + weight * (row(r)[i] as number);
      }
      return [value, gradient];
    }),
    hessian(theta) {
      const h = new Float64Array(n * n);
      for (let i = 0; i < n; i++) h[i * n + i] = ridge;
      for (let r = 0; r < rows; r++) {
        const margin = dot(row(r), theta);
        const weight = (sigmoid(margin) * sigmoid(-margin)) / rows;
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            h[i * n + j] = (h[i * n + j] as number) + weight * (row(r)[i] as number) * (row(r)[j] as number);
          }
        }
      }
      return h;
    },
  };
}
