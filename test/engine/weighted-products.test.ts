/** Σ_n w_n X_ni X_nj, with the weights of many points at once too: never formed as (w X)ᵀ X, and the same all the same. */
import { describe, expect, it } from "vitest";
import { contract } from "../../compiler/emit/contract.ts";
import { matrixProduct } from "../../compiler/emit/wasm/matrix-product.ts";
import { createGraph, einsum, input, map } from "../../compiler/ir/graph.ts";
import type { Einsum } from "../../compiler/ir/node.ts";
import { sizeOf } from "../../compiler/ir/size.ts";
import { createWasmEngine } from "../../runtime/engine/wasm/engine.ts";

function problem(points: number, n: number, d: number) {
  const g = createGraph();
  const [P, N, D] = [points, n, d].map(sizeOf) as [
    ReturnType<typeof sizeOf>,
    ReturnType<typeof sizeOf>,
    ReturnType<typeof sizeOf>,
  ];
  const X = input(g, "X", "data", [N, D]);
  const w = input(g, "w", "upper", [P, N]);
  const weights = map(g, "sin", w);
  const labels = [
    [0, 1],
    [2, 0],
    [0, 3],
  ];
  const node = einsum(g, [X, weights, X], labels, [2, 1, 3]);
  return { g, X, w, weights, node: node as Einsum };
}

const numbers = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => Math.sin(i * 1.7 + 0.3));

function plainly(X: Float64Array, w: Float64Array, points: number, n: number, d: number): Float64Array {
  const out = new Float64Array(points * d * d);
  for (let p = 0; p < points; p += 1) {
    for (let row = 0; row < n; row += 1) {
      const weight = Math.sin(w[p * n + row] as number);
      for (let i = 0; i < d; i += 1) {
        for (let j = 0; j < d; j += 1) {
          const term = weight * (X[row * d + i] as number) * (X[row * d + j] as number);
          out[(p * d + i) * d + j] = (out[(p * d + i) * d + j] as number) + term;
        }
      }
    }
  }
  return out;
}

describe("weighted squares", () => {
  for (const [points, n, d] of [
    [1, 300, 8],
    [4, 257, 12],
    [7, 40_000, 9],
  ] as const) {
    it.each(["f64", "f32"] as const)(`agree with plain loops: ${points} points, ${n} × ${d}, %s`, async (precision) => {
      const { X, w, node } = problem(points, n, d);
      const [data, given] = [numbers(n * d), numbers(points * n)];
      const engine = await createWasmEngine({ precision });
      const [bound, argument, out] = [engine.take(data), engine.take(given), engine.allocate(points * d * d)];
      engine
        .compile({ name: "square", arguments: [w], outputs: [node] }, new Map([[X, bound]]), new Map())
        .run([argument], [out]);
      const emitted = engine.read(out);
      const plain = plainly(data, given, points, n, d);
      const scale = Math.max(...plain.map(Math.abs));
      plain.forEach((value, i) =>
        expect(Math.abs(value - (emitted[i] as number)) / scale).toBeLessThan(precision === "f64" ? 1e-13 : 1e-4),
      );
    });
  }

  it("keep the data and the weights as they are, whatever order is cheapest", () => {
    for (const points of [1, 100]) {
      const { g, X, weights, node } = problem(points, 1000, 10);
      const product = contract(g, node, (each) => each === X) as Einsum;
      const inner = product.operands[0] as Einsum;
      const found = matrixProduct(product.operands.length === 2 ? product : inner);
      expect(found?.a).toBe(X);
      expect(found?.b).toBe(X);
      expect(found?.weights).toBe(weights);
    }
  });
});
