/**
 * The hypergradient of one weight a training row, of a linear classifier fitted to the weighted rows, within a fixed budget: so many
 * steps of gradient descent from 0, then so many of conjugate gradients for the adjoint.
 */
import { decayingFeatures, type NumericArray, normal, vector } from "../data.ts";
import { hypergradientOf, type Settings, type Task } from "../task.ts";

const source = ({ steps, cg, rate }: Settings): string => `
data train: { x: real[n, d] } = npy("train.x.npy")
data train_class: { label: class[n] } = npy("train.label.npy")
data valid: { x: real[m, d] } = npy("valid.x.npy")
data valid_class: { label: class[m] } = npy("valid.label.npy")
dim k = classes(train_class.label)

var weight: real[n]
var W: real[d, k]

minimize mean(cross_entropy(valid.x @ W, valid_class.label))
over     weight
where    W minimizes mean(sigmoid(weight) * cross_entropy(train.x @ W, train_class.label)) + 1e-3 * sumsq(W)

solve { inner: gd(rate: ${rate}, max: ${steps}, tol: 1e-300, warm: false) adjoint: cg(max: ${cg}, tol: 1e-300) }
`;

/** Labels are the largest of k random scores. */
function classified(x: NumericArray, k: number): { readonly x: NumericArray; readonly label: NumericArray } {
  const [rows = 0, columns = 0] = x.shape;
  const W = normal(3, columns, k).values;
  const label = new Float64Array(rows);
  const scores = new Float64Array(k);
  for (let i = 0; i < rows; i += 1) {
    scores.fill(0);
    for (let j = 0; j < columns; j += 1) {
      const entry = x.values[i * columns + j] as number;
      for (let c = 0; c < k; c += 1) (scores[c] as number) += entry * (W[j * k + c] as number);
    }
    label[i] = scores.indexOf(Math.max(...scores));
  }
  return { x, label: vector(label) };
}

export const cleaning: Task = {
  name: "cleaning",
  tables: ({ n = 0, m = 0, d = 0, k = 0 }) => ({
    train: classified(decayingFeatures(1, n, d), k),
    valid: classified(decayingFeatures(2, m, d), k),
  }),
  // The curvature of a cross-entropy is at most ½, of the weighted one ¼ at the start, times that of the features.
  derived: ({ n = 1, d = 0 }) => ({ rate: 1 / (0.25 * (1 + Math.sqrt(d / n)) ** 2 + 2e-3) }),
  multiplyAdds: ({ n = 0, m = 0, d = 0, k = 0, steps = 0, cg = 0 }) => 2 * k * d * (n * (steps + cg + 1) + m),
  ours: {
    "same budget": hypergradientOf(source),
  },
};
