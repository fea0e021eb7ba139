import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Node } from "../../compiler/ir/node.ts";
import { convexityOf, isNonnegative, isNonpositive } from "../../compiler/plan/convexity.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";
import { expressions } from "../support/expressions.ts";
import { interpret, type Tensor } from "../support/interpret.ts";
import { compiled } from "../support/problems.ts";

describe("the composition rules", () => {
  it("never claim a curvature or a sign that numbers contradict", () => {
    let claims = 0;
    fc.assert(
      fc.property(
        expressions,
        fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
        ({ root, inputs, values, sizes }, stream) => {
          const [x] = inputs;
          if (x === undefined) return;
          const shape = convexityOf([root], new Set<Node>([x])).get(root);
          if (shape === undefined) throw new Error("no claim");
          const middle = interpret(root, values, sizes);
          for (const value of middle.values) {
            if (isNonnegative(shape.sign)) expect(value).toBeGreaterThanOrEqual(0);
            if (isNonpositive(shape.sign)) expect(value).toBeLessThanOrEqual(0);
          }
          if (shape.curvature === "unknown") return;
          claims += 1;
          const at = values.get(x.name) as Tensor;
          const moves = at.values.map(() => 1e-2 * (stream.next().value as number));
          const moved = (sign: number): Tensor =>
            interpret(
              root,
              new Map([
                ...values,
                [x.name, { ...at, values: at.values.map((v, i) => v + sign * (moves[i] as number)) }],
              ]),
              sizes,
            );
          const [up, down] = [moved(1), moved(-1)];
          middle.values.forEach((value, i) => {
            const bend = (up.values[i] as number) + (down.values[i] as number) - 2 * value;
            const noise = 1e-12 * (Math.abs(value) + Math.abs(up.values[i] as number) + 1);
            if (shape.curvature === "constant") expect(up.values[i]).toBe(value);
            if (shape.curvature !== "convex") expect(bend).toBeLessThanOrEqual(noise);
            if (shape.curvature !== "concave") expect(bend).toBeGreaterThanOrEqual(-noise);
          });
        },
      ),
      { numRuns: 1500 },
    );
    expect(claims).toBeGreaterThan(300);
  });

  const objectives: readonly [string, "affine" | "convex" | "concave" | "unknown"][] = [
    ["mean((A @ y - 1)^2)", "convex"],
    ["sum(exp(A @ y)) - sum(y)", "convex"],
    ["logsumexp(A @ y)", "convex"],
    ["mean(logistic_loss(A @ y, C))", "convex"],
    ["y @ A' @ A @ y", "convex"],
    ["-y @ A' @ A @ y", "concave"],
    ["norm1(y) + max(A @ y)", "convex"],
    ["exp(w) * sumsq(y - 1)", "convex"],
    ["w * sumsq(y)", "unknown"],
    ["sum(sqrt(1 + y^2))", "unknown"],
    ["sum(y^3)", "unknown"],
    ["sum(sin(y))", "unknown"],
    ["sum(1 / exp(y))", "convex"],
    ["sum[i in 2, j in 2]((A @ y)[i] * (A @ y)[j])", "convex"],
    ["sum(A @ y)", "affine"],
    ["sum(huber(A @ y - C))", "convex"],
    ["sum(huber(A @ y, exp(w)))", "convex"],
  ];
  for (const [objective, wanted] of objectives) {
    it(`finds ${objective} ${wanted}`, () => {
      const { derivation, problem } = compiled(`
        let A = [[1, 2], [3, 4], [0, 1]]
        let C = [1, -1, 1]
        var w: real
        var y: real[2]
        minimize w over w
        where y minimizes ${objective} + 0 * w`);
      const clause = derivation?.blocks[0]?.clauses[0];
      if (problem === undefined || clause?.kind !== "optimize") throw new Error("no clause");
      const [minimand] = simplify(problem.graph, [clause.minimand]) as [Node];
      expect(convexityOf([minimand], new Set<Node>(clause.unknowns)).get(minimand)?.curvature).toBe(wanted);
    });
  }

  it("takes a product of two reflected factors for no square", () => {
    const curvature = (objective: string) => {
      const { derivation } = compiled(`
        var w: real
        var Y: real[2, 2]
        minimize w over w
        where Y minimizes ${objective} + 0 * w`);
      const block = derivation?.blocks[0];
      if (block?.minimand === undefined) throw new Error("no block");
      return convexityOf([block.minimand], new Set<Node>(block.unknowns)).get(block.minimand)?.curvature;
    };
    expect(curvature("trace(Y' @ Y)")).toBe("convex");
    expect(curvature("trace(Y @ Y)")).toBe("unknown");
    expect(curvature("trace(Y) * sum(Y)")).toBe("unknown");
  });
});
