import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataSource } from "../../compiler/check/model.ts";
import type { TableType } from "../../compiler/check/types.ts";
import { namedSize, sizeOf } from "../../compiler/ir/size.ts";
import { generate } from "../../runtime/data/generators.ts";
import { loadData } from "../../runtime/data/load.ts";
import { column, declare, fileSource, inner, memory, model, numbers, said, tableType } from "./helpers.ts";

const all = declare(
  { all: tableType({ X: "real[n, 2]", y: "real[n]" }) },
  fileSource("all.csv", { X: "rest", y: ["y"] }),
);

/** Row i holds 10 i, 7 and i. */
function load(rows: number, ...derived: readonly ReturnType<typeof declare>[]) {
  const text = ["a,b,y", ...Array.from({ length: rows }, (_, i) => `${10 * i},7,${i}`)].join("\n");
  return loadData(model([...derived, all]), { read: memory({ "all.csv": text }, 1000) });
}

function part(rows: string): TableType {
  return { ...tableType({ X: `real[${rows}, 2]`, y: `real[${rows}]` }), rows: namedSize(rows) };
}

describe("split", () => {
  const split = (fractions: readonly number[], seed?: number) =>
    declare(Object.fromEntries(fractions.map((_, i) => [`p${i}`, part(`r${i}`)])), {
      kind: "split",
      table: "all",
      fractions,
      seed,
    });

  it("keeps file order without a seed", async () => {
    const { tables, sizes } = await load(10, split([0.5, 0.3]));
    expect(numbers(tables.get("p0"), "y")).toEqual([0, 1, 2, 3, 4]);
    expect(numbers(tables.get("p1"), "X")).toEqual([50, 7, 60, 7, 70, 7]);
    expect(Object.fromEntries(sizes)).toEqual({ n: 10, r0: 5, r1: 3 });
  });

  it("deals out every row once when the fractions sum to 1", async () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        weights,
        fc.integer({ min: 40, max: 80 }),
        fc.option(fc.nat(), { nil: undefined }),
        async (w, rows, seed) => {
          const total = w.reduce((a, b) => a + b);
          const { tables } = await load(
            rows,
            split(
              w.map((each) => each / total),
              seed,
            ),
          );
          const dealt = w.flatMap((_, i) => numbers(tables.get(`p${i}`), "y"));
          expect(dealt.sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
          w.forEach((each, i) => {
            expect(Math.abs((tables.get(`p${i}`)?.rows ?? 0) - (rows * each) / total)).toBeLessThanOrEqual(1);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it("keeps rows whole and finds their places in the file", async () => {
    const { tables } = await load(20, split([0.5, 0.5], 1));
    const table = tables.get("p1");
    const y = numbers(table, "y");
    expect(numbers(table, "X").filter((_, i) => i % 2 === 0)).toEqual(y.map((value) => 10 * value));
    expect(y).not.toEqual(y.toSorted((a, b) => a - b));
    expect(await table?.origin?.locate("y", 3, 0)).toMatchObject({ file: "all.csv", line: (y[3] ?? 0) + 2 });
  });

  it("refuses empty parts and too much", async () => {
    expect(await said(load(10, split([0.99, 0.01])))).toBe("split-invalid: p1 gets no row: 0.01 of 10 rows");
    expect(await said(load(10, split([0.75, 0.5])))).toContain("sum to 1.25");
    expect(await said(load(10, split([1, -0.5])))).toContain("positive");
  });
});

describe("folds", () => {
  const folds = (k: number, seed?: number) => {
    const type = (rows: string) => ({ kind: "table", table: part(rows) }) as const;
    const fields = new Map([
      ["train", type("t")],
      ["valid", type("v")],
    ]);
    return declare(
      { cv: { rows: sizeOf(k), endless: false, fields } },
      { kind: "folds", table: "all", k: sizeOf(k), seed },
    );
  };

  it("leaves out each row once, contiguous without a seed", async () => {
    const { tables, sizes } = await load(6, folds(3));
    const valid = inner(tables.get("cv"), "valid").map((fold) => numbers(fold, "y"));
    const train = inner(tables.get("cv"), "train").map((fold) => numbers(fold, "y"));
    expect(valid).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(train).toEqual([
      [2, 3, 4, 5],
      [0, 1, 4, 5],
      [0, 1, 2, 3],
    ]);
    expect(Object.fromEntries(sizes)).toEqual({ n: 6, t: 4, v: 2 });
  });

  it("permutes with a seed; unequal folds leave the name of their rows open", async () => {
    const { tables, sizes } = await load(7, folds(3, 0));
    const valid = inner(tables.get("cv"), "valid").flatMap((fold) => numbers(fold, "y"));
    expect(valid).not.toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(valid.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(Object.fromEntries(sizes)).toEqual({ n: 7 });
  });

  it("refuses one fold and more folds than rows", async () => {
    expect(await said(load(5, folds(1)))).toContain("folds-invalid");
    expect(await said(load(5, folds(6)))).toContain("6 folds of all, which has 5 rows");
  });
});

describe("standardize", () => {
  const standardize = (fields: readonly string[] = []): DataSource => ({
    kind: "standardize",
    table: "p1",
    like: "p0",
    fields,
  });
  const split = declare({ p0: part("r0"), p1: part("r1") }, { kind: "split", table: "all", fractions: [0.5, 0.5] });

  it("scales matrices by the other table's moments and says which column is constant", async () => {
    const { tables, warnings } = await load(6, declare({ s: part("r1") }, standardize()), split);
    // p0 holds 0, 10, 20: mean 10, deviation sqrt(200 / 3).
    const deviation = Math.sqrt(200 / 3);
    expect(numbers(tables.get("s"), "X")).toEqual([20 / deviation, 0, 30 / deviation, 0, 40 / deviation, 0]);
    expect(numbers(tables.get("s"), "y")).toEqual([3, 4, 5]);
    expect(warnings.map((warning) => warning.message)).toEqual([
      "column 1 of p0.X is 7 in every row of p0: it is centred and not scaled",
    ]);
  });

  it("scales vectors that are named", async () => {
    const { tables, warnings } = await load(6, split, declare({ s: part("r1") }, standardize(["y"])));
    expect(numbers(tables.get("s"), "y")[0]).toBeCloseTo(2 / Math.sqrt(2 / 3), 14);
    expect(numbers(tables.get("s"), "X")).toEqual([30, 7, 40, 7, 50, 7]);
    expect(warnings).toEqual([]);
  });
});

describe("generators", () => {
  it("fill the declared shape", () => {
    expect([...generate({ kind: "linspace", from: 0, to: 1 }, [5])]).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect([...generate({ kind: "linspace", from: 3, to: 5 }, [1, 2])]).toEqual([3, 3]);
    expect([...generate({ kind: "eye" }, [2, 3])]).toEqual([1, 0, 0, 0, 1, 0]);
    expect([...generate({ kind: "ones" }, [2])]).toEqual([1, 1]);
    expect([...generate({ kind: "zeros" }, [2])]).toEqual([0, 0]);
    expect([...generate({ kind: "normal", seed: 1 }, [])]).toHaveLength(1);
    const uniform = generate({ kind: "uniform", low: -2, high: 3, seed: 0 }, [1000]);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...uniform)).toBeLessThan(3);
  });

  it("draw fields with their own seeds, and endless tables once", async () => {
    const endless = declare(
      { noise: { ...tableType({ z: "real[r, 2]", u: "real[r, 2]" }), endless: true } },
      { kind: "generated", generator: { kind: "normal", seed: 4 } },
    );
    const { tables, sizes } = await loadData(model([endless]), { draws: 100 });
    expect(column(tables.get("noise"), "z").shape).toEqual([100, 2]);
    expect(numbers(tables.get("noise"), "u")).toEqual([...generate({ kind: "normal", seed: 5 }, [100, 2])]);
    expect(sizes.get("r")).toBe(100);
    expect((await loadData(model([endless]))).tables.get("noise")?.rows).toBe(1024);
  });
});
