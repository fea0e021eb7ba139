/**
 * A penalty a feature of a logistic regression by steps on drawn rows, on data of the size of ijcnn1. `soba` takes so many steps of
 * given size. `saba` takes as many as lead to the target: the upper objective, with the lower level solved, is then at most `target`;
 * its peers go there by their own ways. `aid` is our way that reads all rows.
 */
import { prepared, type Session, type Settings, type Task } from "../task.ts";
import { logistic, penalties } from "./logistic.ts";

/** What the method leads to, as it says itself. */
async function solved(folder: string, entries: string): Promise<Session> {
  const problem = await prepared(`${penalties}\nsolve { batch: 64 ${entries} }`, folder);
  return {
    run: async () => {
      const { value, upper } = await problem.solve();
      return { value, result: upper["lambda"] as readonly number[] };
    },
  };
}

/** The same, once the lower level at its end says that the target is met. */
async function toTarget(folder: string, entries: string, target: number): Promise<Session> {
  const [session, exact] = [await solved(folder, entries), await prepared(penalties, folder)];
  return {
    ...session,
    finish: ({ result }) => {
      const { value } = exact.gradient({ lambda: [...result] });
      if (!(value <= target)) throw new Error(`it ended at ${value}, above ${target}`);
      return { value, result };
    },
  };
}

const rated = ({ inner = 0, outer = 0 }: Settings): string => `(inner_rate: ${inner}, outer_rate: ${outer})`;

export const stochastic: Task = {
  name: "stochastic",
  tables: logistic.tables,
  // Of the lower level: X θ, X v and two products with Xᵀ; of the upper one, which reads its rows at θ alone, one each.
  multiplyAdds: ({ steps = 0, d = 0 }) => steps * 64 * d * 6,
  ours: {
    soba: (folder, settings) => solved(folder, `method: soba${rated(settings)} steps: ${settings["steps"]}`),
    saba: (folder, settings) =>
      toTarget(folder, `method: saba${rated(settings)} steps: ${settings["steps"]}`, settings["target"] ?? 0),
    aid: (folder, { rounds = 0, target = 0 }) => toTarget(folder, `method: aid steps: ${rounds}`, target),
  },
};
