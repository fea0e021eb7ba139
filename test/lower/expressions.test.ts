/** What each construct of the language evaluates to: one program whose reports are the expressions, against numbers worked out here. */
import { describe, expect, it } from "vitest";
import type { NestedArray } from "../../runtime/types.ts";
import { flatten } from "../../runtime/values.ts";
import { prepared } from "../support/problems.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const lse = (...x: number[]): number => Math.log(x.reduce((sum, v) => sum + Math.exp(v), 0));

const declarations = `
  let v = [1, -2, 3]
  let u = [0.5, 0.25, 2]
  let A = [[1, 2, 3], [4, 5, 6]]
  let S = [[4, 1], [1, 3]]
  let flags = [1, 0, 1]
  let scores = [[2, 1, 0], [0, 1, 5]]
  let twice(x) = 2 * x
  let at(M, i) = M[i, :]
  dim d = 3
  dim e = d + 1
  param rho: real = 0.5
  var w: real init 1
  minimize w^2 over w
`;

const cases: readonly (readonly [string, NestedArray])[] = [
  // arithmetic and precedence
  ["-2^2", -4],
  ["2^-1", 0.5],
  ["2^3^2", 512],
  ["1 - 2 - 3", -4],
  ["8 / 4 / 2", 1],
  ["2 * 3 + 4 * 5", 26],
  ["v / 2 + 1", [1.5, 0, 2.5]],
  [
    "v + A",
    [
      [2, 0, 6],
      [5, 3, 9],
    ],
  ],
  [
    "A * v",
    [
      [1, -4, 9],
      [4, -10, 18],
    ],
  ],
  ["rho * v @ u", 3],
  ["1 < 2 && !(2 < 1)", 1],
  ["v > 0", [1, 0, 1]],
  ["mean(v > 0)", 2 / 3],
  ["1 == 2 || 3 != 4", 1],
  ["twice(v)[1]", -4],
  ["at(A, 1)", [4, 5, 6]],
  ["e * 1.0", 4],
  ["pi", Math.PI],
  // products
  ["v @ u", 6],
  ["A @ v", [6, 12]],
  ["[1, 1] @ A", [5, 7, 9]],
  [
    "A @ A'",
    [
      [14, 32],
      [32, 77],
    ],
  ],
  ["dot(v, u)", 6],
  [
    "outer([1, 2], v)",
    [
      [1, -2, 3],
      [2, -4, 6],
    ],
  ],
  ["A'[2, 0]", 3],
  // indexing
  ["A[1, :]", [4, 5, 6]],
  ["A[:, 1]", [2, 5]],
  ["A[0, 1:3]", [2, 3]],
  ["A[:1]", [[1, 2, 3]]],
  ["v[[2, 0]]", [3, 1]],
  [
    "A[:, [2, 2]]",
    [
      [3, 3],
      [6, 6],
    ],
  ],
  // elementwise functions
  ["exp([0, 1])", [1, Math.E]],
  ["log(u)", [Math.log(0.5), Math.log(0.25), Math.log(2)]],
  ["log1p(u) + expm1(u)", [0.5, 0.25, 2].map((x) => Math.log1p(x) + Math.expm1(x))],
  ["sqrt(u) + abs(v) + sign(v)", [Math.sqrt(0.5) + 2, 0.5 + 1, Math.SQRT2 + 4]],
  [
    "sin(v) + cos(v) + tan(u)",
    [1, -2, 3].map((x, i) => Math.sin(x) + Math.cos(x) + Math.tan([0.5, 0.25, 2][i] as number)),
  ],
  ["tanh(v) * sigmoid(v)", [1, -2, 3].map((x) => Math.tanh(x) * sigmoid(x))],
  ["log_sigmoid(v)", [1, -2, 3].map((x) => Math.log(sigmoid(x)))],
  ["softplus(v)", [1, -2, 3].map((x) => Math.log1p(Math.exp(x)))],
  ["relu(v)", [1, 0, 3]],
  ["gelu(v)", [0.8413447460685429, -0.04550026389635842, 2.9959503059]],
  ["silu(v)", [1, -2, 3].map((x) => x * sigmoid(x))],
  ["erf([0.5, -1, 2])", [0.5204998778130465, -0.8427007929497149, 0.9953222650189527]],
  ["square(v)", [1, 4, 9]],
  ["logcosh(v)", [1, -2, 3].map((x) => Math.log(Math.cosh(x)))],
  ["huber(v)", [0.5, 1.5, 2.5]],
  ["clip(v, -1, 2)", [1, -1, 2]],
  ["max(v, 0) + min(v, 0)", [1, -2, 3]],
  ["select(v > 0, v, u)", [1, 0.25, 3]],
  ["one_hot(2, 4)", [0, 0, 1, 0]],
  // reductions
  ["sum(A)", 21],
  ["sum(A, axis: 0)", [5, 7, 9]],
  ["mean(A, axis: -1)", [2, 5]],
  ["E(v)", 2 / 3],
  ["max(A)", 6],
  ["min(v)", -2],
  ["argmax(v)", 2],
  ["argmax(scores, axis: -1)", [0, 2]],
  ["logsumexp(v)", lse(1, -2, 3)],
  ["logsumexp(A, axis: 0)", [lse(1, 4), lse(2, 5), lse(3, 6)]],
  ["softmax(v)", [1, -2, 3].map((x) => Math.exp(x - lse(1, -2, 3)))],
  ["log_softmax(v)", [1, -2, 3].map((x) => x - lse(1, -2, 3))],
  ["std(v)", Math.sqrt(38 / 9)],
  ["norm(v) + norm1(v) + sumsq(v)", Math.sqrt(14) + 6 + 14],
  ["sumsq(A, axis: 1)", [14, 77]],
  // matrices
  ["trace(S)", 7],
  [
    "diag([1, 2])",
    [
      [1, 0],
      [0, 2],
    ],
  ],
  ["diag(S)", [4, 3]],
  [
    "eye(2)",
    [
      [1, 0],
      [0, 1],
    ],
  ],
  ["solve(S, [1, 2])", [1 / 11, 7 / 11]],
  [
    "inv(S)",
    [
      [3 / 11, -1 / 11],
      [-1 / 11, 4 / 11],
    ],
  ],
  [
    "cholesky(S)",
    [
      [2, 0],
      [0.5, Math.sqrt(2.75)],
    ],
  ],
  ["logdet(S)", Math.log(11)],
  // assembling
  ["concat(v, [7])", [1, -2, 3, 7]],
  [
    "stack([1, 2], [3, 4])",
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ["[rho, 2 * rho]", [0.5, 1]],
  [
    "[[rho, 1], [2, rho]]",
    [
      [0.5, 1],
      [2, 0.5],
    ],
  ],
  [
    "reshape(A, 3, 2)",
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ],
  ["gather(v, [0, 0, 2])", [1, 1, 3]],
  // losses
  ["squared_loss(v, u)", [0.25, 5.0625, 1]],
  ["absolute_loss(v, u)", [0.5, 2.25, 1]],
  ["logistic_loss(v, [1, -1, -1])", [Math.log1p(Math.exp(-1)), Math.log1p(Math.exp(-2)), Math.log1p(Math.exp(3))]],
  ["hinge_loss([0.5, -2, 3], [1, -1, -1])", [0.5, 0, 4]],
  ["cross_entropy(scores, [0, 2])", [lse(2, 1, 0) - 2, lse(0, 1, 5) - 5]],
  ["accuracy(scores, [0, 1])", 0.5],
  // reducers
  ["E[i in 3](v[i])", 2 / 3],
  ["sum[i in d](i * v[i])", 4],
  ["sum[i in 2, j in 3](A[i, j] * v[j])", 18],
  ["E[i in 2](A[i, :])", [2.5, 3.5, 4.5]],
  ["sum[i in 3](1)", 3],
  ["sum[i in 2](sum[j in 3](A[i, j] * (i + 1)))", 36],
  ["E[i in 3](E[j in 3]((v[i] - v[j])^2))", 76 / 9],
  ["stop(v)", [1, -2, 3]],
];

describe("expressions", () => {
  it("evaluate to what the language says", async () => {
    const reports = cases.map(([expression], i) => `report r${i} = ${expression}`).join("\n");
    const { reports: values } = await (await prepared(`${declarations}\n${reports}`)).solve();
    cases.forEach(([expression, wanted], i) => {
      const got = flatten(values[`r${i}`] as NestedArray);
      const expected = flatten(wanted);
      expect(got.length, expression).toBe(expected.length);
      got.forEach((value, k) => expect(value, expression).toBeCloseTo(expected[k] as number, 9));
    });
  });
});
