import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symmetricSpectrum } from "../../runtime/solve/symmetric.ts";
import { matrixText, prepared, refusals, word } from "../support/problems.ts";

const number = fc.double({ min: -2, max: 2, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const vector = (n: number) => fc.array(number, { minLength: n, maxLength: n });
const matrix = (m: number, n: number) => fc.array(vector(n), { minLength: m, maxLength: m });

const losses = [
  "0.5 * mean((A @ y - b)^2)",
  "mean(logcosh(A @ y - b * s))",
  "mean(huber(A @ y - b * s, 0.5))",
  "mean(softplus(A @ y)) - 0.3 * y @ [1, s, -1, 0]",
];
const kinds: readonly (readonly [name: string, set: string, penalty: string])[] = [
  ["a lasso", "", "exp(w) * norm1(y)"],
  ["weighted kinks off zero", "", "sum([0.1, 0.5, 0.2, 1] * abs(2 * y - [s, 1, 0, -1]))"],
  ["a positive part", "", "0.4 * exp(w) * sum(max(y, s / 4)) + 0.1 * sum(relu(y - s / 4))"],
  ["a norm", "", "exp(w) * norm(y)"],
  ["weighted norms", "", "norm(exp(w) * y) + sqrt(0.01 * sumsq(y))"],
  ["a nonnegative unknown", "in nonnegative", "w * y[0]"],
  ["a box that moves", "in box(-exp(w) / 2, 0.3 + s / 10)", "0 * s"],
  ["a simplex", "in simplex", "w * y[1]"],
  ["a ball", "in ball(0.5 * exp(w))", "y[0] * s"],
  ["a nonnegative lasso", "in nonnegative", "exp(w) * norm1(y)"],
  ["kinks between bounds that move", "in box(-0.5, 0.3 + s / 10)", "exp(w) * sum(abs(y - 0.1))"],
  ["pairs of entries", "", "exp(w) * sum(norm(reshape(y, 2, 2), axis: 1))"],
];

/** By elimination, for small systems that need no pivots. */
function solveDense(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  rows.forEach((pivot, k) => {
    rows.forEach((row, i) => {
      if (i === k) return;
      const factor = (row[k] as number) / (pivot[k] as number);
      row.forEach((value, j) => {
        row[j] = value - factor * (pivot[j] as number);
      });
    });
  });
  return rows.map((row, k) => (row.at(-1) as number) / (row[k] as number));
}

describe("lower levels with kinks and sets", () => {
  for (const [name, set, penalty] of kinds) {
    it(`have the derivative of ${name}`, async () => {
      let smooth = 0;
      const data = fc.record({ A: matrix(5, 4), b: vector(5), loss: fc.constantFrom(...losses), w: number, s: number });
      await fc.assert(
        fc.asyncProperty(data, async ({ A, b, loss, w, s }) => {
          const problem = await prepared(`
            let A = ${matrixText(A)}
            let b = [${b.join(", ")}]
            var w: real
            var s: real
            var y: real[4] ${set}
            minimize sum(sin(y + [0.3, 0.1, 0.2, 0.4])) + y[2] * s over w, s
            where y minimizes ${loss} + 0.2 * sumsq(y - 0.4) + ${penalty}`);
          const check = problem.gradcheck({ w, s });
          expect(check.residuals.inner).toBeLessThan(1e-11);
          // Where the face is about to change, differences see the other side.
          if (check.warnings.length > 0) return;
          smooth += 1;
          const close = check.rows.every((row) => row.error < 1e-6);
          if (close) return;
          const { gradient } = problem.gradient({ w, s });
          const moved = problem.gradient({ w: w + 2e-3, s: s + 2e-3 }).gradient;
          // A face that changes within the differences' step shows in the gradient as a jump.
          const jump =
            Math.abs((gradient.w as number) - (moved.w as number)) +
            Math.abs((gradient.s as number) - (moved.s as number));
          expect(jump, JSON.stringify(check.rows)).toBeGreaterThan(1e-3);
        }),
        { numRuns: 25 },
      );
      expect(smooth).toBeGreaterThan(15);
    }, 30_000);
  }

  it("agree with closed forms: soft thresholding and its flat side", async () => {
    const problem = await prepared(`
      var l: real
      var y: real[2]
      minimize sumsq(y) over l
      where y minimizes 0.5 * sumsq(y - [3, 0.5]) + l * norm1(y)`);
    const { lower, gradient, warnings } = problem.gradient({ l: 1 });
    expect([lower.y, gradient.l, warnings]).toEqual([[2, 0], -4, []]);
  });

  for (const [name, penalty] of [
    ["rows", "exp(w) * sum(norm(W, axis: 1))"],
    ["columns", "sum([1, 2] * exp(w) * norm(W, axis: 0))"],
    ["all entries", "0.5 * exp(w) * norm(W) + 0.1 * norm(W)"],
  ] as const) {
    it(`have the derivative of a group lasso over ${name}`, async () => {
      let smooth = 0;
      let zeros = 0;
      const data = fc.record({ A: matrix(5, 3), B: matrix(5, 2), w: number, s: number });
      await fc.assert(
        fc.asyncProperty(data, async ({ A, B, w, s }) => {
          const problem = await prepared(`
            let A = ${matrixText(A)}
            let B = ${matrixText(B)}
            var w: real
            var s: real
            var W: real[3, 2]
            minimize sum(sin(W + 0.3)) + W[0, 1] * s over w, s
            where W minimizes 0.5 * sumsq(A @ W - B * s) + 0.2 * sumsq(W) + ${penalty}`);
          const check = problem.gradcheck({ w, s });
          expect(check.residuals.inner).toBeLessThan(1e-11);
          const rows = problem.gradient({ w, s }).lower.W as number[][];
          if (rows.flat().includes(0)) zeros += 1;
          if (check.warnings.length > 0 || check.worst < 1e-6) {
            if (check.warnings.length === 0) smooth += 1;
            return;
          }
          const { gradient } = problem.gradient({ w, s });
          const moved = problem.gradient({ w: w + 2e-3, s: s + 2e-3 }).gradient;
          const jump =
            Math.abs((gradient.w as number) - (moved.w as number)) +
            Math.abs((gradient.s as number) - (moved.s as number));
          expect(jump, JSON.stringify(check.rows)).toBeGreaterThan(1e-3);
        }),
        { numRuns: 25 },
      );
      expect(smooth).toBeGreaterThan(12);
      expect(zeros).toBeGreaterThan(0);
    }, 30_000);
  }

  it("agree with block soft thresholding", async () => {
    const problem = await prepared(`
      var l: real
      var Y: real[2, 2]
      minimize sumsq(Y) over l
      where Y minimizes 0.5 * sumsq(Y - [[3, 4], [0.3, -0.4]]) + l * sum(norm(Y, axis: 1))`);
    const { lower, gradient, warnings } = problem.gradient({ l: 1 });
    // ‖Y‖² = (5 − l)² in the first row, and the second is within l of 0.
    expect(warnings).toEqual([]);
    const [first, second] = lower.Y as number[][];
    expect(first?.[0]).toBeCloseTo(2.4, 13);
    expect(first?.[1]).toBeCloseTo(3.2, 13);
    expect(second).toEqual([0, 0]);
    expect(gradient.l).toBeCloseTo(-8, 12);
    expect(problem.gradient({ l: 0.5 }).warnings.map((d) => d.code)).toEqual(["at-a-kink"]);
  });

  it("leave norms of other things, and squares of norms, smooth", async () => {
    const solved = (objective: string) =>
      prepared(`let A = [[1, 2], [3, 4], [5, 5]]\nvar w: real\nvar y: real[2]
        minimize norm(A @ y - w) + norm(y - 3) over w\nwhere y minimizes ${objective}`);
    for (const objective of [
      "norm(A @ y - [1, 0, w]) + sumsq(y)",
      "norm(y)^2 + w * y[0] - y[1]",
      "sqrt(1 + sumsq(y - w))",
    ]) {
      const problem = await solved(objective);
      expect(problem.plan.blocks[0]?.facts.kinks).toEqual([]);
      expect(problem.gradcheck({ w: 0.7 }).worst).toBeLessThan(1e-6);
    }
  });

  it("say that a derivative at a kink is one-sided", async () => {
    const problem = await prepared(`
      var l: real
      var y: real
      minimize y over l
      where y minimizes 0.5 * (y - 1)^2 + l * abs(y)`);
    expect(problem.gradient({ l: 1 }).warnings.map((d) => d.code)).toEqual(["at-a-kink"]);
    expect(problem.gradient({ l: 0.9 }).warnings).toEqual([]);
  });

  it("find the support of a lasso with more features than rows", async () => {
    const rows = Array.from({ length: 20 }, (_, i) =>
      Array.from({ length: 60 }, (_, j) => Math.sin(1.7 * i * (j + 1) + j)),
    );
    const problem = await prepared(`
      let X = ${matrixText(rows)}
      let y = X @ concat([2, -3, 1.5], zeros(57))
      var l: real init -3
      var b: real[60]
      minimize sumsq(X @ b - y) over l
      where b minimizes 0.5 * mean((X @ b - y)^2) + exp(l) * norm1(b)`);
    const check = problem.gradcheck();
    expect(check.worst).toBeLessThan(1e-6);
    const { lower, residuals } = problem.gradient();
    expect(residuals.inner).toBeLessThan(1e-11);
    expect((lower.b as number[]).filter((x) => x !== 0).length).toBeLessThan(20);
  });

  it("have a kink for each index of a family", async () => {
    for (const penalty of ["norm(v[t])", "norm1(v[t]) + 0.1 * sum(v[t])"]) {
      const problem = await prepared(`
        let A = normal(10, 3, seed: 1)
        let T = normal(5, 10, seed: 2)
        dim tasks = 5
        var w: real init 2
        var v[tasks]: real[3]
        minimize E[t in tasks](sumsq(v[t] - 1)) over w
        where v[t] minimizes sumsq(A @ v[t] - T[t, :]) + exp(w) * (${penalty})`);
      expect(problem.gradcheck().worst).toBeLessThan(1e-6);
      expect((problem.gradient().lower.v as number[][]).flat()).toContain(0);
    }
  });

  it("keep norms in equations", async () => {
    const problem = await prepared(`
      var w: real[2]
      var y: real[2] init 1
      minimize sumsq(y - 1) over w
      where y solves norm(y) * y + y = w + 2`);
    expect(problem.gradcheck({ w: [0.3, -0.2] }).worst).toBeLessThan(1e-6);
  });

  it("have the derivative of a positive semidefinite unknown, of full rank and less", async () => {
    const ranks = new Set<number>();
    const symmetric = fc.tuple(vector(3), vector(3)).map(
      ([[a, b, c], [d, e, f]]) =>
        [
          [a, d, e],
          [d, b, f],
          [e, f, c],
        ] as number[][],
    );
    await fc.assert(
      fc.asyncProperty(symmetric, matrix(3, 3), number, async (A, B, w) => {
        const problem = await prepared(`
          let A = ${matrixText(A)}
          let B = ${matrixText(B)}
          var w: real
          var Y: real[3, 3] in psd
          minimize sum(sin(Y + 0.3)) + Y[0, 1] over w
          where Y minimizes sumsq(Y - A * exp(w)) + 0.1 * sumsq(B @ Y - w)`);
        const check = problem.gradcheck({ w });
        expect(check.residuals.inner).toBeLessThan(1e-11);
        const Y = problem.gradient({ w }).lower.Y as number[][];
        const rank = symmetricSpectrum(Float64Array.from(Y.flat()), 3).values.filter((value) => value > 1e-9).length;
        if (check.warnings.length > 0) return;
        ranks.add(rank);
        expect(check.worst, `rank ${rank}`).toBeLessThan(1e-5);
      }),
      { numRuns: 20, seed: 7 },
    );
    expect(ranks.size).toBeGreaterThan(1);
  }, 30_000);

  it("project to positive semidefinite matrices: diag(1, −1) loses its negative part", async () => {
    const problem = await prepared(`
      var w: real init 2
      var Y: real[2, 2] in psd
      minimize sumsq(Y) over w
      where Y minimizes sumsq(Y - [[w, 0], [0, -1]])`);
    const { lower, gradient, warnings } = problem.gradient();
    expect([lower.Y, gradient.w, warnings]).toEqual([
      [
        [2, 0],
        [0, 0],
      ],
      4,
      [],
    ]);
    expect(problem.gradient({ w: 0 }).warnings.map((d) => d.code)).toEqual(["at-a-kink"]);
  });

  it("agree with the closed form of a lasso's derivative, and its degrees of freedom are the support's size", async () => {
    // On the support S: ∂b/∂λ = −n (XᵀX)⁻¹ sign(b) for 1/(2n) ‖Xb − y‖² + λ ‖b‖₁ (Bertrand et al. 2022).
    const problem = await prepared(`
      let X = normal(30, 6, seed: 1)
      let y = X @ [2, -1, 0.5, 0, 0, 0] + normal(30, seed: 2)
      var l: real init -1.5
      var b: real[6]
      minimize sum([1, 2, 3, 4, 5, 6] * b) over l
      where b minimizes 0.5 * mean((X @ b - y)^2) + exp(l) * norm1(b)
      report gram = X' @ X`);
    const gram = (await problem.solve()).reports.gram as number[][];
    const { gradient, lower } = problem.gradient({ l: -1.5 });
    const b = lower.b as number[];
    const support = b.flatMap((value, j) => (value === 0 ? [] : [j]));
    const signs = support.map((j) => Math.sign(b[j] as number));
    const restricted = support.map((i) => support.map((j) => gram[i]?.[j] as number));
    const solved = solveDense(restricted, signs);
    const wanted = support.reduce((sum, j, k) => sum - 30 * Math.exp(-1.5) * (j + 1) * (solved[k] as number), 0);
    expect(support.length).toBeLessThan(6);
    expect(gradient.l).toBeCloseTo(wanted, 10);
  });

  it("end at the same point by every solver, and coordinates only where entries stand alone", async () => {
    const source = `
      let X = normal(40, 8, seed: 1)
      let y = sign(X @ [1, -2, 0.5, 0, 0, 0, 0, 0] + normal(40, seed: 2))
      var l: real init -3
      var b: real[8]
      var c: real
      minimize mean(logistic_loss(X @ b + c, y)) over l
      where b, c minimizes mean(logistic_loss(X @ b + c, y)) + exp(l) * norm1(b) + 1e-3 * sumsq(b) + 1e-3 * c^2`;
    const answers = await Promise.all(
      ["fista", "prox_gd", "coordinate"].map(async (name) => {
        const problem = await prepared(source, { options: new Map([["inner", word(name)]]) });
        return problem.gradient();
      }),
    );
    const [first] = answers;
    const wanted = first?.lower.b as readonly number[];
    for (const { lower, gradient, residuals } of answers) {
      expect(residuals.inner).toBeLessThan(1e-11);
      expect(gradient.l).toBeCloseTo(first?.gradient.l as number, 9);
      (lower.b as number[]).forEach((value, j) => {
        expect(value).toBeCloseTo(wanted[j] as number, 9);
      });
    }
    const group = source.replace("norm1(b)", "norm(b)");
    await expect(prepared(group, { options: new Map([["inner", word("coordinate")]]) })).rejects.toThrow(
      "one entry at a time",
    );
  });

  it("refuse what has no proximal form", async () => {
    const inner = "var w: real\nvar y: real[2]\nminimize sum(y) over w\nwhere y minimizes (norm(y) - exp(w))^2";
    expect((await refusals(inner))[0]?.message).toContain("not smooth in y (norm)");
    const peak = "var w: real init -1\nvar y: real\nminimize y over w\nwhere y minimizes y^2 + w * abs(y)";
    expect((await refusals(peak))[0]?.code).toBe("concave-penalty");
  });
});
