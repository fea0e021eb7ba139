import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Vector } from "../../runtime/engine/engine.ts";
import { bicgstab } from "../../runtime/solve/linear/bicgstab.ts";
import { cg } from "../../runtime/solve/linear/cg.ts";
import { direct } from "../../runtime/solve/linear/direct.ts";
import { gmres } from "../../runtime/solve/linear/gmres.ts";
import { gradientDescent } from "../../runtime/solve/linear/gradient-descent.ts";
import { identity } from "../../runtime/solve/linear/identity.ts";
import { lbfgs } from "../../runtime/solve/linear/lbfgs.ts";
import { minres } from "../../runtime/solve/linear/minres.ts";
import { neumann } from "../../runtime/solve/linear/neumann.ts";
import { largestEigenvalue, spectralRadius } from "../../runtime/solve/linear/spectrum.ts";
import type { LinearOperator, LinearSolver } from "../../runtime/solve/types.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import { generator, operator, product, randomVector, symmetricMatrix, vector } from "./problems.ts";

const engine = createPlainEngine();

const logSpaced = (n: number, condition: number): number[] =>
  Array.from({ length: n }, (_, i) => condition ** (-i / Math.max(1, n - 1)));

function luSolution(a: Float64Array, b: Float64Array): Float64Array {
  const factorisation = engine.lu(vector(engine, a), b.length, 1);
  if (!factorisation.ok) throw new Error("singular");
  const x = vector(engine, b);
  factorisation.factor.solve(x);
  return engine.read(x);
}

const distance = (x: Vector, y: Float64Array): number =>
  Math.hypot(...engine.read(x).map((xi, i) => xi - (y[i] as number)));

function trueResidual(a: Float64Array, b: Float64Array, x: Vector): number {
  const ax = product(a, engine.read(x));
  return Math.hypot(...b.map((bi, i) => bi - (ax[i] as number))) / Math.hypot(...b);
}

const seeds = fc.record({ seed: fc.integer({ min: 1, max: 1e6 }), n: fc.integer({ min: 1, max: 12 }) });

describe("against LU", () => {
  const agrees = (name: string, solver: LinearSolver, matrix: (n: number, random: () => number) => Float64Array) => {
    it(name, () => {
      fc.assert(
        fc.property(seeds, ({ seed, n }) => {
          const random = generator(seed);
          const a = matrix(n, random);
          const b = randomVector(n, random);
          const x = vector(engine, randomVector(n, random));
          const outcome = solver(engine, operator(engine, a), vector(engine, b), x, { tolerance: 1e-11 });
          expect(outcome.status).toBe("converged");
          expect(outcome.residual).toBeCloseTo(trueResidual(a, b, x), 14);
          expect(distance(x, luSolution(a, b))).toBeLessThan(1e-8 * Math.hypot(...b));
        }),
        { numRuns: 40 },
      );
    });
  };
  const definite = (n: number, random: () => number) => symmetricMatrix(logSpaced(n, 100), random);
  const indefinite = (n: number, random: () => number) =>
    symmetricMatrix(
      logSpaced(n, 100).map((mu, i) => (i % 2 === 0 ? mu : -mu)),
      random,
    );
  const general = (n: number, random: () => number) =>
    Float64Array.from({ length: n * n }, (_, i) => random() + (i % (n + 1) === 0 ? 1.5 : 0));
  agrees("conjugate gradients", cg, definite);
  agrees("MINRES, definite", minres, definite);
  agrees("MINRES, indefinite", minres, indefinite);
  agrees("GMRES, symmetric indefinite", gmres, indefinite);
  agrees("GMRES, non-symmetric", gmres, general);
  agrees("BiCGStab, non-symmetric", bicgstab, general);
  agrees("BiCGStab, definite", bicgstab, definite);
  agrees("L-BFGS", lbfgs, definite);
  agrees("gradient descent with its own rate", gradientDescent, definite);
});

