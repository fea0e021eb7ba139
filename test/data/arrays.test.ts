import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { loadData } from "../../runtime/data/load.ts";
import { column, declare, fileSource, memory, model, numbers, said, tableType } from "./helpers.ts";
import { npy } from "./npy-bytes.ts";

function load(path: string, content: string | Uint8Array, fields: Readonly<Record<string, string>>) {
  const read = memory({ [path]: content }, 100);
  return loadData(model([declare({ t: tableType(fields) }, fileSource(path))]), { read });
}

describe("npy", () => {
  it.each([
    ["<f8", [1.5, -2]],
    [">f8", [1.5, -2]],
    ["<f4", [1.5, -2]],
    ["|i1", [1, -2]],
    ["<i2", [1, -2]],
    [">i4", [1, -2]],
    ["<i8", [1, -(2 ** 40)]],
    ["|u1", [1, 255]],
    ["<u2", [1, 65535]],
    [">u4", [1, 4294967295]],
    ["<u8", [1, 2 ** 40]],
    ["|b1", [1, 0]],
  ] as const)("reads %s", async (dtype, values) => {
    const { tables } = await load("t.npy", npy(dtype, [2], values), { x: "real[n]" });
    expect(numbers(tables.get("t"), "x")).toEqual(values);
  });

  it.each([1, 2, 3])("reads version %d", async (version) => {
    const { tables } = await load("t.npy", npy("<f8", [2, 1], [3, 4], { version }), { x: "real[n, p]" });
    expect(column(tables.get("t"), "x")).toMatchObject({ shape: [2, 1] });
  });

  it("turns Fortran order into rows", async () => {
    // x[i, j, k] = 100 i + 10 j + k, the first index running fastest.
    const shape = [2, 3, 4];
    const values = Array.from(
      { length: 24 },
      (_, at) => 100 * (at % 2) + 10 * (Math.floor(at / 2) % 3) + Math.floor(at / 6),
    );
    const { tables } = await load("t.npy", npy("<i4", shape, values, { fortran: true }), { x: "real[n, 3, 4]" });
    const expected = Array.from(
      { length: 24 },
      (_, at) => 100 * Math.floor(at / 12) + 10 * (Math.floor(at / 4) % 3) + (at % 4),
    );
    expect(numbers(tables.get("t"), "x")).toEqual(expected);
  });

  it("says what is wrong", async () => {
    const whole = npy("<f8", [2], [1, 2]);
    const found = [
      await said(load("t.npy", whole.slice(0, -1), { x: "real[n]" })),
      await said(load("t.npy", whole.slice(0, 40), { x: "real[n]" })),
      await said(load("t.npy", "a,b\n1,2\n3,4\n", { x: "real[n]" })),
      await said(load("t.npy", npy("<c16", [0], []), { x: "real[n]" })),
      await said(load("t.npy", npy("<f8", [9007199254740991, 9007199254740991], []), { x: "real[n, d]" })),
      await said(load("t.npy", npy("<f8", [0], []), { x: "real[n]" })),
      await said(load("t.npy", npy("<f8", [1, 3], [1, NaN, 2]), { x: "real[n, d]" })),
      await said(load("t.npy", npy("<f8", [2], [1, -1]), { x: "class[n]" })),
      await said(load("t.npy", npy("<f8", [2], [1, 2]), { x: "real[n, d]" })),
      await said(load("t.npy", npy("<f8", [2], [1, 2]), { x: "real[3]" })),
      await said(load("t.npy", whole, { x: "real[n]", y: "real[n]" })),
    ];
    expect(`\n${found.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      t.npy file-malformed: t.npy is not well formed: it ends early: shape [2] of <f8 needs 2 values, 1 follow
      t.npy file-malformed: t.npy is not well formed: its header ends early
      t.npy file-malformed: t.npy is not well formed: it is no npy file
      t.npy dtype-unsupported: t.npy holds values of type "<c16", which are not numbers this reads / save it as float64, float32, an integer type or bool
      data-too-large: t does not fit in memory: it holds 8.112963841460666e+31 numbers of shape [9007199254740991, 9007199254740991] / use fewer rows or columns
      t.npy table-empty: t.npy has no rows for t
      t.npy cell-not-finite: t.x[0][1] is "NaN" here, and must be a finite number / there are no missing values: remove the row or fill it in
      t.npy label-invalid: t.x[1] is "-1" here, and labels are whole numbers from 0 / number the classes 0, 1, 2, ...
      t.npy field-shape: t.x is declared real[n, d], and t.npy holds an array of shape [2]
      t.npy size-mismatch: t.x is declared real[3], and t.npy gives real[2]
      t.npy array-missing: t.npy holds no array "y", which t declares
      "
    `);
  });
});

