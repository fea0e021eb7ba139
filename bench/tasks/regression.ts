/** What the regressions share: a linear model with a penalty for each weight, the penalties to be learnt, and data drawn for it. */
import { type Arrays, applied, decayingFeatures, type NumericArray, normal, vector } from "../data.ts";
import type { Task } from "../task.ts";

/** `loss` is a formula in X, y and theta, `penalty` one in lambda and theta. */
export const regression = (loss: string, penalty: string): string => `
data train_X: { X: real[n, d] } = npy("train.X.npy")
data train_y: { y: real[n] } = npy("train.y.npy")
data valid_X: { X: real[m, d] } = npy("valid.X.npy")
data valid_y: { y: real[m] } = npy("valid.y.npy")

var lambda: real[d] init -3
var theta: real[d]

let loss(X, y) = ${loss}

minimize loss(valid_X.X, valid_y.y)
over     lambda
where    theta minimizes loss(train_X.X, train_y.y) + ${penalty}
`;

/** Answers are made of scores with noise; the weights behind these have mean square 1. */
export function regressionTables(answer: (noisyScore: number) => number): Task["tables"] {
  const answered = (X: NumericArray, seed: number): Arrays => {
    const [rows = 0, columns = 0] = X.shape;
    const noise = normal(seed, rows).values;
    const scores = applied(X, normal(3, columns).values);
    return { X, y: vector(scores.map((score, i) => answer(score + (noise[i] as number)))) };
  };
  return ({ n = 0, m = 0, d = 0 }) => ({
    train: answered(decayingFeatures(1, n, d), 11),
    valid: answered(decayingFeatures(2, m, d), 12),
  });
}
