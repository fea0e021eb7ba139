import { describe, expect, it } from "vitest";
import { prepared } from "../support/problems.ts";

const wave = (n: number, phase: number) => Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + phase).toFixed(4));

/** A weighted ridge and a logistic regression with one penalty per weight. */
const lowers = {
  "a quadratic": "mean((A @ theta - b)^2) + sum(exp(lambda) * theta^2)",
  "a smooth loss": "mean(softplus(-(A @ theta) * b)) + 0.5 * sum(exp(lambda) * theta^2)",
};

const program = (lower: string, solve = "") => `
  let A = [${Array.from({ length: 12 }, (_, i) => `[${wave(3, i)}]`).join(", ")}]
  let b = [${wave(12, 0.5)}]
  var lambda: real[3] init -1
  var theta: real[3]
  minimize sumsq(theta - 0.1) over lambda where theta minimizes ${lower}
  ${solve}
`;

describe.each(Object.entries(lowers))("single precision on %s", (_, lower) => {
  it("has the gradient of double precision to its own digits, and says that it is solved", async () => {
    const [double, single] = await Promise.all(
      ["", "solve { precision: f32 }"].map(async (solve) => (await prepared(program(lower, solve))).gradient()),
    );
    if (double === undefined || single === undefined) return expect.fail("no gradient");
    expect(single.complete).toBe(true);
    expect(single.warnings).toEqual(double.warnings);
    const [expected, actual] = [double, single].map((answer) => answer.gradient.lambda as number[]);
    actual?.forEach((value, i) => {
      expect(value).toBe(Math.fround(value));
      expect(Math.abs(value - (expected?.[i] as number))).toBeLessThan(1e-5);
    });
    expect(actual).not.toEqual(expected);
  });

  it.each(["cg", "lbfgs", "gmres"])("solves the adjoint by %s to a tolerance that it can reach", async (adjoint) => {
    const { gradient } = await prepared(program(lower, `solve { precision: f32  adjoint: ${adjoint} }`));
    expect(gradient().complete).toBe(true);
  });

  it("finds the optimum, and its gradient passes the check", async () => {
    const { solve, gradcheck } = await prepared(program(lower, "solve { precision: f32 }"));
    expect((await solve()).status).toBe("converged");
    expect(gradcheck().passed).toBe(true);
  });
});
