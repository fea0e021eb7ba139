/** Steps of gradient descent on a network of two hidden layers with a batch of rows: each is one pass forward and one backward. */
import { applied, type NumericArray, normal, vector } from "../data.ts";
import { flat, prepared, type Task } from "../task.ts";

const source = (steps: number, rate: number): string => `
data batch: { X: real[n, d] } = npy("batch.X.npy")
data target: { y: real[n] } = npy("batch.y.npy")
data first: { W: real[d, h] } = npy("first.W.npy")
data second: { W: real[h, h] } = npy("second.W.npy")
data third: { W: real[h] } = npy("third.W.npy")

var W1: real[d, h] init first.W
var b1: real[h]
var W2: real[h, h] init second.W
var b2: real[h]
var w3: real[h] init third.W
var b3: real

minimize mean((tanh(tanh(batch.X @ W1 + b1) @ W2 + b2) @ w3 + b3 - target.y)^2)
over     W1, b1, W2, b2, w3, b3

solve { outer: gd(rate: ${rate}, tol: 1e-300) steps: ${steps} }
`;

function scaled({ shape, values }: NumericArray, factor: number): NumericArray {
  return { shape, values: values.map((value) => factor * value) };
}

export const mlp: Task = {
  name: "mlp",
  tables: ({ n = 0, d = 0, h = 0 }) => {
    const X = normal(1, n, d);
    return {
      batch: { X, y: vector(applied(X, normal(2, d).values).map(Math.sin)) },
      first: { W: scaled(normal(3, d, h), 1 / Math.sqrt(d)) },
      second: { W: scaled(normal(4, h, h), 1 / Math.sqrt(h)) },
      third: { W: scaled(normal(5, h), 1 / Math.sqrt(h)) },
    };
  },
  derived: () => ({ rate: 0.02 }),
  multiplyAdds: ({ n = 0, d = 0, h = 0, steps = 0 }) => n * (2 * d * h + 3 * h * h + 3 * h) * steps,
  ours: {
    "same budget": async (folder, { steps = 0, rate = 0 }) => {
      const problem = await prepared(source(steps, rate), folder);
      return {
        run: async () => {
          const { value, upper } = await problem.solve();
          return { value, result: flat(Object.values(upper)) };
        },
      };
    },
  },
};
