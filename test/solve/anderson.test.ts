import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AndersonOptions, anderson } from "../../runtime/solve/anderson.ts";
import { fixedPointStopping } from "../../runtime/solve/defaults.ts";
import type { Equations } from "../../runtime/solve/root.ts";
import { runToEnd } from "../../runtime/solve/types.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import { generator, product, randomVector, vector } from "./problems.ts";

const engine = createPlainEngine();

type Map = (y: Float64Array) => Float64Array;

/** R = y − F(y) */
const fixedPoint = (size: number, map: Map): Equations => ({
  size,
  evaluate(y, residual) {
    const at = engine.read(y);
    const image = map(at);
    engine.write(
      residual,
      at.map((yi, i) => yi - (image[i] as number)),
    );
    return image.every(Number.isFinite);
  },
});

const solve = (map: Map, start: readonly number[], options: Partial<AndersonOptions> = {}) => {
  const y = vector(engine, start);
  const outcome = runToEnd(anderson(engine, fixedPoint(start.length, map), y, { ...fixedPointStopping, ...options }));
  return { ...outcome, y: engine.read(y) };
};

const zeros = (n: number): number[] => Array<number>(n).fill(0);

/** tanh(W y + b) with rows of W of absolute sum `factor`: a contraction in the largest entry. */
function contraction(n: number, factor: number, seed: number): Map {
  const random = generator(seed);
  const w = Float64Array.from({ length: n * n }, random);
  for (let i = 0; i < n; i++) {
    const row = w.subarray(i * n, (i + 1) * n);
    const sum = row.reduce((total, x) => total + Math.abs(x), 0);
    for (let j = 0; j < n; j++) row[j] = (factor * (row[j] as number)) / sum;
  }
  const b = randomVector(n, random);
  return (y) => product(w, y).map((wy, i) => Math.tanh(wy + (b[i] as number)));
}

describe("Anderson acceleration", () => {
  it("finds the fixed point of random contractions, in no more steps than plain iteration, with any memory", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 10 }),
        fc.double({ min: 0.1, max: 0.95, noNaN: true }),
        fc.integer({ min: 1, max: 8 }),
        (seed, n, factor, memory) => {
          const map = contraction(n, factor, seed);
          const plain = solve(map, zeros(n), { memory: 0 });
          const accelerated = solve(map, zeros(n), { memory });
          for (const { status, y } of [plain, accelerated]) {
            expect(status).toBe("converged");
            map(y).forEach((image, i) => {
              expect(image).toBeCloseTo(y[i] as number, 10);
            });
          }
          expect(accelerated.iterations).toBeLessThanOrEqual(plain.iterations + 10);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("ends on a linear map of n unknowns after n + 1 steps, as GMRES does", () => {
    const a = [0.9, 0.3, 0, 0.1, -0.5, 0.2, 0.4, 0, 0.7];
    const map: Map = (y) => product(Float64Array.from(a), y).map((x, i) => x + i + 1);
    const outcome = solve(map, zeros(3), { memory: 3, tolerance: 1e-11 });
    expect(outcome).toMatchObject({ status: "converged" });
    expect(outcome.iterations).toBeLessThanOrEqual(5);
  });

  it("finds a fixed point that plain iteration leaves", () => {
    const map: Map = ([y = 0]) => Float64Array.of(3 - 2 * y);
    expect(solve(map, [0], { memory: 0 })).toMatchObject({ status: "diverged", y: Float64Array.of(0) });
    const found = solve(map, [0]);
    expect(found.status).toBe("converged");
    expect(found.y[0]).toBeCloseTo(1, 12);
  });

  it("relaxes by the rate", () => {
    const map: Map = ([y = 0]) => Float64Array.of(3 - 2 * y);
    const relaxed = solve(map, [0], { memory: 0, rate: 0.3 });
    expect(relaxed.status).toBe("converged");
    expect(relaxed.y[0]).toBeCloseTo(1, 11);
  });

  it("says that there is no fixed point, at the best point it saw", () => {
    for (const memory of [0, 5]) {
      const outcome = solve(([y = 0]) => Float64Array.of(y + 1 + y * y), [2], { memory });
      expect(outcome.status).toMatch(/diverged|stagnated/);
      expect(outcome.residualNorm).toBeCloseTo(1 + (outcome.y[0] as number) ** 2, 10);
    }
  });

  it("stays where the map has values", () => {
    const outcome = solve(([y = 0]) => Float64Array.of(Math.sqrt(y - 1) + 1.2), [1.1]);
    expect(outcome.status).toBe("converged");
    expect(outcome.y[0] as number).toBeCloseTo(Math.sqrt((outcome.y[0] as number) - 1) + 1.2, 11);
    expect(solve(() => Float64Array.of(Number.NaN), [0]).status).toBe("not_evaluable");
  });

  it("stops where it is told to", () => {
    const map = contraction(6, 0.9, 5);
    expect(solve(map, zeros(6), { maxIterations: 3 })).toMatchObject({ status: "max_iterations", iterations: 3 });
  });
});
