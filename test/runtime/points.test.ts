import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveImplicit } from "../../compiler/derive/implicit.ts";
import { atPoints, pointsSize } from "../../compiler/derive/points.ts";
import { dependsOn, type Node, reachable } from "../../compiler/ir/node.ts";
import { planOf } from "../../compiler/plan/plan.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import type { NestedArray, Point, Value } from "../../runtime/types.ts";
import { compiled, matrixText, prepared, word } from "../support/problems.ts";

const number = fc.double({ min: -1.5, max: 1.5, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const vector = (n: number) => fc.array(number, { minLength: n, maxLength: n });
const matrix = (m: number, n: number) => fc.array(vector(n), { minLength: m, maxLength: m });

const upper = "minimize sumsq(theta - [s, w[0], w[1]]) + sumsq(w) over w, s";
/** Each with upper variables w: real[2] and s: real. */
const kinds = {
  "a quadratic": `${upper} where theta minimizes mean((A @ theta - b)^2) + exp(s) * sumsq(theta)`,
  "a curvature that all points share": `${upper} where theta minimizes mean((A @ theta - b * s)^2) + sumsq(theta - w[0])`,
  "a penalty a feature": `${upper} where theta minimizes sumsq(A @ theta - b) + sum(exp([w[0], s, 0.3]) * theta^2)`,
  "a generalised linear model": `${upper} where theta minimizes mean(logistic_loss(A @ theta, sign(b))) + exp(s) * sumsq(theta)`,
  "rows that weigh": `${upper} where theta minimizes E[i in 4](exp(w[0] * b[i]) * softplus(A[i, :] @ theta)) + exp(s) * sumsq(theta)`,
  "a maximum": `maximize tanh(theta @ [1, -2, 0.5]) * exp(s) + sum(w) over w, s
                where theta maximizes -logsumexp(A @ theta + s) - exp(w[1]) * sumsq(theta) - 0.01 * sum(theta^4)`,
  "an inverse": `${upper} where theta minimizes logdet(A' @ A + exp(s) * eye(3)) + (theta - w[0]) @ solve(A' @ A + exp(s) * eye(3), theta - w[0])`,
  "a start that moves": `${upper} where theta minimizes sum(cosh_like(theta - s)) + 0.1 * sumsq(theta)`,
  equations: `${upper} where theta solves theta + 0.3 * tanh(theta @ [1, 0.5, -0.5]) * w[0] = [s, w[0], w[1]]`,
  "a chain": `${upper} where theta minimizes sumsq(theta - z) + exp(s) * sumsq(theta)
              and z minimizes sumsq(A' @ b - z) + exp(w[1]) * sumsq(z)`,
  "an answer the upper level does not change": `minimize mean((A @ theta - b)^2) + exp(s) * sumsq(theta) + sumsq(w) over w, s
                where theta minimizes mean((A @ theta - b)^2) + exp(s) * sumsq(theta)`,
  "no lower level": "minimize sum(exp(w * s)) + s^2 over w, s",
  "an equilibrium": `${upper} where theta minimizes sumsq(theta - z * 0.3) + exp(s) * sumsq(theta) and z minimizes sumsq(z - 0.4 * theta - w[0])`,
  "a level below": `${upper} where theta minimizes sumsq(theta - w[0]) + sumsq(z) where z minimizes sumsq(z - theta) + exp(s) * sumsq(z)`,
  "a kink": `${upper} where theta minimizes mean((A @ theta - b)^2) + 0.1 * exp(s) * norm1(theta) + 0.1 * sumsq(theta)`,
  constraints: `${upper} where theta minimizes sumsq(theta - b[0:3]) + exp(s) * sumsq(theta) subject to sum(theta) == w[0]`,
  steps: `${upper} where theta minimizes sumsq(A @ theta - b) + exp(s) * sumsq(theta) by descent(steps: 7, rate: 0.02)`,
  "a flow": `${upper} where theta minimizes sumsq(A @ theta - b) + exp(s) * sumsq(theta) selected from [s, 0, w[0]] by gradient_flow`,
  "a fixed point": `${upper} where theta solves theta = 0.3 * tanh(theta) + [s, w[0], w[1]]`,
} as const;

const oneByOne: readonly string[] = [
  "an inverse",
  "an equilibrium",
  "a level below",
  "a kink",
  "constraints",
  "steps",
  "a flow",
  "a fixed point",
];

const rows = [
  [1, 2, 0],
  [0, 1, 1],
  [3, 0, 1],
  [1, 1, 1],
];

const program = (problem: string, A: readonly (readonly number[])[], b: readonly number[]): string => `
  let A = ${matrixText(A)}
  let b = [${b.join(", ")}]
  let cosh_like(x) = logcosh(x) + 0.1 * x^2
  var w: real[2]
  var s: real
  ${problem.includes("theta") ? `var theta: real[3]${problem.includes("cosh_like") ? " init s" : ""}` : ""}
  ${/\bz\b/.test(problem) ? "var z: real[3]" : ""}
  ${problem}`;

const numbersIn = (value: Value): readonly number[] =>
  typeof value === "number" ? [value] : (Object.values(value) as readonly NestedArray[]).flatMap(numbersIn);

function expectClose(a: Value, b: Value): void {
  const [left, right] = [numbersIn(a), numbersIn(b)];
  expect(left).toHaveLength(right.length);
  const scale = Math.max(1, ...right.map(Math.abs));
  left.forEach((value, i) => expect(Math.abs(value - (right[i] as number)) / scale).toBeLessThan(1e-10));
}

describe("gradients at many points", () => {
  for (const [name, problem] of Object.entries(kinds)) {
    it(`are those at each of them: ${name}`, async () => {
      const data = fc.record({
        A: matrix(4, 3),
        b: vector(4),
        points: fc.array(fc.record({ w: vector(2), s: number }), { minLength: 2, maxLength: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(data, async ({ A, b, points }) => {
          const at = await prepared(program(problem, A, b));
          const each = points.map((point) => at.gradient(point));
          const together = at.gradients(points);
          together.forEach((answer, k) => {
            const alone = each[k] as typeof answer;
            expectClose(answer.value, alone.value);
            for (const variable of ["w", "s"])
              expectClose(answer.gradient[variable] as Value, alone.gradient[variable] as Value);
            expect(Object.keys(answer.lower)).toEqual(Object.keys(alone.lower));
            for (const unknown of Object.keys(alone.lower))
              expectClose(answer.lower[unknown] as Value, alone.lower[unknown] as Value);
            expect(answer.residuals.inner).toBeLessThanOrEqual(Math.max(1e-10, alone.residuals.inner));
            expect(answer.warnings.map(({ message }) => message)).toEqual(alone.warnings.map(({ message }) => message));
            expect(answer.complete).toBe(alone.complete);
          });
        }),
        { numRuns: 6 },
      );
    });
  }

  it.each(Object.entries(kinds))("say which kinds are solved together: %s", (name, problem) => {
    const { problem: whole, derivation } = compiled(program(problem, rows, [1, -1, 1, -1]));
    if (whole === undefined || derivation === undefined) throw new Error("not derived");
    const many = atPoints(whole, derivation.blocks);
    const plan = many && planOf(whole.graph, deriveImplicit(many.problem), new Map(), new Map([[pointsSize, 2]]));
    expect(plan?.blocks.every(({ facts }) => facts.form.separate.includes(0)) === true).toBe(!oneByOne.includes(name));
  });

  it("settle each point where scales differ widely", async () => {
    const at = await prepared(program(kinds["a generalised linear model"], rows, [1, -1, 1, -1]));
    const points: readonly Point[] = [-12, -6, 0, 6, 12].map((s) => ({ s, w: [1e3, -1e-3] }));
    at.gradients(points).forEach((answer, k) => {
      const alone = at.gradient(points[k]);
      expectClose(answer.gradient["s"] as Value, alone.gradient["s"] as Value);
      expect(answer.residuals.inner).toBeLessThan(1e-10);
    });
  });

  it("refuse what one point refuses, and take no, one and many points", async () => {
    const at = await prepared("var a: real\nvar x: real\nminimize x over a\nwhere x minimizes a * x^2 + x");
    expect(at.gradients([])).toEqual([]);
    expect(at.gradients([{ a: 1 }])).toHaveLength(1);
    expect(at.gradients(Array.from({ length: 150 }, (_, i) => ({ a: 1 + i })))[149]?.gradient["a"]).toBeCloseTo(
      1 / (2 * 150 ** 2),
      12,
    );
    expect(() => at.gradients([{ a: 1 }, { a: -1 }])).toThrow(BilevelError);
    expect(() => at.gradients([{ a: 1 }, { a: 0 }])).toThrow(BilevelError);
  });

  it("hold for other solvers, tolerances and in f32", async () => {
    const source = program(kinds["a generalised linear model"], rows, [1, -1, 1, -1]);
    for (const inner of ["lbfgs", "gd", "newton"]) {
      const at = await prepared(source, {
        options: new Map([
          ["inner", word(inner)],
          ["adjoint", word("cg")],
        ]),
      });
      const points = [{ s: -1 }, { s: 0.5 }];
      at.gradients(points).forEach((answer, k) => {
        expect(answer.gradient["s"]).toBeCloseTo(at.gradient(points[k]).gradient["s"] as number, 8);
      });
    }
    const single = await prepared(source, { options: new Map([["precision", word("f32")]]) });
    expect(single.gradients([{ s: -1 }, { s: 1 }])[0]?.gradient["s"]).toBeCloseTo(
      single.gradient({ s: -1 }).gradient["s"] as number,
      5,
    );
  });

  it("read the data as often as one gradient does", () => {
    const { problem, derivation } = compiled(`
      data train: { X: real[n, d], y: real[n] } = normal(seed: 0)
      dim n = 20
      dim d = 3
      var lambda: real
      var theta: real[d]
      minimize sumsq(theta) over lambda
      where theta minimizes mean(logistic_loss(train.X @ theta, train.y)) + exp(lambda) * sumsq(theta)`);
    if (problem === undefined || derivation === undefined) throw new Error("not derived");
    const X = problem.graph.inputs.get("train.X") as Node;
    const many = atPoints(problem, derivation.blocks);
    if (many === undefined) throw new Error("not at points");
    const readers = (nodes: readonly Node[]): number =>
      reachable(nodes).filter((node) => node.kind === "einsum" && node.operands.includes(X)).length;
    const [one, all] = [derivation, deriveImplicit(many.problem)].map(({ blocks }) => blocks[0]);
    expect(readers(all?.condition ?? [])).toBe(readers(one?.condition ?? []));
    expect(readers(all?.product ?? [])).toBe(readers(one?.product ?? []));
    const lambda = new Set<Node>(many.problem.upper?.variables);
    expect((all?.condition ?? []).every((node) => dependsOn(node, lambda))).toBe(true);
  });
});
