import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Engine, Vector } from "../../runtime/engine/engine.ts";
import { innerStopping, newtonStopping, outerStopping } from "../../runtime/solve/defaults.ts";
import { adam } from "../../runtime/solve/minimise/adam.ts";
import { gradientDescent } from "../../runtime/solve/minimise/gradient-descent.ts";
import { lbfgs } from "../../runtime/solve/minimise/lbfgs.ts";
import { type Curvature, newton } from "../../runtime/solve/minimise/newton.ts";
import { scheduleOf } from "../../runtime/solve/schedule.ts";
import type { Stopping } from "../../runtime/solve/stopping.ts";
import { type Minimisation, type Objective, runToEnd } from "../../runtime/solve/types.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import {
  generator,
  logistic,
  objective,
  product,
  quadratic,
  randomVector,
  rosenbrock,
  type SmoothProblem,
  symmetricMatrix,
  vector,
} from "./problems.ts";

const engine = createPlainEngine();
const zeros = (n: number): Vector => vector(engine, new Float64Array(n));

type Minimiser = (engine: Engine, objective: Objective, x: Vector, options: Stopping) => Minimisation;

const logSpaced = (n: number, condition: number): number[] =>
  Array.from({ length: n }, (_, i) => condition ** (-i / (n - 1)));

/** Σ (xᵢ − i)⁴ / 4 + (xᵢ − i)² / 2000, almost flat at its minimiser. */
const quartic: SmoothProblem = {
  objective: objective(engine, 6, (x) => {
    const d = x.map((xi, i) => xi - i);
    return [d.reduce((sum, t) => sum + t ** 4 / 4 + t ** 2 / 2000, 0), d.map((t) => t ** 3 + t / 1000)];
  }),
  hessian: (x) =>
    Float64Array.from({ length: 36 }, (_, k) => (k % 7 === 0 ? 3 * ((x[k / 7] as number) - k / 7) ** 2 + 1e-3 : 0)),
};

const factorised = (hessian: (x: Float64Array) => Float64Array): Curvature => ({
  kind: "factorised",
  factorise: (x, shift) => {
    const n = x.length;
    const h = hessian(engine.read(x)).map((entry, k) => (k % (n + 1) === 0 ? entry + shift : entry));
    const matrix = vector(engine, h);
    const factorisation = engine.cholesky(matrix, n, 1);
    engine.release(matrix);
    return factorisation;
  },
});
const products = (hessian: (x: Float64Array) => Float64Array): Curvature => ({
  kind: "products",
  apply: (x, v, out) => engine.write(out, product(hessian(engine.read(x)), engine.read(v))),
});

const rosenbrockHessian =
  (n: number) =>
  (x: Float64Array): Float64Array => {
    const h = new Float64Array(n * n);
    const put = (i: number, j: number, value: number): void => {
      h[i * n + j] = (h[i * n + j] as number) + value;
    };
    for (let i = 0; i + 1 < n; i++) {
      const [xi, next] = [x[i] as number, x[i + 1] as number];
      put(i, i, 1200 * xi * xi - 400 * next + 2);
      put(i, i + 1, -400 * xi);
      put(i + 1, i, -400 * xi);
      put(i + 1, i + 1, 200);
    }
    return h;
  };

