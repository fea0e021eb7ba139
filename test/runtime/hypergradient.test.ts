import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrixText, prepared, refusals, word } from "../support/problems.ts";

const number = fc.double({ min: -1.5, max: 1.5, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const vector = (n: number) => fc.array(number, { minLength: n, maxLength: n });
const matrix = (m: number, n: number) => fc.array(vector(n), { minLength: m, maxLength: m });

/** Strongly convex lower objectives in theta: real[3] with upper variables w: real[2], s: real. */
const lowerTerm = fc.constantFrom(
  "mean((A @ theta - b)^2)",
  "mean((A @ theta - b * s)^2)",
  "mean(softplus(A @ theta * b))",
  "sum(logcosh(theta - s))",
  "logsumexp(A @ theta + s)",
  "E[i in 4](exp(w[0]) * logistic_loss(A[i, :] @ theta, C[i]))",
  "0.1 * sum(theta^4) + s * sum(theta)",
  "mean(sqrt(1 + (A @ theta - w[1])^2))",
  "mean(huber(A @ theta - b, exp(s) / 2))",
  "theta @ A' @ A @ theta / 4 - theta[1] * w[0]",
  "cross_entropy(A @ theta + b * w[1], 1)",
  "mean(select(C > 0, (A @ theta - w[0])^2, s^2))",
);
const upperTerm = fc.constantFrom(
  "mean((A @ theta - 1)^2)",
  "sumsq(theta - [s, w[0], w[1]])",
  "sum(sin(theta)) + s^2",
  "tanh(theta @ [1, -2, 0.5]) * exp(s)",
  "norm(theta + 3) + sumsq(w)",
  "log(1 + exp(theta[0] * w[0]))",
  "logsumexp(theta * s)",
);

describe("the hypergradient", () => {
  it("agrees with finite differences of the re-solved problem and with the dense formula, on random problems", async () => {
    const data = fc.record({
      A: matrix(4, 3),
      b: vector(4),
      lower: fc.array(lowerTerm, { minLength: 1, maxLength: 3 }),
      upper: fc.array(upperTerm, { minLength: 1, maxLength: 3 }),
      w: vector(2),
      s: number,
      maximize: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(data, async ({ A, b, lower, upper, w, s, maximize }) => {
        const problem = await prepared(`
          let A = ${matrixText(A)}
          let b = [${b.join(", ")}]
          let C = [1, -1, 1, 1]
          var w: real[2]
          var s: real
          var theta: real[3]
          ${maximize ? "maximize" : "minimize"} ${upper.join(" + ")} over w, s
          where theta minimizes ${lower.join(" + ")} + sum(exp([w[0], s, 0.3]) * theta^2)`);
        const check = problem.gradcheck({ w, s });
        expect(check.residuals.inner).toBeLessThan(1e-11);
        expect(check.worst, JSON.stringify(check.rows)).toBeLessThan(1e-6);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it("is that of the closed form of ridge regression", async () => {
    const problem = await prepared(`
      let X = [[1, 2], [3, -1], [0.5, 0.2]]
      let y = [1, -2, 0.3]
      var lambda: real
      var theta: real[2]
      minimize sumsq(theta) over lambda
      where theta minimizes sumsq(X @ theta - y) + exp(lambda) * sumsq(theta)`);
    // theta = (XᵀX + e I)⁻¹ Xᵀy with e = exp(lambda); d|theta|²/dlambda = −2 e θᵀ (XᵀX + e I)⁻¹ θ
    const e = Math.exp(0.4);
    const [a, c, d] = [10.25 + e, -0.9, 5.04 + e];
    const [p, q] = [1 - 6 + 0.15, 2 + 2 + 0.06];
    const determinant = a * d - c * c;
    const solve = (u: number, v: number): [number, number] => [
      (d * u - c * v) / determinant,
      (a * v - c * u) / determinant,
    ];
    const theta = solve(p, q);
    const back = solve(...theta);
    const { value, gradient, lower } = problem.gradient({ lambda: 0.4 });
    expect(lower.theta).toEqual([expect.closeTo(theta[0], 14), expect.closeTo(theta[1], 14)]);
    expect(value).toBeCloseTo(theta[0] ** 2 + theta[1] ** 2, 14);
    expect(gradient.lambda).toBeCloseTo(-2 * e * (theta[0] * back[0] + theta[1] * back[1]), 13);
  });

  it("goes through clauses that answer each other, in a chain and in an equilibrium", async () => {
    // A chain: y = u, z = y² + u, f = z, df/du = 2u + 1.
    const chain = await prepared(`
      var u: real
      var y: real
      var z: real
      minimize z over u
      where z minimizes (z - y^2 - u)^2
      and y minimizes (y - u)^2`);
    expect(chain.gradient({ u: 0.7 }).gradient.u).toBeCloseTo(2.4, 12);
    // An equilibrium: y = (z + u) / 2, z = (y − u) / 2, so y = u/3, z = −u/3 and f = y − z = 2u/3.
    const equilibrium = await prepared(`
      var u: real
      var y: real
      var z: real
      minimize y - z over u
      where y minimizes (2 * y - z - u)^2
      and z minimizes (2 * z - y + u)^2`);
    const { gradient, lower } = equilibrium.gradient({ u: 0.9 });
    expect(lower).toEqual({ y: expect.closeTo(0.3, 12), z: expect.closeTo(-0.3, 12) });
    expect(gradient.u).toBeCloseTo(2 / 3, 12);
  });

  it("goes through levels below levels", async () => {
    // z = y + u, so y minimizes (y - 1)² + (y + u)²: y = (1 − u)/2, z = (1 + u)/2, and f = y² + 3z.
    const two = await prepared(`
      var u: real
      var y: real
      var z: real
      minimize y^2 + 3 * z over u
      where y minimizes (y - 1)^2 + z^2
      where z minimizes (z - y - u)^2`);
    const { gradient, lower } = two.gradient({ u: 0.3 });
    expect(lower).toEqual({ y: expect.closeTo(0.35, 12), z: expect.closeTo(0.65, 12) });
    expect(gradient.u).toBeCloseTo(1.15, 12);
    // Three levels: z = y, y minimizes (y − x)² + z² so y = z = x/2, x minimizes (x − u)² + y² so x = 4u/5.
    const three = await prepared(`
      var u: real
      var x: real
      var y: real
      var z: real
      minimize x + 2 * y + 4 * z over u
      where x minimizes (x - u)^2 + z^2
      where y minimizes (y - x)^2 + z^2
      where z minimizes exp(z - y) - z`);
    const deep = three.gradient({ u: 1.5 });
    expect(deep.lower).toEqual({ x: expect.closeTo(1.2, 10), y: expect.closeTo(0.6, 10), z: expect.closeTo(0.6, 10) });
    expect(deep.gradient.u).toBeCloseTo(0.8 + 0.8 + 1.6, 9);
  });

  it("solves one problem per index as one batch", async () => {
    const tasks = await prepared(`
      let a = [[1, 2, 4], [0, 1, -1]]
      let b = [1, 2]
      var w: real
      var v[t in 2]: real
      minimize E[t in 2](b[t] * v[t]) over w
      where v[t] minimizes mean((v[t] - a[t, :])^2) + exp(w) * v[t]^2`);
    // v = mean(a) / (1 + e), so f = ½ (7/3 + 0) / (1 + e).
    const e = Math.exp(0.2);
    const { value, gradient, lower } = tasks.gradient({ w: 0.2 });
    expect(lower.v).toEqual([expect.closeTo(7 / 3 / (1 + e), 12), expect.closeTo(0, 12)]);
    expect(value).toBeCloseTo(7 / 6 / (1 + e), 12);
    expect(gradient.w).toBeCloseTo((-7 / 6) * (e / (1 + e) ** 2), 12);
    expect(tasks.plan.blocks[0]?.facts.form).toMatchObject({ kind: "diagonal", separate: [0] });
  });

  it("keeps the author's sign and needs no adjoint where the levels share their objective", async () => {
    const minmax = await prepared(`
      var x: real
      var y: real
      minimize x * y - y^2 + x^2 over x
      where y maximizes x * y - y^2 + x^2`);
    // y = x/2, so f = x²/4 + x².
    const { value, gradient, residuals } = minmax.gradient({ x: 2 });
    expect([value, gradient.x]).toEqual([expect.closeTo(5, 12), expect.closeTo(5, 12)]);
    expect(residuals.adjoint).toBe(0);
    expect(minmax.plan.blocks[0]?.adjoint.solver).toBe("none");
  });

  it("is the plain gradient without a lower level, and empty without an upper one", async () => {
    const plain = await prepared("var w: real[2]\nminimize sum(exp(w)) over w");
    expect(plain.gradient({ w: [0, 1] }).gradient.w).toEqual([1, expect.closeTo(Math.E, 14)]);
    const lower = await prepared("var y: real\nwhere y minimizes (y - 3)^2 + 1\nreport twice = 2 * y");
    const result = await lower.solve();
    expect(result).toMatchObject({ status: "converged", value: 1, lower: { y: 3 }, reports: { twice: 6 }, upper: {} });
  });

  it("is the same by every adjoint solver that solves, and shows its residual by those that approximate", async () => {
    const source = `
      let X = [[1, 2, 0], [3, -1, 1], [0.5, 0.2, 2], [1, 1, 1]]
      var lambda: real
      var theta: real[3]
      minimize sum(theta) over lambda
      where theta minimizes mean(logcosh(X @ theta - 1)) + exp(lambda) * sumsq(theta)`;
    const reference = (await prepared(source)).gradient({ lambda: -1 });
    for (const solver of ["cholesky", "lu", "cg", "minres", "gmres", "lbfgs", "gd"]) {
      const problem = await prepared(source, { options: new Map([["adjoint", word(solver)]]) });
      const answer = problem.gradient({ lambda: -1 });
      expect(answer.gradient.lambda, solver).toBeCloseTo(reference.gradient.lambda as number, 9);
      expect(answer.warnings, solver).toEqual([]);
    }
    for (const solver of [word("neumann", { terms: 3 }), word("identity")]) {
      const problem = await prepared(source, { options: new Map([["adjoint", solver]]) });
      const answer = problem.gradient({ lambda: -1 });
      expect(answer.residuals.adjoint).toBeGreaterThan(1e-3);
      expect(answer.warnings[0]?.message).toContain("the adjoint of theta");
      expect(answer.complete).toBe(true);
    }
  });

  it("is the same by every inner solver", async () => {
    const source = (loss: string) => `
      let X = [[1, 2, 0], [3, -1, 1], [0.5, 0.2, 2], [1, 1, 1]]
      var lambda: real
      var theta: real[3]
      minimize sum(theta) over lambda
      where theta minimizes mean(${loss}) + exp(lambda) * sumsq(theta)`;
    const quadratic = source("(X @ theta - 1)^2");
    const general = source("logcosh(X @ theta - 1)");
    for (const [text, solvers] of [
      [quadratic, ["cholesky", "cg", "newton", "lbfgs", "gd"]],
      [general, ["newton", "lbfgs", "gd"]],
    ] as const) {
      const reference = (await prepared(text)).gradient({ lambda: -1 });
      for (const solver of solvers) {
        const answer = (await prepared(text, { options: new Map([["inner", word(solver)]]) })).gradient({ lambda: -1 });
        expect(answer.gradient.lambda, solver).toBeCloseTo(reference.gradient.lambda as number, 8);
        expect(answer.complete, solver).toBe(true);
      }
    }
  });

  it("stays right at a condition number of 1e8", async () => {
    const problem = await prepared(`
      let scale = [1e4, 1, 1e-2, 1e2]
      let Q = [[0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5], [0.5, 0.5, -0.5, -0.5], [0.5, -0.5, -0.5, 0.5]]
      var u: real[4]
      var y: real[4]
      minimize sum(y) over u
      where y minimizes 0.5 * sumsq(sqrt(scale) * (Q @ y)) - y @ u`);
    // y = Q diag(1/scale) Q u, so the gradient is Q diag(1/scale) Q 1 = (1/1e4 ...): Q 1 = (2, 0, 0, 0).
    const { gradient } = problem.gradient({ u: [1, 2, 3, 4] });
    for (const entry of gradient.u as number[]) expect(entry).toBeCloseTo(1e-4, 11);
  });

  it("does not lose naive forms at a thousand", async () => {
    const problem = await prepared(`
      var a: real
      var y: real
      minimize log(1 + exp(y)) + log(1 + exp(-y)) over a
      where y minimizes (y - a)^2`);
    for (const a of [1000, -1000]) {
      const { value, gradient } = problem.gradient({ a });
      expect(value).toBe(1000);
      expect(gradient.a).toBeCloseTo(Math.sign(a), 14);
    }
  });
});

describe("refusals", () => {
  const cases: readonly [string, string, string][] = [
    [
      "a flat direction",
      "var a: real\nvar y: real[2]\nminimize sum(y) over a\nwhere y minimizes (y[0] + y[1] - a)^2",
      "singular-lower-level",
    ],
    [
      "an unbounded quadratic",
      "var a: real\nvar y: real\nminimize y over a\nwhere y minimizes a * y - y^2",
      "unbounded-lower-level",
    ],
    [
      "a lower level that is not curved",
      "var a: real\nvar y: real\nminimize y over a\nwhere y minimizes a * y",
      "not-curved",
    ],
    ["a maximum", "var a: real\nvar y: real\nminimize y over a\nwhere y minimizes cos(y) + 0 * a", "not-a-minimum"],
    [
      "a kink",
      "var a: real\nvar y: real\nminimize y over a\nwhere y minimizes abs(sin(y)) + (y - a)^2",
      "non-smooth-lower-level",
    ],
    [
      "a value that is not finite",
      "var a: real\nvar y: real\nminimize log(y) over a\nwhere y minimizes (y - a + 1)^2",
      "not-finite",
    ],
    [
      "a set of weights",
      "network f: real[2] -> real = linear()\nvar w: weights(f) in ball(1)\nminimize (f([1, 2]; w) - 3)^2 over w",
      "not-derived-yet",
    ],
  ];
  for (const [name, source, code] of cases) {
    it(`says ${code} for ${name}`, async () => {
      const [diagnostic] = await refusals(source);
      expect(diagnostic).toMatchObject({ code, severity: "refusal" });
    });
  }

  it("looks at the curvature where no adjoint is solved, too", async () => {
    // min-max with the inner level at a minimum of what it maximizes.
    const [diagnostic] = await refusals(
      "var x: real\nvar y: real\nminimize cos(y) + x^2 over x\nwhere y minimizes cos(y) + x^2",
    );
    expect(diagnostic).toMatchObject({ code: "not-a-minimum" });
  });

  it("counts the flat directions, and lets the author consent to damping", async () => {
    const source = "var a: real\nvar y: real[3]\nminimize sum(y) over a\nwhere y minimizes (sum(y) - a)^2";
    const [diagnostic] = await refusals(source);
    expect(diagnostic?.message).toContain("2 flat directions");
    const options = new Map([["adjoint", word("cholesky", { damping: 1e-6 })]]);
    const { warnings } = (await prepared(source, { options })).gradient({ a: 1 });
    expect(warnings.some((warning) => warning.message.includes("damped"))).toBe(true);
  });

  describe("of robust regression", () => {
    const number = fc.double({ min: -2, max: 2, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
    const data = fc.record({
      X: fc.array(fc.array(number, { minLength: 3, maxLength: 3 }), { minLength: 8, maxLength: 8 }),
      y: fc.array(
        number.map((x) => (x > 1 ? 50 * x : x)),
        { minLength: 8, maxLength: 8 },
      ),
      rho: number,
      delta: number,
    });
    const source = (X: number[][], y: number[]) => `
      let X = ${matrixText(X)}
      let y = [${y.join(", ")}]
      var rho: real
      var delta: real
      var theta: real[3]`;

    it("agrees with finite differences", async () => {
      await fc.assert(
        fc.asyncProperty(data, async ({ X, y, rho, delta }) => {
          const problem = await prepared(`${source(X, y)}
            minimize mean(logcosh(X @ theta - y)) over rho, delta
            where theta minimizes mean(huber(X @ theta - y, delta: exp(delta))) + exp(rho) * sumsq(theta)`);
          const check = problem.gradcheck({ rho, delta });
          expect(check.residuals.inner).toBeLessThan(1e-11);
          expect(check.worst, JSON.stringify(check.rows)).toBeLessThan(1e-6);
        }),
        { numRuns: 30 },
      );
    }, 30_000);

    it("agrees with finite differences under constraints and in an equilibrium", async () => {
      const X = [
        [1, 2, 0.5],
        [-1, 0.3, 2],
        [0.7, -2, 1],
        [2, 0.1, -1],
      ];
      const y = [3, -40, 0.2, 1];
      const bound = await prepared(`${source(X, y)}
        minimize sumsq(theta) over rho, delta
        where theta minimizes mean(huber(X @ theta - y, delta: exp(delta))) + 0.1 * sumsq(theta)
          subject to sum(theta) == exp(rho), theta[0] <= 0.2`);
      expect(bound.gradcheck({ rho: -0.5, delta: 0.3 }).worst).toBeLessThan(1e-6);
      const game = await prepared(`${source(X, y)}
        var c: real
        minimize sumsq(theta) + c^2 over rho, delta
        where theta minimizes mean(huber(X @ theta - y - c, delta: exp(delta))) + exp(rho) * sumsq(theta)
        and   c minimizes (c - sum(theta) / 3)^2 + huber(c)`);
      expect(game.gradcheck({ rho: -0.5, delta: 0.3 }).worst).toBeLessThan(1e-6);
    });

    it("is found from where no residual has curvature", async () => {
      const problem = await prepared(`
        let X = [[1, 2], [3, 4], [0, 1], [5, -3]]
        let y = [100, 50, -80, 3000]
        var w: real
        var theta: real[2]
        minimize sumsq(theta) over w
        where theta minimizes mean(huber(X @ theta - y - w))`);
      const { residuals } = problem.gradient({ w: 0.5 });
      expect(residuals.inner).toBeLessThan(1e-11);
    });
  });
});
