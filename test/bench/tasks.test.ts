import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Outcome, readSettings, type Settings, type Task, writeTask } from "../../bench/task.ts";
import { cleaning } from "../../bench/tasks/cleaning.ts";
import { logistic } from "../../bench/tasks/logistic.ts";
import { mlp } from "../../bench/tasks/mlp.ts";
import { product } from "../../bench/tasks/product.ts";
import { ridge } from "../../bench/tasks/ridge.ts";

const root = mkdtempSync(join(tmpdir(), "bench-"));
afterAll(() => rmSync(root, { recursive: true }));

/** What our way of a task finds, once its files are written. */
async function outcome(task: Task, way: string, given: Settings): Promise<Outcome> {
  const folder = mkdtempSync(join(root, `${task.name}-`));
  writeTask(task, folder, given);
  const open = task.ours[way];
  if (open === undefined) throw new Error(`no ${way}`);
  const session = await open(folder, readSettings(folder));
  await session.before?.();
  return session.run();
}

function expectSame(a: Outcome, b: Outcome): void {
  expect(a.value).toBeCloseTo(b.value, 9);
  expect(a.result.length).toBe(b.result.length);
  a.result.forEach((x, i) => expect(x).toBeCloseTo(b.result[i] as number, 9));
}

describe("our ways of a task agree", () => {
  test("a large budget of steps is the exact hypergradient", async () => {
    const settings = { n: 60, m: 30, d: 4, steps: 3000, cg: 20 };
    expectSame(await outcome(logistic, "same budget", settings), await outcome(logistic, "own plan", settings));
  });

  test("a small budget is another one, and its residual says so", async () => {
    const settings = { n: 60, m: 30, d: 4, steps: 5, cg: 3 };
    const { residual } = await outcome(logistic, "same budget", settings);
    expect(residual).toBeGreaterThan(1e-3);
  });

  test("a first point is a next one", async () => {
    const settings = { n: 40, m: 20, d: 6 };
    expectSame(await outcome(ridge, "first point", settings), await outcome(ridge, "next point", settings));
  });

  test("training goes down, by every step more", async () => {
    const settings = { n: 16, d: 5, h: 6 };
    const few = await outcome(mlp, "same budget", { ...settings, steps: 2 });
    const more = await outcome(mlp, "same budget", { ...settings, steps: 20 });
    expect(more.value).toBeLessThan(few.value);
    expect(more.result.length).toBe(5 * 6 + 6 + 6 * 6 + 6 + 6 + 1);
  });

  test("weights of rows have a derivative each", async () => {
    const { result } = await outcome(cleaning, "same budget", { n: 30, m: 20, d: 5, k: 3, steps: 50, cg: 10 });
    expect(result.length).toBe(30);
    expect(result.some((x) => x > 0)).toBe(true);
    expect(result.some((x) => x < 0)).toBe(true);
  });

  test("a product's first row", async () => {
    const { A, B } = product.tables({ n: 8 })["pair"] ?? {};
    const { result } = await outcome(product, "engine", { n: 8 });
    const row = Array.from({ length: 8 }, (_, j) =>
      Array.from({ length: 8 }, (_, k) => (A?.values[k] as number) * (B?.values[8 * k + j] as number)).reduce(
        (a, b) => a + b,
      ),
    );
    row.forEach((x, j) => expect(result[j]).toBeCloseTo(x, 12));
  });
});
