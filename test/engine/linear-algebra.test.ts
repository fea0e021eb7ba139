import { beforeAll, expect, test } from "vitest";
import { BilevelError } from "../../grammar/diagnostics.ts";
import type { Engine, Vector } from "../../runtime/engine/engine.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createWasmEngine();
});

function vectorOf(values: ArrayLike<number>): Vector {
  const vector = engine.allocate(values.length);
  engine.write(vector, values);
  return vector;
}

/** A fixed, irregular sequence in (−1, 1). */
const wave = (length: number, phase = 0): Float64Array =>
  Float64Array.from({ length }, (_, i) => Math.sin(1e4 * Math.sin(i + 1 + phase)));

/** rows × inner times inner × columns. */
function times(a: Float64Array, b: Float64Array, inner: number, columns: number, transposed = false): Float64Array {
  const rows = a.length / inner;
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let p = 0; p < inner; p += 1)
      sum += (a[transposed ? p * rows + i : i * inner + p] as number) * (b[p * columns + j] as number);
    return sum;
  });
}

const distance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - (b[i] as number))), 0);

function spd(n: number, phase = 0): Float64Array {
  const a = wave(n * n, phase);
  const matrix = times(a, a, n, n, true);
  for (let i = 0; i < n; i += 1) matrix[i * (n + 1)] = (matrix[i * (n + 1)] as number) + n / 2;
  return matrix;
}

test.each([1, 2, 5, 48, 49, 130])("Cholesky and LU solve stacks of size %i, with one column and with many", (n) => {
  const count = 2;
  const symmetric = [spd(n), spd(n, 7)];
  const general = [wave(n * n, 3), wave(n * n, 11)];
  for (const columns of [1, 3, 7]) {
    const x = [wave(n * columns, 1), wave(n * columns, 2)];
    const solved = (matrices: Float64Array[], transposed: boolean, kind: "cholesky" | "lu"): number => {
      const matrix = vectorOf(matrices.flatMap((m) => [...m]));
      const result = engine[kind](matrix, n, count);
      if (!result.ok) return expect.fail("factorisation failed");
      const b = vectorOf(matrices.flatMap((m, i) => [...times(m, x[i] as Float64Array, n, columns, transposed)]));
      if (transposed) result.factor.solveTransposed(b, columns);
      else result.factor.solve(b, columns);
      const error = distance(engine.read(b), Float64Array.from(x.flatMap((each) => [...each])));
      result.factor.release();
      return error;
    };
    expect(solved(symmetric, false, "cholesky")).toBeLessThan(1e-10);
    expect(solved(general, false, "lu")).toBeLessThan(1e-8);
    expect(solved(general, true, "lu")).toBeLessThan(1e-8);
  }
});

test("factorisations say which pivot they met", () => {
  expect(engine.cholesky(vectorOf([4, 0, 0, 9]), 2, 1)).toMatchObject({ ok: true, smallestPivot: 1 });
  expect(engine.cholesky(vectorOf([4, 2, 2, 5]), 2, 1)).toMatchObject({ ok: true, smallestPivot: 0.8 });
  expect(engine.lu(vectorOf([1, 2, 4, 9]), 2, 1)).toMatchObject({ ok: true, smallestPivot: 0.25 / 9 });
  expect(engine.cholesky(vectorOf([1, 2, 2, 1]), 2, 1)).toEqual({ ok: false, pivot: -3 });
  expect(engine.lu(vectorOf([1, 2, 2, 4]), 2, 1)).toEqual({ ok: false, pivot: 0 });
  expect(engine.lu(vectorOf([NaN, 2, 2, 4]), 2, 1)).toMatchObject({ ok: false });
  expect(engine.cholesky(vectorOf([]), 0, 1).ok).toBe(true);
});

test("eigenvalues of a matrix with a known spectrum", () => {
  // The second difference matrix: 2 − 2 cos(kπ/(n + 1)).
  const n = 40;
  const matrix = Float64Array.from({ length: n * n }, (_, at) => {
    const gap = Math.abs(Math.floor(at / n) - (at % n));
    return gap === 0 ? 2 : gap === 1 ? -1 : 0;
  });
  const known = Float64Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
  expect(distance(engine.eigenvalues(vectorOf(matrix), n), known)).toBeLessThan(1e-13);
});

test("eigenvalues of a dense matrix keep its trace, its norm and its rank", () => {
  const n = 30;
  const a = wave(n * 8);
  const matrix = times(
    a,
    Float64Array.from({ length: 8 * n }, (_, at) => a[(at % n) * 8 + Math.floor(at / n)] as number),
    8,
    n,
  );
  const values = engine.eigenvalues(vectorOf(matrix), n);
  const trace = Array.from({ length: n }, (_, i) => matrix[i * (n + 1)] as number).reduce((x, y) => x + y);
  expect(values.reduce((x, y) => x + y)).toBeCloseTo(trace, 10);
  expect(values.reduce((x, y) => x + y * y, 0)).toBeCloseTo(
    matrix.reduce((x, y) => x + y * y, 0),
    9,
  );
  expect(values.filter((value) => Math.abs(value) > 1e-10)).toHaveLength(8);
  expect([...values]).toEqual([...values].sort((x, y) => x - y));
});

test("vector algebra", () => {
  const [x, y, out] = [vectorOf([1, 2, 3, 4, 5]), vectorOf([5, 4, 3, 2, 1]), engine.allocate(5)];
  expect([...engine.read(out)]).toEqual([0, 0, 0, 0, 0]);
  expect(engine.dot(x, y)).toBe(35);
  expect(engine.norm(vectorOf([3e200, 4e200]))).toBeCloseTo(5e200, -188);
  expect(engine.norm(vectorOf([3e-200, 4e-200]))).toBeCloseTo(5e-200, 210);
  expect(engine.norm(vectorOf([1, NaN]))).toBeNaN();
  engine.axpy(2, x, y);
  expect([...engine.read(y)]).toEqual([7, 8, 9, 10, 11]);
  engine.multiply(x, y, out);
  expect([...engine.read(out)]).toEqual([7, 16, 27, 40, 55]);
  engine.scale(-1, out);
  engine.copy(engine.view(out, 1, 2), engine.view(x, 3, 2));
  expect([...engine.read(x)]).toEqual([1, 2, 3, -16, -27]);
});

test("vectors survive growth of memory, and released memory is used again", () => {
  const kept = vectorOf([1, 2, 3]);
  for (let round = 0; round < 20; round += 1) {
    const large = Array.from({ length: 4 }, () => engine.allocate(1_000_000));
    for (const vector of large) engine.release(vector);
  }
  expect([...engine.read(kept)]).toEqual([1, 2, 3]);
});

test("what cannot fit is refused in the model's words", () => {
  const attempt = (): Vector => engine.allocate(1e10);
  expect(attempt).toThrow(BilevelError);
  expect(attempt).toThrow(/needs 74.5 GiB/);
});