describe("ill-conditioned systems, condition number 1e8", () => {
  const random = generator(7);
  const n = 30;
  const a = symmetricMatrix(logSpaced(n, 1e8), random);
  const b = product(a, randomVector(n, random));
  for (const [name, solver] of Object.entries({ cg, minres, gmres } satisfies Record<string, LinearSolver>)) {
    it(`${name} reaches a residual of 1e-10`, () => {
      const x = vector(engine, new Float64Array(n));
      const outcome = solver(engine, operator(engine, a), vector(engine, b), x, {
        tolerance: 1e-10,
        maxIterations: 5000,
      });
      expect(outcome).toMatchObject({ status: "converged" });
      expect(trueResidual(a, b, x)).toBeLessThan(1.01e-10);
    });
  }
  it("an unreachable tolerance is said to be so, with the true residual", () => {
    const hard = randomVector(n, random);
    for (const solver of [cg, minres, gmres] as readonly LinearSolver[]) {
      const x = vector(engine, new Float64Array(n));
      const outcome = solver(engine, operator(engine, a), vector(engine, hard), x, {
        tolerance: 1e-15,
        maxIterations: 5000,
      });
      expect(outcome.status).toMatch(/stagnated|max_iterations/);
      expect(outcome.residual).toBeCloseTo(trueResidual(a, hard, x), 12);
      expect(outcome.residual).toBeLessThan(1e-4);
    }
  });
});

describe("conjugate gradients", () => {
  it("terminates in as many steps as there are distinct eigenvalues", () => {
    const random = generator(3);
    for (const distinct of [1, 2, 5]) {
      const a = symmetricMatrix(
        Array.from({ length: 15 }, (_, i) => 1 + (i % distinct)),
        random,
      );
      const x = vector(engine, new Float64Array(15));
      const outcome = cg(engine, operator(engine, a), vector(engine, randomVector(15, random)), x, {
        tolerance: 1e-10,
      });
      expect(outcome).toMatchObject({ status: "converged", iterations: distinct });
    }
  });
  it("takes two steps with a preconditioner that leaves two distinct eigenvalues", () => {
    const random = generator(12);
    const a = symmetricMatrix(logSpaced(30, 1e6), random);
    const inverse = engine.cholesky(vector(engine, a), 30, 1);
    if (!inverse.ok) throw new Error("not positive definite");
    // M⁻¹ = A⁻¹ + A⁻¹ c cᵀ A⁻¹, so that M⁻¹ A is the identity but for one direction.
    const c = vector(engine, randomVector(30, random));
    inverse.factor.solve(c);
    const preconditioner = (r: Vector, out: Vector): void => {
      engine.copy(r, out);
      inverse.factor.solve(out);
      engine.axpy(engine.dot(c, r), c, out);
    };
    const b = randomVector(30, random);
    const x = vector(engine, new Float64Array(30));
    const outcome = cg(engine, operator(engine, a), vector(engine, b), x, { tolerance: 1e-8, preconditioner });
    expect(outcome).toMatchObject({ status: "converged", iterations: 2 });
    expect(trueResidual(a, b, x)).toBeLessThan(1e-8);
  });

  it("reports negative curvature and its direction", () => {
    const random = generator(4);
    const a = symmetricMatrix([3, 2, 1, -0.5], random);
    const direction = engine.allocate(4);
    const x = vector(engine, new Float64Array(4));
    const outcome = cg(engine, operator(engine, a), vector(engine, randomVector(4, random)), x, { direction });
    const d = engine.read(direction);
    const dad = product(a, d).reduce((sum, adi, i) => sum + adi * (d[i] as number), 0);
    expect(outcome.status).toBe("indefinite");
    expect(dad).toBeLessThan(0);
    expect(outcome.curvature).toBeCloseTo(dad / Math.hypot(...d) ** 2, 10);
    expect(engine.read(x).every(Number.isFinite)).toBe(true);
  });
  it("says that a singular system without a solution is not positive definite", () => {
    const random = generator(5);
    const a = symmetricMatrix([2, 1, 0], random);
    const outcome = cg(engine, operator(engine, a), vector(engine, randomVector(3, random)), vector(engine, [0, 0, 0]));
    expect(outcome.status).toMatch(/indefinite|stagnated/);
    expect(outcome.residual).toBeGreaterThan(1e-3);
  });
  it("solves a consistent singular system", () => {
    const random = generator(6);
    const a = symmetricMatrix([4, 2, 1, 0, 0], random);
    const b = product(a, randomVector(5, random));
    const x = vector(engine, new Float64Array(5));
    expect(cg(engine, operator(engine, a), vector(engine, b), x, { tolerance: 1e-12 }).status).toBe("converged");
  });
});

