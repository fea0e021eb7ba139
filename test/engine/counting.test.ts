import { describe, expect, it } from "vitest";
import { prepared } from "../support/problems.ts";

const source = (loss: string): string => `
  dim n = 30
  dim m = 20
  data train: { X: real[n, 2], e: real[n] } = normal(seed: 1)
  data valid: { X: real[m, 2], e: real[m] } = normal(seed: 2)
  var a: real
  var y: real[2]
  minimize E[valid](${loss}) over a
  where y minimizes E[train](${loss}) + exp(a) * sumsq(y)`;

describe("work", () => {
  it("counts every pass over the rows of a lower level", async () => {
    const problem = await prepared(source("softplus(X @ y - e)"));
    problem.gradient();
    const { rows, calls } = { ...problem.work };
    problem.gradient({ a: 1 });
    expect(problem.work.rows - rows).toBeGreaterThan(3 * 30);
    expect(problem.work.calls).toBeGreaterThan(calls);
  });

  it("drawn rows count as many as are drawn", async () => {
    const steps = "method: soba(batch: 5, inner_rate: 0.1, outer_rate: 0.1)";
    const rowsOf = async (count: number): Promise<number> => {
      const problem = await prepared(`${source("softplus(X @ y - e)")} solve { ${steps} steps: ${count} }`);
      await problem.solve();
      return problem.work.rows;
    };
    expect((await rowsOf(3)) - (await rowsOf(2))).toBeLessThan(10 + 200);
    expect((await rowsOf(3)) - (await rowsOf(2))).toBeGreaterThanOrEqual(10);
  });
});
