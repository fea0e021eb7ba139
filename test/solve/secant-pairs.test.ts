/** What L-BFGS learns of the inverse curvature, which SHINE takes for the adjoint. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createSecantPairs } from "../../runtime/solve/minimise/secant-pairs.ts";
import { createWorkspace } from "../../runtime/solve/workspace.ts";
import { createPlainEngine } from "../support/plain-engine.ts";

const engine = createPlainEngine();

/** A symmetric positive definite matrix of the seed's numbers. */
function positiveDefinite(p: number, entries: readonly number[]): readonly Float64Array[] {
  const at = (i: number, j: number): number => entries[(i * p + j) % entries.length] as number;
  return Array.from({ length: p }, (_, i) =>
    Float64Array.from({ length: p }, (_, j) => {
      let sum = i === j ? 1 : 0;
      for (let k = 0; k < p; k += 1) sum += at(i, k) * at(j, k);
      return sum;
    }),
  );
}

const times = (h: readonly Float64Array[], x: Float64Array): Float64Array =>
  Float64Array.from(h, (row) => row.reduce((sum, a, j) => sum + a * (x[j] as number), 0));
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);

it("is the inverse itself after p exact line searches on a quadratic of dimension p", () => {
  const entry = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(entry, { minLength: 41, maxLength: 41 }),
      fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }),
      (p, entries, start) => {
        const h = positiveDefinite(p, entries);
        const vector = (values: ArrayLike<number>) => {
          const made = engine.allocate(p);
          engine.write(made, values);
          return made;
        };
        const pairs = createSecantPairs(engine, createWorkspace(engine, p), p);
        let x = Float64Array.from({ length: p }, (_, i) => start[i] as number);
        const direction = engine.allocate(p);
        for (let step = 0; step < p; step += 1) {
          const g = times(h, x);
          // Where eigenvalues coincide, fewer steps end at the solution.
          fc.pre(Math.hypot(...g) > 1e-5);
          pairs.apply(vector(g), direction);
          const d = engine.read(direction).map((v) => -v);
          const length = -dot(g, d) / dot(d, times(h, d));
          const next = x.map((v, i) => v + length * (d[i] as number));
          pairs.remember({ x: vector(x), gradient: vector(g) }, { x: vector(next), gradient: vector(times(h, next)) });
          x = next;
        }
        const b = Float64Array.from({ length: p }, (_, i) => entries[40 - i] as number);
        const out = engine.allocate(p);
        pairs.apply(vector(times(h, b)), out);
        expect(Math.max(...engine.read(out).map((v, i) => Math.abs(v - (b[i] as number))))).toBeLessThan(1e-6);
      },
    ),
    { numRuns: 60 },
  );
});
