import { describe, expect, it } from "vitest";
import { rootStopping } from "../../runtime/solve/defaults.ts";
import { type Equations, type Jacobian, root } from "../../runtime/solve/root.ts";
import { runToEnd } from "../../runtime/solve/types.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import { generator, product, vector } from "./problems.ts";

const engine = createPlainEngine();

const equations = (size: number, f: (y: Float64Array) => ArrayLike<number>): Equations => ({
  size,
  evaluate(y, residual) {
    engine.write(residual, f(engine.read(y)));
    return true;
  },
});

const kinds = {
  factorised: (jacobian: (y: Float64Array) => Float64Array): Jacobian => ({
    kind: "factorised",
    factorise: (y, shift) => {
      const n = y.length;
      const j = jacobian(engine.read(y)).map((entry, k) => (k % (n + 1) === 0 ? entry + shift : entry));
      return engine.lu(vector(engine, j), n, 1);
    },
  }),
  products: (jacobian: (y: Float64Array) => Float64Array): Jacobian => ({
    kind: "products",
    apply: (y, v, out) => engine.write(out, product(jacobian(engine.read(y)), engine.read(v))),
  }),
} as const;

describe("Newton's method for equations", () => {
  for (const [name, jacobian] of Object.entries(kinds)) {
    it(`finds the fixed point of y = tanh(W y + b), ${name}`, () => {
      const n = 8;
      const random = generator(21);
      const w = Float64Array.from({ length: n * n }, () => 2 * random());
      const b = Float64Array.from({ length: n }, random);
      const next = (y: Float64Array) => product(w, y).map((wy, i) => Math.tanh(wy + (b[i] as number)));
      const y = vector(engine, new Float64Array(n));
      const outcome = runToEnd(
        root(
          engine,
          equations(n, (x) => next(x).map((t, i) => (x[i] as number) - t)),
          y,
          {
            ...rootStopping,
            jacobian: jacobian((x) => {
              const t = next(x);
              return w.map(
                (entry, k) => (k % (n + 1) === 0 ? 1 : 0) - (1 - (t[Math.floor(k / n)] as number) ** 2) * entry,
              );
            }),
          },
        ),
      );
      expect(outcome).toMatchObject({ status: "converged" });
      const solution = engine.read(y);
      next(solution).forEach((t, i) => {
        expect(t).toBeCloseTo(solution[i] as number, 11);
      });
    });
    it(`is damped far from the solution: atan, ${name}`, () => {
      const y = vector(engine, [20]);
      const outcome = runToEnd(
        root(
          engine,
          equations(1, ([x = 0]) => [Math.atan(x)]),
          y,
          {
            ...rootStopping,
            jacobian: jacobian(([x = 0]) => Float64Array.of(1 / (1 + x * x))),
          },
        ),
      );
      expect(outcome.status).toBe("converged");
      expect(engine.read(y)[0]).toBeCloseTo(0, 12);
    });
    it(`says when there is no root, ${name}`, () => {
      const outcome = runToEnd(
        root(
          engine,
          equations(1, ([x = 0]) => [x * x + 1]),
          vector(engine, [2]),
          {
            ...rootStopping,
            jacobian: jacobian(([x = 0]) => Float64Array.of(2 * x)),
          },
        ),
      );
      expect(outcome.status).toMatch(/stagnated|singular|max_iterations/);
      expect(outcome.residualNorm).toBeGreaterThanOrEqual(1);
    });
  }
  it("says when the start has no value, and frees its vectors", () => {
    const before = engine.live();
    const y = vector(engine, [0]);
    const outcome = runToEnd(
      root(engine, { size: 1, evaluate: () => false }, y, {
        ...rootStopping,
        jacobian: kinds.products(() => Float64Array.of(1)),
      }),
    );
    expect(outcome.status).toBe("not_evaluable");
    expect(engine.live()).toBe(before + 1);
  });
});
