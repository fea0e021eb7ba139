/** Networks at either level: their values against the formula, their derivatives against differences. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Weights } from "../../runtime/types.ts";
import { prepared, refusals, word } from "../support/problems.ts";

const data = `data train: { x: real[12, 2], y: real[12] } = normal(seed: 1)
      data valid: { x: real[9, 2], y: real[9] } = normal(seed: 3)`;

describe("networks", () => {
  it("are layers of x W + b with an activation between them", async () => {
    const problem = await prepared(`
      network f: real[2], real -> real[2] = mlp(hidden: [2], activation: relu, head: softmax)
      minimize sum(f([[1, 2], [0, -1]], 3) * [[1, 2], [3, 4]]) over f`);
    const weights = {
      W1: [
        [1, 0],
        [0.5, -1],
        [-0.2, 0.4],
      ],
      b1: [0.1, 0.2],
      W2: [
        [1, -1],
        [2, 0.5],
      ],
      b2: [0, 0.3],
    }; // prettier-ignore
    const at = (x: readonly number[]): readonly number[] => {
      const hidden = [0, 1].map((j) =>
        Math.max(
          0,
          x.reduce((sum, xi, i) => sum + xi * (weights.W1[i]?.[j] as number), weights.b1[j] as number),
        ),
      );
      const scores = [0, 1].map((k) =>
        Math.exp(hidden.reduce((sum, hj, j) => sum + hj * (weights.W2[j]?.[k] as number), weights.b2[k] as number)),
      );
      const total = scores.reduce((a, b) => a + b);
      return scores.map((score) => score / total);
    };
    const [p, q] = [at([1, 2, 3]), at([0, -1, 3])] as [number[], number[]];
    const expected = (p[0] as number) + 2 * (p[1] as number) + 3 * (q[0] as number) + 4 * (q[1] as number);
    expect(problem.gradient({ f: weights }).value).toBeCloseTo(expected, 12);
  });

  it("divide every matrix by its largest singular value, where they are asked to", async () => {
    const problem = await prepared(`
      network f: real[2] -> real[3] = mlp(hidden: [2], activation: tanh, norm: spectral, bias: false)
      minimize f([1, 2]) @ [1, 3, -1] over f`);
    // Singular values 3 and 1; √24 and √2.
    const W1 = [
      [3, 0],
      [0, 1],
    ]; // prettier-ignore
    const W2 = [
      [2, 3, 2],
      [2, 3, 0],
    ]; // prettier-ignore
    const gram = [17, 13, 13] as const;
    const largest = Math.sqrt((gram[0] + gram[2]) / 2 + Math.hypot((gram[0] - gram[2]) / 2, 13));
    const hidden = [Math.tanh(1), Math.tanh(2 / 3)] as const;
    const out = [0, 1, 2].map((k) => hidden[0] * (W2[0]?.[k] as number) + hidden[1] * (W2[1]?.[k] as number));
    const expected = ((out[0] as number) + 3 * (out[1] as number) - (out[2] as number)) / largest;
    expect(problem.gradient({ f: { W1, W2 } }).value).toBeCloseTo(expected, 12);
  });

  it("look at windows of images, where they are convolutional", async () => {
    const [height, width, depth, kernel, stride] = [4, 5, 2, 2, 2];
    const problem = await prepared(`
      network f: real[${height * width * depth}] -> real = conv(image: [4, 5, 2], channels: [3], kernel: 2, stride: 2, activation: softplus)
      data images: { x: real[2, ${height * width * depth}] } = normal(seed: 6)
      report x = images.x
      minimize E[images](f(x)) over f
      solve { steps: 1 }`);
    const { upper, reports, value } = await problem.solve();
    const { W1, b1, W2, b2 } = upper.f as { W1: number[][]; b1: number[]; W2: number[]; b2: number };
    const at = (image: readonly number[]): number => {
      const seen: number[] = [];
      for (let top = 0; top + kernel <= height; top += stride)
        for (let left = 0; left + kernel <= width; left += stride)
          for (const [channel, bias] of b1.entries()) {
            let score = bias;
            for (let r = 0; r < kernel; r += 1)
              for (let c = 0; c < kernel; c += 1)
                for (let d = 0; d < depth; d += 1)
                  score +=
                    (image[((top + r) * width + left + c) * depth + d] as number) *
                    (W1[(r * kernel + c) * depth + d]?.[channel] as number);
            seen.push(Math.log1p(Math.exp(score)));
          }
      return seen.reduce((sum, one, i) => sum + one * (W2[i] as number), b2);
    };
    const [first, second] = (reports.x as number[][]).map(at) as [number, number];
    expect(value).toBeCloseTo((first + second) / 2, 10);
  });

  it.each([
    [1, "valid", "none", 1],
    [1, "same", "max", 2],
    [2, "same", "average", 2],
    [3, "same", "none", 1],
    [1, "valid", "max", 3],
  ])("convolve with stride %d, padding: %s and pool: %s of %d", async (stride, padding, pool, square) => {
    const [height, width, depth, kernel] = [6, 7, 2, 3];
    const problem = await prepared(`
      network f: real[${height * width * depth}] -> real = conv(image: [6, 7, 2], channels: [2], kernel: 3,
        stride: ${stride}, padding: ${padding}, pool: ${pool}, pool_size: ${square}, activation: tanh)
      data images: { x: real[2, ${height * width * depth}] } = normal(seed: 6)
      report x = images.x
      minimize E[images](f(x)) over f
      solve { steps: 1 }`);
    const { upper, reports, value } = await problem.solve();
    const { W1, b1, W2, b2 } = upper.f as { W1: number[][]; b1: number[]; W2: number[]; b2: number };
    const axis = (length: number): readonly number[] => {
      const count = padding === "same" ? Math.ceil(length / stride) : Math.floor((length - kernel) / stride) + 1;
      const zeros = padding === "same" ? Math.max(0, (count - 1) * stride + kernel - length) : 0;
      return Array.from({ length: count }, (_, i) => i * stride - Math.floor(zeros / 2));
    };
    const [tops, lefts] = [axis(height), axis(width)];
    const at = (image: readonly number[]): number => {
      const pixel = (row: number, column: number, d: number): number =>
        row < 0 || column < 0 || row >= height || column >= width
          ? 0
          : (image[(row * width + column) * depth + d] as number);
      const convolved = tops.map((top) =>
        lefts.map((left) =>
          b1.map((bias, channel) => {
            let score = bias;
            for (let r = 0; r < kernel; r += 1)
              for (let c = 0; c < kernel; c += 1)
                for (let d = 0; d < depth; d += 1)
                  score += pixel(top + r, left + c, d) * (W1[(r * kernel + c) * depth + d]?.[channel] as number);
            return Math.tanh(score);
          }),
        ),
      );
      const seen: number[] = [];
      for (let top = 0; top + square <= tops.length; top += square)
        for (let left = 0; left + square <= lefts.length; left += square)
          for (const channel of b1.keys()) {
            const own = convolved
              .slice(top, top + square)
              .flatMap((row) => row.slice(left, left + square).map((each) => each[channel] as number));
            seen.push(pool === "max" ? Math.max(...own) : own.reduce((a, b) => a + b) / own.length);
          }
      return seen.reduce((sum, one, i) => sum + one * (W2[i] as number), b2);
    };
    const [first, second] = (reports.x as number[][]).map(at) as [number, number];
    expect(W2).toHaveLength(2 * Math.floor(tops.length / square) * Math.floor(lefts.length / square));
    expect(value).toBeCloseTo((first + second) / 2, 10);
    expect(problem.gradcheck().worst).toBeLessThan(1e-6);
  });

  it("have derivatives in all their weights", async () => {
    const family = fc.constantFrom(
      "linear()",
      "mlp(hidden: [3], activation: tanh)",
      "mlp(hidden: [3, 2], activation: gelu, norm: layer)",
      "mlp(hidden: [4], activation: silu, bias: false, init: orthogonal)",
      "mlp(hidden: [3], activation: softplus, head: softplus, init: lecun)",
      "mlp(hidden: [4], activation: relu, init: he, seed: 4)",
      "mlp(hidden: [3], activation: tanh, norm: spectral)",
      "conv(image: [2, 1], channels: [2, 3], kernel: 1, activation: tanh, hidden: [2], norm: layer)",
      "conv(image: [2, 1], channels: [3], kernel: 3, padding: same, activation: tanh, pool: average, pool_size: 1)",
      "conv(image: [1, 2], channels: [2], kernel: 2, stride: 2, padding: same, activation: silu)",
    );
    await fc.assert(
      fc.asyncProperty(family, async (own) => {
        const problem = await prepared(`
          ${data}
          network f: real[2] -> real = ${own}
          var b: real
          minimize E[valid]((b * f(x) - y)^2) + 0.1 * norm(f) + 0.01 * dot(f, f) over f
          where b minimizes E[train]((b * f(x) - y)^2) + b^2`);
        expect(problem.gradcheck().worst).toBeLessThan(1e-7);
      }),
      { numRuns: 8 },
    );
  });

  it("are lower unknowns like any other, one penalty a weight", async () => {
    const problem = await prepared(`
      ${data}
      network f: real[2] -> real = mlp(hidden: [3], activation: tanh)
      var lambda: weights(f) init -1
      minimize E[valid]((f(x) - y)^2) over lambda
      where f minimizes E[train]((f(x) - y)^2) + sum(exp(lambda) * f^2)`);
    const { worst, residuals } = problem.gradcheck();
    expect(worst).toBeLessThan(1e-6);
    expect(Math.max(residuals.inner, residuals.adjoint)).toBeLessThan(1e-9);
    expect(Object.keys(problem.gradient().gradient.lambda as Weights)).toEqual(["W1", "b1", "W2", "b2"]);
  });

  it("adapt to one task each, from a shared start", async () => {
    const problem = await prepared(`
      data tasks: { xs: real[3, 5, 1], ys: real[3, 5], xq: real[3, 4, 1], yq: real[3, 4] } = normal(seed: 2)
      network f: real[1] -> real = mlp(hidden: [4], activation: tanh)
      var w: weights(f)
      var v[task in tasks]: weights(f) init w
      minimize E[task in tasks](mean((f(task.xq; v[task]) - task.yq)^2)) over w
      where v[task] minimizes mean((f(task.xs; v[task]) - task.ys)^2) + 1.0 * sumsq(v[task] - w)`);
    expect(problem.gradcheck().worst).toBeLessThan(1e-6);
  });

  it("are trained by steps over minibatches, in an order that the seed fixes", async () => {
    const source = `
      data rows: { x: real[n, 2], y: real[n] } = csv("rows.csv", y: "y")
      network f: real[2] -> real = mlp(hidden: [4])
      var rho: real init -3
      minimize E[rows]((f(x) - y)^2) over rho
      where f minimizes E[rows]((f(x) - y)^2) + exp(rho) * sumsq(f)`;
    const read = async function* () {
      const rows = Array.from({ length: 64 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(i) * Math.cos(2 * i)]);
      yield new TextEncoder().encode(["a,b,y", ...rows.map((row) => row.join(","))].join("\n"));
    };
    const solved = async (seed: number, steps: number) => {
      const span = { file: "test", start: 0, end: 0 };
      const options = new Map([
        ["inner", word("adam", { rate: 0.02, max: steps, batch: 16, weight_decay: 1e-4 })],
        ["adjoint", word("cg", { max: 20 })],
        ["seed", { kind: "number", value: seed, span } as const],
      ]);
      return (await prepared(source, { options, read })).gradient();
    };
    const [one, again, other, longer] = [
      await solved(1, 60),
      await solved(1, 60),
      await solved(2, 60),
      await solved(1, 800),
    ];
    expect(again.lower).toEqual(one.lower);
    expect(other.lower).not.toEqual(one.lower);
    expect(longer.value).toBeLessThan(one.value / 2);
    expect(one.warnings.map(({ code }) => code)).toContain("not-converged");
  });

  it("above levels that are left where their steps end take all their steps", async () => {
    const problem = await prepared(`
      data rows: { x: real[30, 2], y: real[30] } = normal(seed: 1)
      var w: real[2] init 1
      network f: real[2] -> real = mlp(hidden: [4], activation: tanh)
      minimize E[rows]((f(x) - y)^2) + sumsq(w) over w
      where f minimizes E[rows]((f(x) - x @ w)^2) + 0.1 * sumsq(f)
      solve { inner: sgd(rate: 0.3, momentum: 0.5, max: 3) adjoint: cg(max: 2) outer: adam(rate: 0.5) steps: 250 }`);
    const { status, steps, complete } = await problem.solve();
    expect({ status, steps, complete }).toEqual({ status: "max_steps", steps: 250, complete: true });
  });

  it("cannot be sampled where an unknown is as long as the table", async () => {
    const source = `
      data rows: { x: real[n], y: real[n] } = csv("rows.csv", y: "y")
      var weight: real[n]
      var b: real
      minimize E[rows]((b * x - y)^2) over weight
      where b minimizes E[r in rows](sigmoid(weight[r]) * (b * r.x - r.y)^2)
      solve { inner: sgd(rate: 0.1, batch: 2) }`;
    const read = async function* () {
      yield new TextEncoder().encode("x,y\n1,2\n2,3\n3,5\n4,4\n");
    };
    expect((await refusals(source, { read })).map(({ code }) => code)).toEqual(["not-sampled"]);
  });
});
