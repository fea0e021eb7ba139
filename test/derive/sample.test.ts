import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateOnRows } from "../../compiler/derive/estimate.ts";
import { type RowSample, sampled } from "../../compiler/derive/sample.ts";
import { deriveDirections } from "../../compiler/derive/stochastic.ts";
import { input } from "../../compiler/ir/graph.ts";
import { type Input, type Node, reachable } from "../../compiler/ir/node.ts";
import { sizeOf } from "../../compiler/ir/size.ts";
import type { Problem } from "../../compiler/lower/problem.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { createRandom } from "../../runtime/random.ts";
import { interpret, type Tensor } from "../support/interpret.ts";
import { compiled } from "../support/problems.ts";

const sizes = new Map([
  ["n", 4],
  ["m", 3],
  ["d", 2],
]);

const problemOf = (objective: string): Problem =>
  compiled(`
    data A: { X: real[n, d], y: real[n], k: class[n] } = csv("a.csv", y: "y", k: "k")
    data B: { Z: real[m, d], t: real[m] } = csv("b.csv", t: "t")
    var w: real[d]
    var z: real[n]
    var u: real[d]
    minimize ${objective} over w, z
    where u minimizes sumsq(u - w)`).problem as Problem;

const objectiveOf = (problem: Problem): Node => problem.upper?.objective as Node;

const draws = (problem: Problem, batch: number): Record<"n" | "m", RowSample> => {
  const sample = (rows: "n" | "m"): RowSample => {
    const count = sizes.get(rows) as number;
    const numbers = input(problem.graph, `rows of ${rows}`, "step", [sizeOf(batch)]);
    return { rows, count, batch: sizeOf(batch), scale: count / batch, numbers, fresh: new Map() };
  };
  return { n: sample("n"), m: sample("m") };
};

/** Every input, filled from the seed; classes are whole. */
function valuesFor(nodes: readonly Node[], seed: number): Map<string, Tensor> {
  const random = createRandom(seed);
  return new Map(
    reachable(nodes)
      .filter((node): node is Input => node.kind === "input" && node.role !== "step")
      .map((node) => {
        const shape = node.shape.map((size) => sizes.get(size.key) ?? Number(size.key));
        const length = shape.reduce((a, b) => a * b, 1);
        const values = Float64Array.from({ length }, () => (node.name === "A.k" ? random.integer(2) : random.normal()));
        return [node.name, { shape, values }] as const;
      }),
  );
}

const at = (node: Node, values: ReadonlyMap<string, Tensor>): number =>
  interpret(node, values, sizes).values[0] as number;

const terms = [
  "E[A]((X @ w - y)^2)",
  "sum[A](softplus(X @ u - y))",
  "mean((A.X @ w - A.y)^2)",
  "sum(A.X @ w)",
  "E[r in A](sigmoid(z[r]) * cross_entropy(outer(r.X, w)' @ u, r.k))",
  "E[r in A](z[r] * mean(A.y))",
  "E[B](exp(Z @ u) * t)",
  "E[r in A, q in B](sigmoid(r.X @ w - q.Z @ u))",
  "E[A](X @ w) * E[B](Z @ w)",
  "sumsq(w) + mean(z^2)",
  "E[r in A](A.y[r.k] * z[r])",
  "E[A](logsumexp(X + w)) + mean(A.X) * mean(w)",
];

