import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSettings, writeTask } from "../../bench/task.ts";
import { stochastic } from "../../bench/tasks/stochastic.ts";

test("a run to a target says whether it got there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bench-stochastic-"));
  try {
    const settings = { n: 500, m: 400, d: 3, inner: 1, outer: 5, steps: 200 };
    writeTask(stochastic, folder, { ...settings, target: 1 });
    const session = await stochastic.ours["saba"]?.(folder, readSettings(folder));
    const last = await session?.run();
    expect(session?.finish?.(last as NonNullable<typeof last>).value).toBeLessThan(1);
    writeTask(stochastic, folder, { ...settings, target: 0 });
    const missed = await stochastic.ours["saba"]?.(folder, readSettings(folder));
    expect(() => missed?.finish?.(last as NonNullable<typeof last>)).toThrow(/above 0/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