describe("MINRES", () => {
  it("stops at a least-squares solution where there is none better", () => {
    const random = generator(8);
    const a = symmetricMatrix([3, -2, 1, 0], random);
    const b = randomVector(4, random);
    const x = vector(engine, new Float64Array(4));
    const outcome = minres(engine, operator(engine, a), vector(engine, b), x);
    const r = b.map((bi, i) => bi - (product(a, engine.read(x))[i] as number));
    expect(outcome.status).toBe("stagnated");
    expect(Math.hypot(...product(a, r))).toBeLessThan(1e-8);
  });
});

describe("BiCGStab", () => {
  it("begins again where its recurrence breaks down: a skew-symmetric matrix", () => {
    const a = Float64Array.of(0, 1, -1, 0);
    const x = vector(engine, [0, 0]);
    const outcome = bicgstab(engine, operator(engine, a), vector(engine, [1, 2]), x);
    expect(outcome.residual).toBeCloseTo(trueResidual(a, Float64Array.of(1, 2), x), 14);
    expect(outcome.status).toMatch(/converged|stagnated/);
  });
  it("says that a singular system without a solution has none", () => {
    const a = Float64Array.of(1, 2, 2, 4);
    const x = vector(engine, [0, 0]);
    const outcome = bicgstab(engine, operator(engine, a), vector(engine, [1, 0]), x);
    expect(outcome.status).toMatch(/stagnated|max_iterations/);
    expect(outcome.residual).toBeGreaterThan(0.1);
    expect(engine.read(x).every(Number.isFinite)).toBe(true);
  });
  it("says that the operator has no finite value", () => {
    const x = vector(engine, [0]);
    const outcome = bicgstab(engine, operator(engine, Float64Array.of(Number.NaN)), vector(engine, [1]), x);
    expect(outcome.status).toBe("breakdown");
  });
});

describe("the spectral radius", () => {
  it.each([
    ["one eigenvalue", [0.5], 0.5],
    ["a real pair of opposite signs", [0.9, 0, 0, -0.9], 0.9],
    ["a complex pair", [0.3, -0.6, 0.6, 0.3], Math.hypot(0.3, 0.6)],
    ["not symmetric", [0.5, 100, 0, 0.25], 0.5],
    ["nilpotent", [0, 1, 0, 0], 0],
    ["zero", [0, 0, 0, 0], 0],
  ] as const)("%s", (_, matrix, wanted) => {
    expect(spectralRadius(engine, operator(engine, Float64Array.from(matrix)), 60)).toBeCloseTo(wanted, 6);
  });
  it("has none where the operator is not finite", () => {
    expect(spectralRadius(engine, operator(engine, Float64Array.of(Number.NaN)), 60)).toBeNaN();
  });
});

describe("Neumann series", () => {
  it("has the error (1 − rate μ)^(K+1) along every eigenvector, exactly", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.double({ min: 0.05, max: 1.5, noNaN: true }), (terms, rate) => {
        const spectrum = [1, 0.5, 0.1];
        const a = Float64Array.from({ length: 9 }, (_, i) => (i % 4 === 0 ? (spectrum[i / 4] as number) : 0));
        const b = [1, -2, 3];
        const x = vector(engine, [9, 9, 9]);
        const outcome = neumann(engine, operator(engine, a), vector(engine, b), x, { terms, rate });
        engine.read(x).forEach((xi, i) => {
          const [mu, solution] = [spectrum[i] as number, (b[i] as number) / (spectrum[i] as number)];
          expect(xi).toBeCloseTo(solution * (1 - (1 - rate * mu) ** (terms + 1)), 10);
        });
        expect(outcome.iterations).toBe(terms);
      }),
    );
  });
  it("says that it diverges", () => {
    const outcome = neumann(engine, operator(engine, Float64Array.of(3)), vector(engine, [1]), vector(engine, [0]), {
      rate: 1,
    });
    expect(outcome.status).toBe("diverged");
  });
});

