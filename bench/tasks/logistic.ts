/**
 * The hypergradient of d penalties of a logistic regression, within a fixed budget: so many steps of gradient descent from 0, then
 * so many of conjugate gradients for the adjoint.
 */
import { hypergradientOf, type Settings, type Task } from "../task.ts";
import { regression, regressionTables } from "./regression.ts";

/** Without a solve block. */
export const penalties = regression("mean(softplus(-y * (X @ theta)))", "0.5 * sum(exp(lambda) * theta^2)");

const budget = ({ steps, cg, rate }: Settings): string => `
solve { inner: gd(rate: ${rate}, max: ${steps}, tol: 1e-300, warm: false) adjoint: cg(max: ${cg}, tol: 1e-300) }
`;

export const logistic: Task = {
  name: "logistic",
  tables: regressionTables((score) => (score > 0 ? 1 : -1)),
  // A tenth over a bound on the curvature, so that every step of the budget still moves: at rounding's end ours would stop early.
  // The largest eigenvalue of XᵀX/n is about (1 + √(d/n))².
  derived: ({ n = 1, d = 0 }) => ({ rate: 0.1 / (0.25 * (1 + Math.sqrt(d / n)) ** 2 + Math.exp(-3)) }),
  multiplyAdds: ({ n = 0, m = 0, d = 0, steps = 0, cg = 0 }) => 2 * n * d * (steps + cg + 1) + 2 * m * d,
  ours: {
    "same budget": hypergradientOf((settings) => penalties + budget(settings)),
    "own plan": hypergradientOf(() => penalties),
  },
};