describe("estimates from drawn rows", () => {
  it("are the objective, on average over every draw of single rows", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...terms), { minLength: 1, maxLength: 3 }),
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 }),
        fc.nat(),
        (chosen, factors, seed) => {
          const problem = problemOf(chosen.map((term, k) => `${factors[k]} * (${term})`).join(" + "));
          const full = objectiveOf(problem);
          const { n, m } = draws(problem, 1);
          const estimate = sampled(problem.graph, full, [n, m], problem.upper?.span as never);
          const values = valuesFor([full], seed);
          let mean = 0;
          for (let i = 0; i < n.count; i += 1)
            for (let j = 0; j < m.count; j += 1) {
              const drawn = new Map(values);
              drawn.set(n.numbers.name, { shape: [1], values: Float64Array.of(i) });
              drawn.set(m.numbers.name, { shape: [1], values: Float64Array.of(j) });
              mean += at(estimate, drawn) / (n.count * m.count);
            }
          expect(mean).toBeCloseTo(at(full, values), 9);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("are the objective where every row is taken once", () => {
    for (const term of terms) {
      const problem = problemOf(term);
      const full = objectiveOf(problem);
      const { n } = draws(problem, 4);
      const estimate = sampled(problem.graph, full, [n], problem.upper?.span as never);
      const values = valuesFor([full], 5);
      const drawn = new Map(values).set(n.numbers.name, { shape: [4], values: Float64Array.of(2, 0, 3, 1) });
      expect(at(estimate, drawn)).toBeCloseTo(at(full, values), 10);
    }
  });

  it("are refused where they would be biased", () => {
    for (const objective of [
      "log(E[A]((X @ w - y)^2))",
      "E[A](X @ w)^2",
      "logsumexp(A.X @ w)",
      "max(A.X @ w - A.y)",
      "norm(A.X @ w - A.y)",
      "E[a in A, b in A](sigmoid(a.X @ w - b.X @ u))",
      "sumsq(solve(E[A](exp(X @ u) * outer(X, X)), w))",
      "z @ A.X @ A.X' @ z",
    ]) {
      const problem = problemOf(objective);
      const { n } = draws(problem, 2);
      const span = problem.upper?.span as never;
      expect(() => sampled(problem.graph, objectiveOf(problem), [n], span), objective).toThrow(BilevelError);
    }
  });

  it("read every row of what is small, of what is not linear in its rows, and of what reads no data", () => {
    const over = (objective: string, batch: number): readonly string[] =>
      deriveDirections(problemOf(objective), sizes, batch)
        .samples.upper.map(({ rows }) => rows)
        .sort();
    expect(over("E[A](X @ w) + E[B](Z @ w)", 2)).toEqual(["m", "n"]);
    expect(over("E[A](X @ w) + E[B](Z @ w)", 3)).toEqual(["n"]);
    expect(over("log(E[A](exp(X @ w))) + E[B](Z @ w)", 1)).toEqual(["m"]);
    expect(over("sumsq(z)", 1)).toEqual([]);
    expect(() => over("log(E[A](exp(X @ w)))", 1)).toThrow(BilevelError);
  });

  it("of a hypergradient in L2 are the hypergradient, on average over every draw of single rows", () => {
    const { problem, derivation } = compiled(`
      data A: { X: real[n, d], y: real[n] } = csv("a.csv", y: "y")
      network f: real[d] -> real = mlp(hidden: [2], activation: tanh)
      function h: real[d] -> real in L2(A) by linear()
      minimize E[A]((h(X) - y)^2) + sumsq(f) over f
      where h minimizes E[A]((h(X) - f(X))^2 + exp(0.5 * h(X) - f(X)))`);
    if (problem === undefined || derivation?.value === undefined) throw new Error("not derived");
    const exact = [derivation.value, ...derivation.hypergradient];
    const { samples, value, hypergradient } = estimateOnRows(problem, derivation, sizes, 1);
    const estimates = [value, ...hypergradient];
    const values = valuesFor([...exact, ...estimates], 5);
    const [{ numbers, count }] = samples as readonly [RowSample];
    expect(samples).toHaveLength(1);
    const average = Array.from({ length: count }, (_, row) =>
      estimates.flatMap((node) => {
        const drawn = new Map([...values, [numbers.name, { shape: [1], values: Float64Array.of(row) }]]);
        return [...interpret(node, drawn, sizes).values].map((entry) => entry / count);
      }),
    ).reduce((sum, one) => sum.map((entry, k) => entry + (one[k] as number)));
    const expected = exact.flatMap((node) => [...interpret(node, values, sizes).values]);
    expect(average).toEqual(expected.map((entry) => expect.closeTo(entry, 10)));
  });
});