describe("Newton", () => {
  for (const [name, curvature] of Object.entries({ factorised, products })) {
    describe(name, () => {
      it("solves a quadratic in one step when factorised, condition number 1e8", () => {
        const random = generator(1);
        const a = symmetricMatrix(logSpaced(20, 1e8), random);
        const b = randomVector(20, random);
        const f = quadratic(engine, a, b);
        const outcome = runToEnd(
          newton(engine, f, zeros(20), { ...newtonStopping, tolerance: 1e-8, curvature: curvature(() => a) }),
        );
        expect(outcome).toMatchObject({ status: "converged" });
        if (name === "factorised") expect(outcome.iterations).toBeLessThanOrEqual(2);
      });
      it("minimises a logistic loss from far away to the rounding floor", () => {
        const { objective: f, hessian } = logistic(engine, 60, 5, 1e-4, 10, 2);
        for (const start of [0, 30, -100]) {
          const x = vector(engine, new Float64Array(5).fill(start));
          const outcome = runToEnd(newton(engine, f, x, { ...newtonStopping, curvature: curvature(hessian) }));
          expect(outcome).toMatchObject({ status: "converged" });
          expect(outcome.stationarity).toBeLessThan(1e-10);
          expect(outcome.iterations).toBeLessThan(40);
        }
      });
      it("converges on an almost flat quartic", () => {
        const x = vector(engine, [50, -50, 3, 100, 0, 5]);
        const outcome = runToEnd(
          newton(engine, quartic.objective, x, { ...newtonStopping, curvature: curvature(quartic.hessian) }),
        );
        expect(outcome.status).toBe("converged");
        engine.read(x).forEach((xi, i) => {
          expect(xi).toBeCloseTo(i, 6);
        });
      });
      it("passes through negative curvature to Rosenbrock's minimum", () => {
        const x = vector(engine, [-1.2, 1, -1.2, 1, 2, 0]);
        const f = rosenbrock(engine, 6);
        const outcome = runToEnd(
          newton(engine, f, x, { ...newtonStopping, curvature: curvature(rosenbrockHessian(6)) }),
        );
        expect(outcome.status).toBe("converged");
        expect(outcome.gradientNorm).toBeLessThan(1e-8);
      });
    });
  }
  it("handles a singular Hessian", () => {
    const a = symmetricMatrix([2, 1, 0], generator(12));
    const b = product(a, Float64Array.of(1, 2, 3));
    const outcome = runToEnd(
      newton(engine, quadratic(engine, a, b), zeros(3), { ...newtonStopping, curvature: factorised(() => a) }),
    );
    expect(outcome.status).toBe("converged");
  });
  it("recognises the rounding floor of an offset objective without a gradient scale", () => {
    const f = objective(engine, 1, ([x = 0]) => [1e8 + (x - 3) ** 2, [2 * (x - 3)]]);
    const x = vector(engine, [2.9999999]);
    const outcome = runToEnd(
      newton(engine, f, x, { ...newtonStopping, curvature: factorised(() => Float64Array.of(2)) }),
    );
    expect(outcome.status).toBe("converged");
    expect(engine.read(x)[0]).toBeCloseTo(3, 14);
  });
});

describe("L-BFGS", () => {
  it("minimises quadratics of condition number up to 1e8", () => {
    for (const condition of [1e2, 1e4, 1e8]) {
      const random = generator(3);
      const a = symmetricMatrix(logSpaced(15, condition), random);
      const f = quadratic(engine, a, product(a, randomVector(15, random)));
      const outcome = runToEnd(lbfgs(engine, f, zeros(15), innerStopping));
      expect(outcome).toMatchObject({ status: "converged" });
      expect(outcome.stationarity).toBeLessThanOrEqual(1e-8);
    }
  });
  it("minimises Rosenbrock's function", () => {
    for (const n of [2, 10, 40]) {
      const x = vector(
        engine,
        Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1)),
      );
      const outcome = runToEnd(lbfgs(engine, rosenbrock(engine, n), x, innerStopping));
      expect(outcome.status).toBe("converged");
      expect(outcome.stationarity).toBeLessThanOrEqual(1e-10);
    }
  });
  it("reaches 1e-10 although the value is lost in rounding", () => {
    const random = generator(4);
    const a = symmetricMatrix(logSpaced(10, 1e3), random);
    const b = randomVector(10, random);
    const plain = quadratic(engine, a, b);
    const offset: Objective = {
      size: 10,
      evaluate: (x, gradient) => {
        const answer = plain.evaluate(x, gradient);
        return answer.ok ? { ok: true, value: answer.value + 1e6 } : answer;
      },
    };
    const outcome = runToEnd(lbfgs(engine, offset, zeros(10), innerStopping));
    expect(outcome).toMatchObject({ status: "converged" });
    expect(outcome.stationarity).toBeLessThanOrEqual(1e-10);
  });
  it("agrees with Newton on a logistic loss", () => {
    const { objective: f, hessian } = logistic(engine, 60, 5, 1e-3, 4, 5);
    const [x, y] = [zeros(5), zeros(5)];
    expect(runToEnd(lbfgs(engine, f, x, innerStopping)).status).toBe("converged");
    runToEnd(newton(engine, f, y, { ...newtonStopping, curvature: factorised(hessian) }));
    const newtonPoint = engine.read(y);
    engine.read(x).forEach((xi, i) => {
      expect(xi).toBeCloseTo(newtonPoint[i] as number, 7);
    });
  });
});