describe("npz", () => {
  const xs = npy("<f8", [2, 2], [1, 2, 3, 4]);
  const ys = npy("<i8", [2], [0, 1]);

  it("reads the arrays of the fields", async () => {
    for (const level of [0, 6] as const) {
      const zip = zipSync({ "xs.npy": xs, "ys.npy": ys, "other.npy": Uint8Array.of(1) }, { level });
      const { tables, sizes } = await load("t.npz", zip, { xs: "real[n, d]", ys: "class[n]" });
      expect(numbers(tables.get("t"), "xs")).toEqual([1, 2, 3, 4]);
      expect(numbers(tables.get("t"), "ys")).toEqual([0, 1]);
      expect(Object.fromEntries(sizes)).toEqual({ n: 2, d: 2 });
    }
  });

  it("says what is wrong", async () => {
    const fields = { xs: "real[n, d]", ys: "real[n]" };
    const zip = zipSync({ "xs.npy": xs, "y.npy": ys });
    const found = [
      await said(load("t.npz", zip, fields)),
      await said(load("t.npz", zip.slice(0, -8), fields)),
      await said(load("t.npz", "", fields)),
      await said(load("t.npz", zipSync({ "xs.npy": xs, "ys.npy": npy("<i8", [3], [0, 1, 2]) }), fields)),
    ];
    expect(`\n${found.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      t.npz array-missing: t.npz holds no array "ys", which t declares / did you mean "xs"?
      t.npz file-malformed: t.npz is not well formed: it is no zip of arrays, or a damaged one
      t.npz file-malformed: t.npz is not well formed: it is no zip of arrays, or a damaged one
      t.npz rows-disagree: the fields of t have different rows in t.npz: xs has 2, ys has 3
      "
    `);
  });
});

describe("json", () => {
  it("reads nested lists", async () => {
    const text = JSON.stringify({
      xs: [
        [[1], [2]],
        [[3], [4]],
        [[5], [6]],
      ],
      ok: [true, 0, false],
    });
    const { tables, sizes } = await load("t.json", text, { xs: "real[T, s, 1]", ok: "bool[T]" });
    expect(numbers(tables.get("t"), "xs")).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers(tables.get("t"), "ok")).toEqual([1, 0, 0]);
    expect(Object.fromEntries(sizes)).toEqual({ T: 3, s: 2 });
  });

  it("says what is wrong", async () => {
    const fields = { ys: "real[n, d, e]" };
    const found = [
      await said(load("t.json", "[1, 2]", fields)),
      await said(load("t.json", '{"ys": [1,\n 2,, 3]}', fields)),
      await said(load("t.json", '{"ys": [1,', fields)),
      await said(load("t.json", '{"y": [1]}', { ys: "real[n]" })),
      await said(load("t.json", '{"ys": [[[1], [2]], [[3], [4, 5]]]}', fields)),
      await said(load("t.json", '{"ys": [[[1]], [3]]}', fields)),
      await said(load("t.json", '{"ys": [[1], [3]]}', fields)),
      await said(load("t.json", '{"ys": [[[[1]]]]}', fields)),
      await said(load("t.json", '{"ys": [1, "two"]}', { ys: "real[n]" })),
      await said(load("t.json", '{"ys": [1, null]}', { ys: "real[n]" })),
      await said(load("t.json", '{"ys": [1, 1e999]}', { ys: "real[n]" })),
      await said(load("t.json", '{"ys": [1, true]}', { ys: "real[n]" })),
      await said(load("t.json", '{"ys": [1, 2], "xs": [1]}', { ys: "real[n]", xs: "real[n]" })),
      await said(load("t.json", '{"ys": []}', { ys: "real[n]" })),
    ];
    expect(`\n${found.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      t.json file-malformed: t.json is not well formed: an object of arrays is expected, as in {"x": [1, 2]}
      t.json file-malformed: t.json is not well formed: the JSON text ends too early
      t.json file-malformed: t.json is not well formed: the JSON text ends too early
      t.json array-missing: t.json holds no array "ys", which t declares
      t.json array-ragged: t.ys[1][1] has 2 entries, t.ys[0][0] has 1
      t.json array-ragged: t.ys[1][0] is not a list, t.ys[0][0] has 1
      t.json field-shape: t.ys is declared real[n, d, e], and t.ys[0][0] in t.json is not a list
      t.json field-shape: t.ys is declared real[n, d, e], and t.ys[0][0][0] in t.json is a list
      t.json cell-invalid: t.ys[1] is "two" here, and must be a number
      t.json cell-not-finite: t.ys[1] is "null" here, and must be a finite number / there are no missing values: remove the row or fill it in
      t.json cell-not-finite: t.ys[1] is "Infinity" here, and must be a finite number / there are no missing values: remove the row or fill it in
      t.json cell-invalid: t.ys[1] is "true" here, and must be a number
      t.json rows-disagree: the fields of t have different rows in t.json: ys has 2, xs has 1
      t.json table-empty: t.json has no rows for t
      "
    `);
  });
});
