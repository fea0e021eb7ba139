import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forward, gradient, hessianVectorProduct, jacobian, reverse } from "../../compiler/derive/differentiate.ts";
import { identity } from "../../compiler/derive/pieces.ts";
import * as G from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { sizeOf } from "../../compiler/ir/size.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { discrepancy, finiteDifferences } from "../support/differences.ts";
import { type Expression, expressions } from "../support/expressions.ts";
import { interpret, type Tensor } from "../support/interpret.ts";

const RUNS = 40;
const RELIABLE = 1e-8;
const CLOSE = 1e-7;

const value = (node: Node, e: Expression): Tensor => interpret(node, e.values, e.sizes);

/** The jacobian [...y, ...x] by forward differentiation alone. */
function onward({ graph: g }: Expression, y: Node, x: Node): Node {
  const tangent = forward(g, y, new Map([[x, identity(g, x.shape)]]));
  const rank = x.shape.length;
  return G.permute(g, tangent, [...y.shape.map((_, i) => rank + i), ...x.shape.map((_, i) => i)]);
}

describe("against finite differences", () => {
  test("Jacobians, backward and forward", () => {
    let compared = 0;
    let skipped = 0;
    fc.assert(
      fc.property(expressions, (e) => {
        for (const x of e.inputs) {
          const back = reverse(e.graph, e.root, identity(e.graph, e.root.shape), [x])[0] as Node;
          const on = onward(e, e.root, x);
          expect(verify([back, on])).toEqual([]);
          const exact = value(back, e);
          expect(discrepancy(value(on, e), exact)).toBeLessThan(1e-9);
          const { jacobian: approximate, uncertainty } = finiteDifferences(e.root, x, e.values, e.sizes);
          if (uncertainty > RELIABLE) {
            skipped += 1;
            continue;
          }
          compared += 1;
          expect(discrepancy(exact, approximate)).toBeLessThan(CLOSE);
        }
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(10 * skipped);
  }, 60_000);

  test("gradients, Hessian-vector products and mixed second derivatives", () => {
    let compared = 0;
    let skipped = 0;
    fc.assert(
      fc.property(expressions, fc.nat(4), fc.nat(4), (e, i, j) => {
        const g = e.graph;
        const f = G.sumAll(g, G.map(g, "sin", e.root));
        const [x, z] = [e.inputs[i] as (typeof e.inputs)[number], e.inputs[j] as (typeof e.inputs)[number]];
        const df = gradient(g, f, [x])[0] as Node;
        const mixed = jacobian(g, df, z);
        const direction = G.constant(g, 0.5, x.shape);
        const product = hessianVectorProduct(g, f, [x], [direction])[0] as Node;
        const { jacobian: approximate, uncertainty } = finiteDifferences(df, z, e.values, e.sizes);
        if (uncertainty > RELIABLE) {
          skipped += 1;
          return;
        }
        compared += 1;
        expect(verify([mixed, product])).toEqual([]);
        expect(discrepancy(value(mixed, e), approximate)).toBeLessThan(CLOSE);
        if (x !== z) return;
        const rows = value(x, e).values.length;
        const sums = Float64Array.from(
          { length: rows },
          (_, r) => 0.5 * approximate.values.slice(r * rows, (r + 1) * rows).reduce((a, b) => a + b, 0),
        );
        expect(discrepancy(value(product, e), { shape: value(x, e).shape, values: sums })).toBeLessThan(10 * CLOSE);
      }),
      { numRuns: 4 * RUNS },
    );
    expect(compared).toBeGreaterThan(10 * skipped);
  }, 60_000);
});

describe("conventions", () => {
  const g = G.createGraph();
  const three = sizeOf(3);
  const x = G.input(g, "x", "lower", [three]);
  const point = (...values: number[]) => new Map([["x", { shape: [3], values: Float64Array.from(values) }]]);
  const slope = (build: (x: Node) => Node, ...at: number[]): number[] => [
    ...interpret(gradient(g, G.sumAll(g, build(x)), [x])[0] as Node, point(...at)).values,
  ];
  const zero = G.constant(g, 0, [three]);

  test("ties of maximum and minimum are shared, those of a reduction go to the first", () => {
    expect(slope((own) => G.map(g, "maximum", own, zero), -1, 0, 2)).toEqual([0, 0.5, 1]);
    expect(slope((own) => G.map(g, "minimum", own, zero), -1, 0, 2)).toEqual([1, 0.5, 0]);
    expect(slope((own) => G.reduce(g, "max", own, 0), 2, 3, 3)).toEqual([0, 1, 0]);
    expect(slope((own) => G.reduce(g, "min", own, 0), 2, 1, 1)).toEqual([0, 1, 0]);
  });

  test("the absolute value is flat at zero, stop and rounding functions everywhere", () => {
    expect(slope((own) => G.map(g, "abs", own), -2, 0, 2)).toEqual([-1, 0, 1]);
    expect(gradient(g, G.sumAll(g, G.map(g, "stop", x)), [x])).toEqual([zero]);
    expect(gradient(g, G.sumAll(g, G.map(g, "sign", x)), [x])).toEqual([zero]);
  });

  test("the choice of select gets everything, at its border too", () => {
    const positive = (own: Node) => G.map(g, "less", zero, own);
    expect(slope((own) => G.map(g, "select", positive(own), G.multiply(g, own, own), zero), -1, 0, 2)).toEqual([
      0, 0, 4,
    ]);
  });

  test("what the output does not read has the constant zero as its derivative", () => {
    const other = G.input(g, "other", "lower", [three]);
    expect(gradient(g, G.sumAll(g, x), [other])).toEqual([zero]);
    expect(forward(g, x, new Map([[other, x]]))).toBe(zero);
  });

  test("a tangent with extra axes gives all directions at once", () => {
    const f = G.sumAll(g, G.map(g, "exp", x));
    const hessian = hessianVectorProduct(g, f, [x], [G.delta(g, three)])[0] as Node;
    expect([...interpret(hessian, point(0, 0, 0)).values]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  test("only a scalar has a gradient", () => {
    expect(() => gradient(g, x, [x])).toThrow("not a scalar");
  });
});