describe("the outer rule", () => {
  const outer = (f: Objective, x: Vector) => runToEnd(lbfgs(engine, f, x, outerStopping));
  it("follows a flat tail until the value is good to 1e-8", () => {
    const f = objective(engine, 1, ([x = 0]) => [0.7 + 3 * Math.exp(x), [3 * Math.exp(x)]]);
    const outcome = outer(f, vector(engine, [-4]));
    expect(outcome.status).toBe("converged");
    expect(outcome.value - 0.7).toBeLessThan(1e-8);
    expect(outcome.iterations).toBeLessThan(60);
  });
  it("does not depend on the unit of the value", () => {
    const counts = [1e-8, 1, 1e8].map((unit) => {
      const f = objective(engine, 2, ([x = 0, y = 0]) => [
        unit * (1 + Math.cosh(x - 2) + (y - x) ** 2),
        [unit * (Math.sinh(x - 2) - 2 * (y - x)), unit * 2 * (y - x)],
      ]);
      const x = vector(engine, [-3, 5]);
      const outcome = outer(f, x);
      expect(outcome.status).toBe("converged");
      expect(engine.read(x)[0]).toBeCloseTo(2, 7);
      return outcome.iterations;
    });
    expect(new Set(counts).size).toBe(1);
  });
  it("is met by a run resumed at the solution", () => {
    const f = objective(engine, 1, ([x = 0]) => [2 + Math.cosh(x - 1), [Math.sinh(x - 1)]]);
    const x = vector(engine, [5]);
    expect(outer(f, x).status).toBe("converged");
    expect(outer(f, x)).toMatchObject({ status: "converged", iterations: 0 });
  });
  it("says stagnated where gradients are too wrong to go on", () => {
    const f = objective(engine, 1, ([x = 0]) => [x ** 2, [-2 * x - 1]]);
    expect(outer(f, vector(engine, [1])).status).toBe("stagnated");
  });
  it("says unbounded, however slowly the value falls", () => {
    const cubic = objective(engine, 1, ([x = 0]) => [-(x ** 3), [-3 * x ** 2]]);
    const line = objective(engine, 1, ([x = 0]) => [1 - x, [-1]]);
    for (const f of [cubic, line]) expect(outer(f, vector(engine, [1])).status).toBe("unbounded");
  });
  it("converges with gradients known to 1e-9 only, or says that it stagnated", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e5 }), (seed) => {
        const random = generator(seed);
        const f = objective(engine, 3, (x) => [
          1 + x.reduce((sum, xi, i) => sum + (i + 1) * (Math.cosh(xi - i) - 1), 0) + 1e-13 * random(),
          x.map((xi, i) => (i + 1) * Math.sinh(xi - i) + 1e-9 * random()),
        ]);
        const outcome = outer(f, zeros(3));
        expect(outcome.status).toBe("converged");
        expect(outcome.value - 1).toBeLessThan(1e-12);
      }),
      { numRuns: 30 },
    );
  });
});

describe("gradient descent", () => {
  it("with its own rates reaches 1e-10 on quadratics", () => {
    for (const condition of [10, 1e3, 1e4]) {
      const random = generator(6);
      const a = symmetricMatrix(logSpaced(12, condition), random);
      const f = quadratic(engine, a, randomVector(12, random));
      expect(runToEnd(gradientDescent(engine, f, zeros(12), innerStopping))).toMatchObject({ status: "converged" });
    }
  });
  it("with its own rates minimises Rosenbrock's function and a quartic", () => {
    const x = vector(engine, [-1.2, 1]);
    expect(runToEnd(gradientDescent(engine, rosenbrock(engine, 2), x, innerStopping)).status).toBe("converged");
    const far = vector(engine, [50, -50, 3, 100, 0, 5]);
    expect(runToEnd(gradientDescent(engine, quartic.objective, far, innerStopping)).status).toBe("converged");
  });
  it("with a rate does exactly what was asked", () => {
    const f = objective(engine, 1, ([x = 0]) => [0.5 * x * x, [x]]);
    const x = vector(engine, [1]);
    const outcome = runToEnd(gradientDescent(engine, f, x, { tolerance: 0, maxIterations: 10, rate: 0.5 }));
    expect(outcome).toMatchObject({ status: "max_iterations", iterations: 10, evaluations: 11 });
    expect(engine.read(x)[0]).toBe(0.5 ** 10);
  });
  it("with a rate takes the same steps by gradients alone, and looks at few values", () => {
    const f = objective(engine, 1, ([x = 0]) => [0.5 * x * x, [x]]);
    let values = 0;
    const counted = {
      ...f,
      evaluate: (x: Vector, gradient: Vector) => {
        values += 1;
        return f.evaluate(x, gradient);
      },
      slope: (x: Vector, gradient: Vector) => void f.evaluate(x, gradient),
    };
    const x = vector(engine, [1]);
    const outcome = runToEnd(gradientDescent(engine, counted, x, { tolerance: 0, maxIterations: 30, rate: 0.5 }));
    expect(outcome).toMatchObject({ status: "max_iterations", iterations: 30, evaluations: 31 });
    expect(engine.read(x)[0]).toBe(0.5 ** 30);
    expect(values).toBe(4);
  });
  it("with a rate that is too large says that it diverged, at a finite point", () => {
    const f = objective(engine, 1, ([x = 0]) => [x ** 4, [4 * x ** 3]]);
    const x = vector(engine, [3]);
    const outcome = runToEnd(gradientDescent(engine, f, x, { tolerance: 1e-10, maxIterations: 1000, rate: 1 }));
    expect(outcome.status).toBe("diverged");
    expect(Number.isFinite(outcome.value)).toBe(true);
  });
});

