/**
 * The quadratic benchmark of stochastic methods: both levels are means of n quadratics that are known only row by row, and everything
 * about their mean has a closed form.
 *
 *     y*(w) = −H⁻¹ (C w + d),   h(w) = ½ y*ᵀ P y* − rᵀ y* + ½ wᵀ Q w + const,
 *
 * with H = mean(ã ãᵀ), C = mean(ã (a + b)ᵀ), d = mean((c + 1) ã) over the lower level's rows, ã = s ∘ a, and P = mean(a aᵀ),
 * r = mean((½ + c)(1 + c) a), Q = mean(b bᵀ) over the upper level's. The spectrum of H is that of diag(s²), up to the draw.
 */
import { createRandom } from "../../runtime/random.ts";

export interface Quadratic {
  readonly source: string;
  /** ∇h */
  readonly slope: (w: readonly number[]) => readonly number[];
  /** The minimiser of h. */
  readonly best: readonly number[];
}

type Matrix = readonly (readonly number[])[];

/** `rows` of either level, and the square roots s of the lower curvature's spectrum; `upper` is the dimension of w. */
export function quadratic(rows: number, roots: readonly number[], upper: number): Quadratic {
  const lower = roots.length;
  const source = `
    dim n = ${rows}
    dim m = ${rows}
    data inner: { a: real[n, ${lower}], b: real[n, ${upper}], c: real[n] } = normal(seed: 11)
    data outer: { a: real[m, ${lower}], b: real[m, ${upper}], c: real[m] } = normal(seed: 21)
    param s: real[${lower}] = [${roots.join(", ")}]
    var w: real[${upper}] init 1
    var y: real[${lower}]
    minimize E[outer](0.5 * (a @ y)^2 - (0.5 + c) * (a @ y) * (1 + c) + 0.5 * (b @ w)^2) over w
    where y minimizes E[inner](0.5 * ((a * s) @ y)^2 + ((a * s) @ y) * (a[0:${upper}] @ w + b @ w + c + 1))
  `;
  const draw = (seed: number) => {
    const field = (k: number, width: number): Matrix => {
      const random = createRandom(seed + k);
      return Array.from({ length: rows }, () => Array.from({ length: width }, () => random.normal()));
    };
    return { a: field(0, lower), b: field(1, upper), c: field(2, 1).map((row) => row[0] as number) };
  };
  const inner = draw(11);
  const outer = draw(21);
  const mean = (of: (row: number) => number): number => {
    let sum = 0;
    for (let row = 0; row < rows; row += 1) sum += of(row);
    return sum / rows;
  };
  const scaled = (row: number, k: number): number => at(inner.a, row, k) * (roots[k] as number);
  const matrix = (height: number, width: number, of: (i: number, j: number) => number): Matrix =>
    Array.from({ length: height }, (_, i) => Array.from({ length: width }, (_, j) => of(i, j)));
  const h = matrix(lower, lower, (i, j) => mean((row) => scaled(row, i) * scaled(row, j)));
  const c = matrix(lower, upper, (i, j) => mean((row) => scaled(row, i) * (at(inner.a, row, j) + at(inner.b, row, j))));
  const d = matrix(lower, 1, (i) => mean((row) => scaled(row, i) * ((inner.c[row] as number) + 1)));
  const p = matrix(lower, lower, (i, j) => mean((row) => at(outer.a, row, i) * at(outer.a, row, j)));
  const r = matrix(lower, 1, (i) =>
    mean((row) => (0.5 + (outer.c[row] as number)) * (1 + (outer.c[row] as number)) * at(outer.a, row, i)),
  );
  const q = matrix(upper, upper, (i, j) => mean((row) => at(outer.b, row, i) * at(outer.b, row, j)));
  const response = solved(h, c).map((row) => row.map((value) => -value));
  const offset = solved(h, d).map(([value]) => -(value as number));
  // ∇h(w) = M w + k
  const curvature = matrix(upper, upper, (i, j) => {
    let sum = at(q, i, j);
    for (let k = 0; k < lower; k += 1)
      for (let l = 0; l < lower; l += 1) sum += at(response, k, i) * at(p, k, l) * at(response, l, j);
    return sum;
  });
  const constant = Array.from({ length: upper }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < lower; k += 1) {
      let pull = -at(r, k, 0);
      for (let l = 0; l < lower; l += 1) pull += at(p, k, l) * (offset[l] as number);
      sum += at(response, k, i) * pull;
    }
    return sum;
  });
  return {
    source,
    slope: (w) =>
      curvature.map((row, i) => row.reduce((sum, value, j) => sum + value * (w[j] as number), constant[i] as number)),
    best: solved(
      curvature,
      constant.map((value) => [-value]),
    ).map(([value]) => value as number),
  };
}

/** A⁻¹ B by Gaussian elimination with pivoting. */
function solved(a: Matrix, b: Matrix): Matrix {
  const work = a.map((row, i) => [...row, ...(b[i] as readonly number[])]);
  const size = a.length;
  for (let k = 0; k < size; k += 1) {
    let pivot = k;
    for (let i = k + 1; i < size; i += 1) if (Math.abs(at(work, i, k)) > Math.abs(at(work, pivot, k))) pivot = i;
    [work[k], work[pivot]] = [work[pivot] as number[], work[k] as number[]];
    for (let i = 0; i < size; i += 1) {
      if (i === k) continue;
      const factor = at(work, i, k) / at(work, k, k);
      work[i] = (work[i] as number[]).map((value, j) => value - factor * at(work, k, j));
    }
  }
  return work.map((row, k) => row.slice(size).map((value) => value / at(work, k, k)));
}

const at = (matrix: Matrix, row: number, column: number): number => matrix[row]?.[column] as number;
