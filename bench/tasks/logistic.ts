/**
 * The hypergradient of d penalties of a logistic regression, within a fixed budget: so many steps of gradient descent from 0, then
 * so many of conjugate gradients for the adjoint.
 */
import { applied, decayingFeatures, type NumericArray, normal, vector } from "../data.ts";
import { hypergradient, prepared, type Settings, type Task } from "../task.ts";

const data = `
data train_X: { X: real[n, d] } = npy("train.X.npy")
data train_y: { y: real[n] } = npy("train.y.npy")
data valid_X: { X: real[m, d] } = npy("valid.X.npy")
data valid_y: { y: real[m] } = npy("valid.y.npy")

var lambda: real[d] init -3
var theta: real[d]

let loss(X, y) = mean(softplus(-y * (X @ theta)))

minimize loss(valid_X.X, valid_y.y)
over     lambda
where    theta minimizes loss(train_X.X, train_y.y) + 0.5 * sum(exp(lambda) * theta^2)
`;

const budget = ({ steps, cg, rate }: Settings): string => `
solve { inner: gd(rate: ${rate}, max: ${steps}, tol: 1e-300, warm: false) adjoint: cg(max: ${cg}, tol: 1e-300) }
`;

/** Labels ±1, drawn from the model with weights of mean square 1. */
function labelled(X: NumericArray, seed: number): { readonly X: NumericArray; readonly y: NumericArray } {
  const [rows = 0, columns = 0] = X.shape;
  const scores = applied(X, normal(3, columns).values);
  const noise = normal(seed, rows).values;
  return { X, y: vector(scores.map((score, i) => (score + (noise[i] as number) > 0 ? 1 : -1))) };
}

export const logistic: Task = {
  name: "logistic",
  tables: ({ n = 0, m = 0, d = 0 }) => ({
    train: labelled(decayingFeatures(1, n, d), 11),
    valid: labelled(decayingFeatures(2, m, d), 12),
  }),
  // A tenth over a bound on the curvature, so that every step of the budget still moves: at rounding's end ours would stop early.
  // The largest eigenvalue of XᵀX/n is about (1 + √(d/n))².
  derived: ({ n = 1, d = 0 }) => ({ rate: 0.1 / (0.25 * (1 + Math.sqrt(d / n)) ** 2 + Math.exp(-3)) }),
  multiplyAdds: ({ n = 0, m = 0, d = 0, steps = 0, cg = 0 }) => 2 * n * d * (steps + cg + 1) + 2 * m * d,
  ours: {
    "same budget": async (folder, settings) => {
      const problem = await prepared(data + budget(settings), folder);
      return { run: () => hypergradient(problem) };
    },
    "own plan": async (folder) => {
      const problem = await prepared(data, folder);
      return { run: () => hypergradient(problem) };
    },
  },
};
