/**
 * Random programs of every kind of lower level: the derived hypergradient against finite differences of the problem solved again. What
 * is drawn is put together from parts, so that each kind meets many objectives.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { matrixText, prepared } from "../support/problems.ts";

const number = fc.double({ min: -1, max: 1, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const vector = fc.array(number, { minLength: 3, maxLength: 3 });
const matrix = fc.array(vector, { minLength: 3, maxLength: 3 });

/** Smooth and convex in a residual r of three entries. */
const losses = ["0.5 * sumsq(r)", "sum(logcosh(2 * r))", "sum(softplus(r)) - 0.3 * sum(r)", "sum(exp(0.4 * r) - r)"];
/** What w is to the lower level: a penalty's weight, a shift or a scale. */
const roles = [
  "exp(w[0]) * sumsq(Y) + w[1] * Y[0]",
  "sum((1 + w^2) * Y^2) + 0.2 * sum(Y)",
  "sumsq(Y - sin(w)) + 0.3 * sumsq(Y)",
];
const uppers = ["sumsq(Y - [0.4, -0.2, 0.7])", "sum(sin(Y + w))", "Y @ [1, 2, -1] * exp(0.3 * Y[0]) + sumsq(w)"];

const lossOf = (loss: string, residual: string): string =>
  loss
    .replaceAll("r", "§")
    .replaceAll(/§(?![a-z])/g, `(${residual})`)
    .replaceAll("§", "r");
const of = (text: string, name: string): string => text.replaceAll("Y", name);

interface Drawn {
  readonly A: readonly (readonly number[])[];
  readonly B: readonly (readonly number[])[];
  readonly b: readonly number[];
  readonly w: readonly number[];
  readonly loss: string;
  readonly role: string;
  readonly upper: string;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  A: matrix,
  B: matrix,
  b: vector,
  w: vector,
  loss: fc.constantFrom(...losses),
  role: fc.constantFrom(...roles),
  upper: fc.constantFrom(...uppers),
});

/** The problem after the declarations of A, B, b and w. */
const kinds: Readonly<Record<string, (d: Drawn) => string>> = {
  smooth: ({ loss, role, upper }) => `
    var y: real[3]
    minimize ${of(upper, "y")} over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")}`,
  "a chain": ({ loss, role, upper }) => `
    var y: real[3]
    var z: real[3]
    minimize ${of(upper, "y")} + 0.5 * sumsq(z) over w
    where y minimizes ${lossOf(loss, "A @ y - b - 0.3 * z")} + ${of(role, "y")}
    where z minimizes ${lossOf(loss, "B @ z - w")} + sumsq(z)`,
  nested: ({ loss, role, upper }) => `
    var y: real[3]
    var z: real[3]
    minimize ${of(upper, "y")} + z[0] over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")} + 0.2 * sumsq(z)
    where z minimizes sumsq(z - 0.3 * B @ y) + 0.5 * sum(logcosh(z - w))`,
  equilibrium: ({ loss, role, upper }) => `
    var y: real[3]
    var z: real[3]
    minimize ${of(upper, "y")} + z[1]^2 over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")} + sumsq(y) + 0.2 * y @ B @ z
    and   z minimizes sumsq(z - w) - 0.3 * z @ y`,
  indexed: ({ loss, role, upper }) => `
    var y[i in 4]: real[3]
    minimize E[i in 4](${of(upper, "y[i]")}) over w
    where y[i] minimizes ${lossOf(loss, "A @ y[i] - b * (1 + 0.3 * i)")} + ${of(role, "y[i]")}`,
  constrained: ({ loss, role, upper }) => `
    var y: real[3]
    minimize ${of(upper, "y")} over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")}
      subject to B @ y <= b + 0.6 + 0.2 * w, sum(y) == 0.1 * w[2]`,
  "constrained and indexed": ({ loss, role, upper }) => `
    var y[i in 3]: real[3] in box(-0.5, 0.5)
    minimize sum[i in 3](${of(upper, "y[i]")}) over w
    where y[i] minimizes ${lossOf(loss, "A @ y[i] - b * (1 + i)")} + ${of(role, "y[i]")} subject to sum(y[i]) <= 0.3 + 0.2 * w[0]`,
  kinked: ({ loss, role, upper }) => `
    var y: real[3]
    minimize ${of(upper, "y")} over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")} + 0.3 * exp(w[1]) * norm1(y)`,
  "in a set": ({ loss, role, upper }) => `
    var y: real[3] in simplex
    minimize ${of(upper, "y")} over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")}`,
  "a fixed point": ({ upper }) => `
    var y: real[3]
    minimize ${of(upper, "y")} over w
    where y solves y = 0.4 * tanh(B @ y + w) + 0.2 * sin(A @ w)`,
  unrolled: ({ loss, role, upper }) => `
    var y: real[3]
    minimize ${of(upper, "y")} over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")}
      selected from 0.3 * w by descent(steps: 12, rate: 0.05 * exp(0.1 * w[2]))`,
  selected: ({ upper }) => `
    var y: real[3]
    minimize ${of(upper, "y")} over w
    where y minimizes ((b + 1.5) @ y - sin(w[0]) - 1)^2 selected from w^2 by gradient_flow`,
  "with a stopped copy": ({ loss, role, upper }) => `
    var y: real[3]
    minimize ${of(upper, "y")} + stop(y) @ w over w
    where y minimizes ${lossOf(loss, "A @ y - b")} + ${of(role, "y")} + 0.1 * y @ stop(tanh(y) + w)`,
};

/** A drawn problem may have no answer at the point, which is refused by name. */
const named = ["infeasible-lower-level", "degenerate-constraints"];

describe("random programs", () => {
  it.each(Object.entries(kinds))(
    "%s",
    async (_, problemOf) => {
      let judged = 0;
      await fc.assert(
        fc.asyncProperty(drawn, async (d) => {
          const text = `let A = ${matrixText(d.A)}\nlet B = ${matrixText(d.B)}\nlet b = [${d.b.join(", ")}]\nvar w: real[3]\n${problemOf(d)}`;
          const problem = await prepared(text);
          try {
            const check = problem.gradcheck({ w: d.w });
            if (check.warnings.length > 0) return;
            judged += 1;
            expect(check.residuals.inner, text).toBeLessThan(Number.POSITIVE_INFINITY);
            expect(check.worst, `${text}\n${JSON.stringify(d.w)}\n${JSON.stringify(check.rows)}`).toBeLessThan(1e-6);
          } catch (error) {
            if (!(error instanceof BilevelError) || !named.includes(error.diagnostics[0]?.code ?? "")) throw error;
          }
        }),
        { numRuns: 4, endOnFailure: true },
      );
      expect(judged).toBeGreaterThan(1);
    },
    30_000,
  );
});
