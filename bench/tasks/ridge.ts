/** The hypergradient of d penalties of a ridge regression, exactly: one factorisation of order d. */
import { applied, decayingFeatures, type NumericArray, normal, vector } from "../data.ts";
import { hypergradient, prepared, type Task } from "../task.ts";

const source = `
data train_X: { X: real[n, d] } = npy("train.X.npy")
data train_y: { y: real[n] } = npy("train.y.npy")
data valid_X: { X: real[m, d] } = npy("valid.X.npy")
data valid_y: { y: real[m] } = npy("valid.y.npy")

var lambda: real[d] init -3
var theta: real[d]

let loss(X, y) = mean((X @ theta - y)^2)

minimize loss(valid_X.X, valid_y.y)
over     lambda
where    theta minimizes loss(train_X.X, train_y.y) + sum(exp(lambda) * theta^2)
`;

function answered(X: NumericArray, seed: number): { readonly X: NumericArray; readonly y: NumericArray } {
  const [rows = 0, columns = 0] = X.shape;
  const noise = normal(seed, rows).values;
  return { X, y: vector(applied(X, normal(3, columns).values).map((score, i) => score + (noise[i] as number))) };
}

export const ridge: Task = {
  name: "ridge",
  tables: ({ n = 0, m = 0, d = 0 }) => ({
    train: answered(decayingFeatures(1, n, d), 11),
    valid: answered(decayingFeatures(2, m, d), 12),
  }),
  multiplyAdds: ({ n = 0, d = 0 }) => (n * d * d) / 2 + d ** 3 / 6,
  ours: {
    "first point": async (folder) => {
      // The product XᵀX is part of the work, so every repetition has a problem of its own.
      let problem = await prepared(source, folder);
      return {
        before: async () => {
          problem = await prepared(source, folder);
        },
        run: () => hypergradient(problem),
      };
    },
    "next point": async (folder) => {
      const problem = await prepared(source, folder);
      return { run: () => hypergradient(problem) };
    },
  },
};