describe("gradient descent", () => {
  it("says that it diverges", () => {
    const a = operator(engine, Float64Array.of(3));
    expect(gradientDescent(engine, a, vector(engine, [1]), vector(engine, [0]), { rate: 1 }).status).toBe("diverged");
  });
  it("finds the largest eigenvalue", () => {
    const a = symmetricMatrix([7, 3, 2, 1], generator(9));
    expect(largestEigenvalue(engine, operator(engine, a), 60)).toBeCloseTo(7, 10);
    expect(largestEigenvalue(engine, operator(engine, new Float64Array(9)))).toBe(0);
  });
});

describe("L-BFGS", () => {
  it("says that a matrix is indefinite", () => {
    const a = operator(engine, Float64Array.of(1, 0, 0, -1));
    expect(lbfgs(engine, a, vector(engine, [1, 1]), vector(engine, [0, 0])).status).toBe("indefinite");
  });
});

describe("identity", () => {
  it("copies the right-hand side and says what that costs", () => {
    const x = vector(engine, [0, 0]);
    const outcome = identity(engine, operator(engine, Float64Array.of(2, 0, 0, 1)), vector(engine, [3, 4]), x);
    expect([...engine.read(x)]).toEqual([3, 4]);
    expect(outcome).toMatchObject({ status: "max_iterations", residual: 3 / 5 });
  });
});

describe("direct solves with refinement", () => {
  const random = generator(11);
  const a = Float64Array.from({ length: 64 }, (_, i) => random() + (i % 9 === 0 ? 2 : 0));
  const transpose = a.map((_, i) => a[(i % 8) * 8 + Math.floor(i / 8)] as number);
  const b = randomVector(8, random);
  const factor = (matrix: Float64Array) => {
    const factorisation = engine.lu(vector(engine, matrix), 8, 1);
    if (!factorisation.ok) throw new Error("singular");
    return factorisation.factor;
  };
  it("solve to rounding, transposed too", () => {
    for (const [matrix, transposed] of [
      [a, false],
      [transpose, true],
    ] as const) {
      const x = vector(engine, b);
      const outcome = direct(factor(a), transposed)(engine, operator(engine, matrix), vector(engine, b), x);
      expect(outcome.status).toBe("converged");
      expect(trueResidual(matrix, b, x)).toBeLessThan(1e-13);
    }
  });
  it("correct a factor that is slightly off", () => {
    const off = a.map((entry) => entry * (1 + 1e-6 * random()));
    const x = vector(engine, b);
    const outcome = direct(factor(off))(engine, operator(engine, a), vector(engine, b), x);
    expect(outcome).toMatchObject({ status: "converged" });
    expect(outcome.iterations).toBeGreaterThan(0);
  });
  it("take a correction back that makes it worse", () => {
    const wrong = a.map((entry) => -entry);
    const x = vector(engine, b);
    const outcome = direct(factor(wrong))(engine, operator(engine, a), vector(engine, b), x);
    expect(outcome).toMatchObject({ status: "stagnated" });
    expect(outcome.residual).toBeCloseTo(2, 10);
  });
});

describe("all linear solvers", () => {
  const solvers: Readonly<Record<string, LinearSolver>> = {
    cg,
    minres,
    gmres,
    lbfgs,
    gradientDescent,
    neumann,
    identity,
  };
  for (const [name, solver] of Object.entries(solvers)) {
    it(`${name} reports a breakdown where the operator is not finite, and never throws`, () => {
      const broken: LinearOperator = { size: 3, apply: (_, out) => engine.fill(out, Number.NaN) };
      expect(solver(engine, broken, vector(engine, [1, 2, 3]), vector(engine, [0, 0, 0])).status).toBe("breakdown");
    });
    it(`${name} answers 0 for a right-hand side of 0`, () => {
      const x = vector(engine, [0, 0]);
      const outcome = solver(engine, operator(engine, Float64Array.of(2, 0, 0, 1)), vector(engine, [0, 0]), x);
      expect(outcome).toMatchObject({ status: "converged", residual: 0 });
      expect([...engine.read(x)]).toEqual([0, 0]);
    });
    it(`${name} releases what it allocates and keeps the right-hand side`, () => {
      const b = vector(engine, [1, 2]);
      const x = vector(engine, [0, 0]);
      const a = operator(engine, Float64Array.of(2, 1, 1, 3));
      const before = engine.live();
      solver(engine, a, b, x);
      expect(engine.live()).toBe(before);
      expect([...engine.read(b)]).toEqual([1, 2]);
    });
  }
});