describe("single precision", () => {
  it("counts a gradient at its own rounding floor as converged", () => {
    const single = createPlainEngine("f32");
    const f = objective(single, 2, ([x = 0, y = 0]) => {
      const gradient = [Math.sinh(x - 1), 3 * (y + 2)].map(Math.fround);
      return [Math.fround(1 + Math.cosh(x - 1) + 1.5 * (y + 2) ** 2), gradient.map((g) => Math.fround(g + 1) - 1)];
    });
    const outcome = runToEnd(lbfgs(single, f, vector(single, [3, 1]), innerStopping));
    expect(outcome.status).toBe("converged");
    expect(outcome.gradientNorm).toBeLessThan(1e-4);
  });
});

describe("Adam", () => {
  it("takes the steps of its paper", () => {
    const f = objective(engine, 2, ([x = 0, y = 0]) => [x * x + 2 * y, [2 * x, 2]]);
    const x = vector(engine, [1, 1]);
    const rate = 0.1;
    const [m, v, expected] = [
      [0, 0],
      [0, 0],
      [1, 1],
    ] as [number[], number[], number[]];
    const machine = adam(engine, f, x, { tolerance: 0, maxIterations: 5, rate });
    machine.next();
    for (let t = 1; t <= 5; t++) {
      [2 * (expected[0] as number), 2].forEach((g, i) => {
        m[i] = 0.9 * (m[i] as number) + 0.1 * g;
        v[i] = 0.999 * (v[i] as number) + 0.001 * g * g;
        const step = (m[i] as number) / (1 - 0.9 ** t) / (Math.sqrt((v[i] as number) / (1 - 0.999 ** t)) + 1e-8);
        expected[i] = (expected[i] as number) - rate * step;
      });
      machine.next();
      engine.read(x).forEach((xi, i) => {
        expect(xi).toBeCloseTo(expected[i] as number, 12);
      });
    }
  });
  it("takes shorter steps as its schedule says", () => {
    const at = (given: Readonly<Record<string, number>>, taken: number): number =>
      scheduleOf(new Map(Object.entries(given)))(taken);
    expect(at({}, 7)).toBe(1);
    expect(at({ decay: 0.5 }, 3)).toBeCloseTo(0.5, 15);
    expect([0, 50, 100, 200].map((t) => at({ cosine: 100 }, t))).toEqual(
      [1, 0.5, 0, 0].map((f) => expect.closeTo(f, 15)),
    );
    expect([9, 10, 25].map((t) => at({ drop_every: 10, drop: 0.5 }, t))).toEqual([1, 0.5, 0.25]);
    expect(at({ drop_every: 10, decay: 1 }, 10)).toBeCloseTo(0.1 / 11, 15);
    const x = vector(engine, [0]);
    const options = { tolerance: 0, maxIterations: 3, rate: 0.1, schedule: scheduleOf(new Map([["decay", 1]])) };
    const machine = adam(
      engine,
      objective(engine, 1, ([y = 0]) => [y, [1]]),
      x,
      options,
    );
    for (let step = 0; step <= 3; step += 1) machine.next();
    expect(engine.read(x)[0]).toBeCloseTo(-0.1 * (1 + 1 / 2 + 1 / 3), 7);
  });
  it("approaches the minimiser of a quadratic", () => {
    const x = vector(engine, [5, -5]);
    const a = Float64Array.of(2, 0, 0, 1);
    const outcome = runToEnd(
      adam(engine, quadratic(engine, a, Float64Array.of(2, 1)), x, { ...innerStopping, rate: 0.05 }),
    );
    expect(outcome.gradientNorm).toBeLessThan(1e-3);
  });
});

