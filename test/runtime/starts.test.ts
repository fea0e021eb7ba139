import { describe, expect, it } from "vitest";
import { prepared } from "../support/problems.ts";

const wavy = (start: string): string => `
  var a: real ${start}
  var x: real
  minimize sin(3 * x) + 0.1 * x^2 over a
  where x minimizes (x - a)^2`;

describe("runs from several starts", () => {
  it("give the best end and how each ended, the same for a seed", async () => {
    const problem = await prepared(wavy("init 3"));
    const alone = await problem.solve();
    const result = await problem.solve({ starts: 6 });
    expect(result.starts).toHaveLength(6);
    expect(result.starts?.[0]?.value).toBeCloseTo(alone.value, 12);
    const values = result.starts?.map(({ value }) => value as number) ?? [];
    expect(result.value).toBe(Math.min(...values));
    expect(result.value).toBeLessThan(alone.value - 0.5);
    expect((await problem.solve({ starts: 6 })).starts).toEqual(result.starts);
    expect(alone.starts).toBeUndefined();
  });

  it("stay in the sets of the upper variables, maximise, and outlast starts that are refused", async () => {
    const bound = await prepared(wavy("in box(2.5, 3.5) init 3"));
    for (const { upper } of (await bound.solve({ starts: 5 })).starts ?? []) {
      expect(upper?.["a"]).toBeGreaterThanOrEqual(2.5);
      expect(upper?.["a"]).toBeLessThanOrEqual(3.5);
    }
    const most = await prepared(wavy("init 3").replace("minimize", "maximize").replace("0.1", "-0.1"));
    const { value, starts = [] } = await most.solve({ starts: 4 });
    expect(value).toBe(Math.max(...starts.map((start) => start.value as number)));
    const half = await prepared(
      "var a: real init 0.5\nvar x: real\nminimize (x - 1)^2 over a\nwhere x minimizes a * x^2 - x",
    );
    const mixed = await half.solve({ starts: 8 });
    expect(mixed.starts?.some(({ status }) => status === "refused")).toBe(true);
    expect(mixed.upper["a"]).toBeCloseTo(0.5, 6);
  });
});
