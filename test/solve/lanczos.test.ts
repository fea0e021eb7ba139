/** Lanczos's method against spectra that are known. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Vector } from "../../runtime/engine/engine.ts";
import { spectrumEnds } from "../../runtime/solve/linear/lanczos.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import { generator, operator, symmetricMatrix } from "./problems.ts";

const engine = createPlainEngine();

function ends(matrix: Float64Array, n: number, without: readonly Vector[] = []) {
  const vector = engine.allocate(n);
  return { ...spectrumEnds(engine, operator(engine, matrix), { without, vector }), vector };
}

describe("the ends of a spectrum", () => {
  it("are found exactly where there are fewer unknowns than steps", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 14 }),
        (seed, values) => {
          const found = ends(symmetricMatrix(values, generator(seed)), values.length);
          const largest = Math.max(...values.map(Math.abs));
          expect(found.smallest).toBeCloseTo(Math.min(...values), 9);
          expect(found.largest).toBeCloseTo(largest, 9);
          expect(found.error).toBeLessThan(1e-9 * (1 + largest));
          expect(engine.norm(found.vector)).toBeCloseTo(1, 12);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("show one flat direction after the other", () => {
    const values = [0, 0, 0, ...Array.from({ length: 60 }, (_, k) => 1 + k / 10)];
    const matrix = symmetricMatrix(values, generator(3));
    const flat: Vector[] = [];
    for (let k = 0; k < 3; k += 1) {
      const found = ends(matrix, values.length, flat);
      expect(Math.abs(found.smallest) + found.error).toBeLessThan(1e-12);
      expect(flat.every((other) => Math.abs(engine.dot(other, found.vector)) < 1e-12)).toBe(true);
      flat.push(found.vector);
    }
    expect(ends(matrix, values.length, flat).smallest).toBeCloseTo(1, 2);
  });

  it("are bounds from inside where they are not reached", () => {
    const n = 180;
    const values = Array.from({ length: n }, (_, i) => 10 ** ((-12 * i) / (n - 1)));
    const found = ends(symmetricMatrix(values, generator(5)), n);
    expect(found.smallest).toBeGreaterThan(0);
    expect(found.largest).toBeLessThanOrEqual(1 + 1e-12);
    expect(found.largest / found.smallest).toBeGreaterThan(1e3);
  });

  it("are not numbers where the products are not", () => {
    expect(ends(Float64Array.of(Number.NaN, 0, 0, 1), 2).smallest).toBeNaN();
  });
});