const minimisers: Readonly<Record<string, Minimiser>> = {
  lbfgs,
  "gradient descent, own rate": gradientDescent,
  "gradient descent": (e, f, x, options) => gradientDescent(e, f, x, { ...options, rate: 0.1 }),
  adam,
  newton: (e, f, x, options) =>
    newton(e, f, x, { ...options, curvature: factorised(() => Float64Array.of(1, 0, 0, 1)) }),
  "truncated newton": (e, f, x, options) =>
    newton(e, f, x, { ...options, curvature: products(() => Float64Array.of(1, 0, 0, 1)) }),
};

describe("all minimisers", () => {
  const bowl = objective(engine, 2, ([x = 0, y = 0]) => [0.5 * (x * x + y * y), [x, y]]);
  for (const [name, minimise] of Object.entries(minimisers)) {
    it(`${name} says so when the start has no value`, () => {
      const nowhere: Objective = {
        size: 2,
        evaluate: () => ({ ok: false, reason: "the lower level did not converge" }),
      };
      const outcome = runToEnd(minimise(engine, nowhere, zeros(2), innerStopping));
      expect(outcome).toMatchObject({ status: "not_evaluable", reason: "the lower level did not converge" });
      const nan = objective(engine, 2, () => [Number.NaN, [0, 0]]);
      expect(runToEnd(minimise(engine, nan, zeros(2), innerStopping)).status).toBe("not_evaluable");
    });
    it(`${name} stops at once where the gradient is zero`, () => {
      const outcome = runToEnd(minimise(engine, bowl, zeros(2), innerStopping));
      expect(outcome).toMatchObject({ status: "converged", iterations: 0, evaluations: 1, stationarity: 0 });
    });
    it(`${name} yields the start and every iterate, and hands back the last`, () => {
      const x = vector(engine, [3, 4]);
      const machine = minimise(engine, bowl, x, { tolerance: 1e-8, maxIterations: 7 });
      const steps: number[] = [];
      let last: { value: number; gradientNorm: number } | undefined;
      let next = machine.next();
      for (; next.done !== true; next = machine.next()) {
        steps.push(next.value.step);
        last = next.value;
        expect(next.value.value).toBe(0.5 * engine.read(x).reduce((sum, xi) => sum + xi * xi, 0));
      }
      expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => i));
      expect(next.value).toMatchObject({
        value: last?.value,
        gradientNorm: last?.gradientNorm,
        iterations: steps.length - 1,
      });
    });
    it(`${name} frees its vectors, when stopped in the middle too`, () => {
      const x = vector(engine, [3, 4]);
      const before = engine.live();
      const machine = minimise(engine, bowl, x, { tolerance: 1e-12, maxIterations: 50 });
      machine.next();
      machine.next();
      machine.return(undefined as never);
      expect(engine.live()).toBe(before);
    });
  }
  for (const name of ["lbfgs", "gradient descent, own rate", "newton", "truncated newton"]) {
    it(`${name} backs off from where there is no value`, () => {
      // log: no value for x ≤ 0, and full first steps lead there.
      const f = objective(engine, 2, ([x = 0, y = 0]) => {
        const outside = x <= 0 || y <= 0;
        return outside
          ? [Number.NaN, [Number.NaN, Number.NaN]]
          : [x + y - Math.log(x) - Math.log(y), [1 - 1 / x, 1 - 1 / y]];
      });
      const x = vector(engine, [20, 0.01]);
      const outcome = runToEnd((minimisers[name] as Minimiser)(engine, f, x, innerStopping));
      expect(outcome.status).toBe("converged");
      for (const xi of engine.read(x)) expect(xi).toBeCloseTo(1, 8);
    });
  }
});
