/** Parquet and svmlight files as tables. people.parquet was written by Apache Arrow: two row groups, snappy, six columns of four rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { loadData } from "../../runtime/data/load.ts";
import { isColumn } from "../../runtime/data/table.ts";

const people = readFileSync(join(import.meta.dirname, "files", "people.parquet"));

/** The named field of the one table, as a list of numbers and its shape. */
async function load(declaration: string, bytes: Uint8Array | string, field: string, rest = "") {
  const source = `data D: ${declaration}\n${rest}var w: real\nminimize (w - 1)^2 over w`;
  const { model, diagnostics } = compile(source, "problem.bilevel");
  if (model === undefined) throw new BilevelError(diagnostics);
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const read = async function* () {
    yield content.slice(0, 7);
    yield content.slice(7);
  };
  const { tables } = await loadData(model, { read });
  const column = tables.get("D")?.fields.get(field);
  if (column === undefined || !isColumn(column)) throw new Error("no such column");
  return { shape: column.shape, values: [...column.values] };
}

const message = (loading: Promise<unknown>): Promise<string> =>
  loading.then(
    () => "nothing is wrong",
    (error: Error) => error.message,
  );

describe("parquet", () => {
  const type = "{ X: real[n, 2], sick: bool[n], big: int[n] }";
  test("columns by name, of any kind of number", async () => {
    const source = `${type} = parquet("p.parquet", X: ["age", "weight"], sick: "sick", big: "big")`;
    expect(await load(source, people, "X")).toEqual({ shape: [4, 2], values: [1.5, 10, 2.5, 20, -3, 30, 4, 40] });
    expect((await load(source, people, "sick")).values).toEqual([1, 0, 1, 1]);
    expect((await load(source, people, "big")).values).toEqual([1, 2, 3, 4]);
  });

  test("what is no number, is missing or is no Parquet is named", async () => {
    const vector = (column: string): string => `{ y: real[n] } = parquet("p.parquet", y: "${column}")`;
    expect(await message(load(vector("gap"), people, "y"))).toMatch(/D\.y \(column "gap", row 1\)/);
    expect(await message(load(vector("name"), people, "y"))).toMatch(/column "name"/);
    expect(await message(load(vector("agee"), people, "y"))).toMatch(/agee/);
    expect(await message(load(vector("age"), "not a parquet file at all", "y"))).toMatch(/not well formed/);
    expect(await message(load(vector("age"), people.subarray(0, 200), "y"))).toMatch(/not well formed/);
  });
});

describe("svmlight", () => {
  const declaration = '{ X: real[n, d], y: real[n] } = svmlight("rows.svm")';
  test("rows become dense, indices from 1", async () => {
    const text = "# a comment\n+1 1:0.5 3:2 # the first\n-1 qid:7 2:1e-3\n\n+1\n";
    expect(await load(declaration, text, "X")).toEqual({ shape: [3, 3], values: [0.5, 0, 2, 0, 0.001, 0, 0, 0, 0] });
    expect((await load(declaration, text, "y")).values).toEqual([1, -1, 1]);
  });

  test("an index 0 makes them begin at 0", async () => {
    expect((await load(declaration, "1 0:4 1:5", "X")).values).toEqual([4, 5]);
  });

  test("a width that is known holds", async () => {
    const known = '{ X: real[n, 4], y: real[n] } = svmlight("rows.svm")';
    expect((await load(known, "1 2:1", "X")).shape).toEqual([1, 4]);
    expect(await message(load(known, "1 5:1", "X"))).toMatch(/number 5/);
  });

  test("what is wrong is named with its line", async () => {
    expect(await message(load(declaration, "1 1:2\n1 x:3\n", "X"))).toMatch(/"x:3" is no pair/);
    expect(await message(load(declaration, "1 1:2\nyes 1:3\n", "X"))).toMatch(/yes/);
    expect(await message(load(declaration, "# nothing\n", "X"))).toMatch(/rows/);
    expect(await message(load('{ X: real[n, d] } = svmlight("rows.svm")', "1 1:2", "X"))).toMatch(/vector of labels/);
  });
});
