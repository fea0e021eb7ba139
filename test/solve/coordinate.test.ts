import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { norm } from "../../runtime/solve/arrays.ts";
import { coordinateDescent, type Separable, type SolveDense } from "../../runtime/solve/coordinate.ts";

const entry = fc.double({ min: -2, max: 2, noNaN: true });
const vector = (n: number) => fc.array(entry, { minLength: n, maxLength: n });
const matrix = (m: number, n: number) => fc.array(vector(n), { minLength: m, maxLength: m });

/** Never solves: every entry has to come out of the sweeps. */
const none: SolveDense = () => undefined;

/** By Gauss-Jordan elimination without pivots, for positive definite matrices. */
const eliminate: SolveDense = (matrix, b) => {
  const n = b.length;
  const rows = Array.from({ length: n }, (_, i) => [...matrix.subarray(i * n, (i + 1) * n), b[i] as number]);
  for (let k = 0; k < n; k += 1) {
    const pivot = rows[k] as number[];
    if ((pivot[k] as number) < 1e-9) return undefined;
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = (row[k] as number) / (pivot[k] as number);
      for (let j = k; j <= n; j += 1) row[j] = (row[j] as number) - factor * (pivot[j] as number);
    }
  }
  return Float64Array.from(rows, (row, k) => (row[n] as number) / (row[k] as number));
};

/** ½ ‖A x − b‖² + ½ ρ ‖x‖², or the sum of log(1 + exp(−b A x)) in its place. */
function problemOf(
  A: number[][],
  b: number[],
  weight: number,
  kind: "squares" | "logistic",
  low = -Infinity,
): Separable {
  const d = A[0]?.length ?? 0;
  const dotRow = (row: number[], x: Float64Array): number => row.reduce((sum, a, j) => sum + a * (x[j] as number), 0);
  let last = new Float64Array(d);
  const rate = (u: number): number => 1 / (1 + Math.exp(-u));
  return {
    at: (x) => {
      last = Float64Array.from(x);
      const slope = Float64Array.from(x, (value) => 0.1 * value);
      let value = 0.05 * norm(x) ** 2;
      A.forEach((row, i) => {
        const u = dotRow(row, x);
        const t = b[i] as number;
        value += kind === "squares" ? 0.5 * (u - t) ** 2 : Math.log1p(Math.exp(-t * u));
        const force = kind === "squares" ? u - t : -t * rate(-t * u);
        row.forEach((a, j) => {
          slope[j] = (slope[j] as number) + force * a;
        });
      });
      return { value, slope };
    },
    column: (k) => {
      const out = new Float64Array(d);
      out[k] = 0.1;
      A.forEach((row, i) => {
        const t = b[i] as number;
        const p = rate(t * dotRow(row, last));
        const curvature = kind === "squares" ? 1 : t * t * p * (1 - p);
        row.forEach((a, j) => {
          out[j] = (out[j] as number) + curvature * a * (row[k] as number);
        });
      });
      return out;
    },
    quadratic: kind === "squares",
    weight: new Float64Array(d).fill(weight),
    centre: new Float64Array(d),
    low: new Float64Array(d).fill(low),
    high: new Float64Array(d).fill(Infinity),
  };
}

const residualOf = (problem: Separable, x: Float64Array): number => {
  const { slope } = problem.at(x);
  const moves = x.map((value, j) => {
    const z = value - (slope[j] as number);
    const shrunk = Math.sign(z) * Math.max(0, Math.abs(z) - (problem.weight[j] as number));
    return Math.max(problem.low[j] as number, shrunk) - value;
  });
  return norm(moves) / (norm(slope) + norm(x) + Number.MIN_VALUE);
};

describe("coordinate descent on working sets", () => {
  for (const kind of ["squares", "logistic"] as const) {
    for (const low of [-Infinity, 0]) {
      it(`solves ${kind} with a penalty${low === 0 ? " and bounds" : ""}, more entries than rows`, () => {
        fc.assert(
          fc.property(matrix(6, 25), vector(6), fc.double({ min: 0.05, max: 3, noNaN: true }), (A, b, weight) => {
            const problem = problemOf(A, b, weight, kind, low);
            for (const solve of [eliminate, none]) {
              const options = { tolerance: solve === none ? 1e-8 : 1e-12, maxIterations: 500 };
              const { x } = coordinateDescent(problem, solve, new Map(), new Float64Array(25), options);
              expect(residualOf(problem, x)).toBeLessThan(solve === none ? 1e-7 : 1e-11);
            }
          }),
          { numRuns: 30 },
        );
      });
    }
  }

  it("closes the duality gap of a lasso", () => {
    // P = ½‖Ax − b‖² + w‖x‖₁ and D = ½‖b‖² − ½‖b − u‖² for u = (b − Ax) / max(1, ‖Aᵀ(b − Ax)‖∞ / w) (Kim et al. 2007).
    const A = Array.from({ length: 12 }, (_, i) =>
      Array.from({ length: 40 }, (_, j) => Math.sin(1.3 * i * (j + 2) + j)),
    );
    const b = A.map((row) => 2 * (row[3] as number) - (row[17] as number) + 0.1 * (row[5] as number));
    const plain = problemOf(A, b, 0.5, "squares");
    const problem: Separable = {
      ...plain,
      at: (x) => {
        const { value, slope } = plain.at(x);
        return { value: value - 0.05 * norm(x) ** 2, slope: slope.map((s, j) => s - 0.1 * (x[j] as number)) };
      },
      column: (k) => plain.column(k).map((value, j) => value - (j === k ? 0.1 : 0)),
    };
    const { x } = coordinateDescent(problem, eliminate, new Map(), new Float64Array(40), {
      tolerance: 1e-14,
      maxIterations: 500,
    });
    const { value, slope } = problem.at(x);
    const residual = b.map((t, i) => t - (A[i] ?? []).reduce((sum, a, j) => sum + a * (x[j] as number), 0));
    const scale = Math.max(1, Math.max(...slope.map(Math.abs)) / 0.5);
    const dual = residual.reduce((sum, r, i) => {
      const [t, u] = [b[i] as number, r / scale];
      return sum + 0.5 * t * t - 0.5 * (t - u) ** 2;
    }, 0);
    const primal = value + 0.5 * x.reduce((sum, each) => sum + Math.abs(each), 0);
    expect(Math.abs(primal - dual)).toBeLessThan(1e-10 * primal);
  });
});
