/** The hypergradient of d penalties of a ridge regression, exactly: one factorisation of order d. */
import { hypergradient, hypergradientOf, prepared, type Task } from "../task.ts";
import { regression, regressionTables } from "./regression.ts";

const source = regression("mean((X @ theta - y)^2)", "sum(exp(lambda) * theta^2)");

export const ridge: Task = {
  name: "ridge",
  tables: regressionTables((score) => score),
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
    "next point": hypergradientOf(() => source),
  },
};
