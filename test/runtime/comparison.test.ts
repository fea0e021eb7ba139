import { describe, expect, it } from "vitest";
import { type ComparedRun, curves, spreadOf, summarise } from "../../runtime/comparison.ts";

const run = (method: string, seed: number, values: readonly number[]): ComparedRun => ({
  method,
  seed,
  status: "max_steps",
  value: values.at(-1) as number,
  gradient_norm: 1,
  seconds: values.length - 1,
  looks: values.map((value, k) => ({ step: k, seconds: k, passes: 2 * k, value, gradient_norm: 10 ** -k })),
});

describe("comparisons", () => {
  it("spreads are medians and quartiles", () => {
    expect(spreadOf([5, 1, 3, 2, 4])).toEqual({ low: 2, median: 3, high: 4 });
    expect(spreadOf([1, 2])).toEqual({ low: 1.25, median: 1.5, high: 1.75 });
    expect(spreadOf([7])).toEqual({ low: 7, median: 7, high: 7 });
    expect(spreadOf([1, Number.POSITIVE_INFINITY]).high).toBe(Number.POSITIVE_INFINITY);
  });

  it("methods are summed up over their seeds, in order", () => {
    const found = summarise([run("b", 0, [3, 1]), run("a", 0, [4, 2]), run("b", 1, [3, 2])]);
    expect(found.map(({ method, runs }) => [method, runs])).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
    expect(found[0]?.value?.median).toBe(1.5);
  });

  it("curves hold the last look until the next one, over what all seeds have in common", () => {
    const [curve] = curves([run("a", 0, [4, 2, 1]), run("a", 1, [8, 6])], "seconds", "value");
    expect(curve?.x[0]).toBe(0);
    expect(curve?.x.at(-1)).toBe(1);
    expect(curve?.spread[0]?.median).toBe(6);
    expect(curve?.spread.at(-1)?.median).toBe(4);
    expect(curve?.spread.at(-2)?.median).toBe(6);
  });
});
