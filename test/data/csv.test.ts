import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadData } from "../../runtime/data/load.ts";
import { parseNumber } from "../../runtime/data/number.ts";
import { column, declare, fileSource, memory, model, numbers, said, tableType } from "./helpers.ts";

const regression = tableType({ X: "real[n, d]", y: "real[n]" });
const columns = { X: "rest", y: ["y"] } as const;

function load(
  text: string | Uint8Array,
  type = regression,
  fields: Parameters<typeof fileSource>[1] = columns,
  piece = 7,
) {
  const read = memory({ "t.csv": text }, piece);
  return loadData(model([declare({ t: type }, fileSource("t.csv", fields))]), { read });
}

describe("csv", () => {
  it("takes columns by name and the rest in file order", async () => {
    const { tables, sizes } = await load("b,y,a\n1,2,3\n4,5,6\n");
    expect(column(tables.get("t"), "X")).toMatchObject({ element: "real", shape: [2, 2] });
    expect(numbers(tables.get("t"), "X")).toEqual([1, 3, 4, 6]);
    expect(numbers(tables.get("t"), "y")).toEqual([2, 5]);
    expect([...sizes]).toEqual([
      ["n", 2],
      ["d", 2],
    ]);
  });

  it("takes named columns in the order of the program and leaves others unread", async () => {
    const type = tableType({ z: "real[n, 2]", y: "real[n]" });
    const { tables } = await load("id,z1,y,z2\nx,1,2,3\ny,4,5,6", type, { z: ["z2", "z1"], y: ["y"] });
    expect(numbers(tables.get("t"), "z")).toEqual([3, 1, 6, 4]);
  });

  it.each([
    ["CRLF and no last line end", "a,y\r\n1,2\r\n3,4"],
    ["a byte-order mark", "\ufeffa,y\n1,2\n3,4\n"],
    ["blanks around numbers", "a , y\n 1 ,\t2\n3 , 4 \n"],
    ["quotes", '"a","y"\n"1","2"\n" 3 ",4\n'],
    ["quotes with line ends and commas", '"a","x, ""y""\n","y"\n1,"u\n,",2\n3,"",4\n'],
    ["blank lines at the end", "a,y\n1,2\n3,4\n\n \n"],
  ])("reads %s", async (_, text) => {
    for (const piece of [1, 2, 5, 1000]) {
      const { tables } = await load(text, tableType({ X: "real[n, 1]", y: "real[n]" }), { X: ["a"], y: ["y"] }, piece);
      expect(numbers(tables.get("t"), "X")).toEqual([1, 3]);
      expect(numbers(tables.get("t"), "y")).toEqual([2, 4]);
    }
  });

  it("reads labels, whole numbers and booleans", async () => {
    const type = tableType({ label: "class[n]", k: "int[n]", ok: "bool[n]" });
    const { tables } = await load("l,k,b\n3.0,-2,true\n0,1e3,0\n1,0,FALSE\n", type, {
      label: ["l"],
      k: ["k"],
      ok: ["b"],
    });
    expect(numbers(tables.get("t"), "label")).toEqual([3, 0, 1]);
    expect(numbers(tables.get("t"), "k")).toEqual([-2, 1000, 0]);
    expect(numbers(tables.get("t"), "ok")).toEqual([1, 0, 0]);
  });

  it("reads columns side by side as further axes whose sizes are known", async () => {
    const type = tableType({ X: "real[n, 2, 3]", y: "real[n]" });
    const { tables } = await load("y,a,b,c,d,e,f\n0,1,2,3,4,5,6\n", type);
    expect(column(tables.get("t"), "X").shape).toEqual([1, 2, 3]);
  });

  it("reads any numbers as the host does, in any pieces", async () => {
    const rows = fc.array(fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 40 }), async (values, piece) => {
        const { tables } = await load(
          `a,y\n${values.map(([a, y]) => `${Object.is(a, -0) ? "-0" : a},${y}`).join("\n")}`,
          regression,
          columns,
          piece,
        );
        expect(numbers(tables.get("t"), "X")).toEqual(values.map(([a]) => a));
        expect(numbers(tables.get("t"), "y")).toEqual(values.map(([, y]) => y));
      }),
      { numRuns: 50 },
    );
  });
});

describe("numbers", () => {
  const parse = (text: string) => parseNumber(Buffer.from(text), 0, Buffer.byteLength(text));

  it("are correctly rounded", () => {
    const texts = fc.tuple(
      fc.bigInt({ min: 0n, max: 10n ** 25n }),
      fc.integer({ min: 0, max: 25 }),
      fc.integer({ min: -40, max: 40 }),
    );
    fc.assert(
      fc.property(texts, ([digits, point, exponent]) => {
        const padded = digits.toString().padStart(point + 1, "0");
        const text = `-${padded.slice(0, padded.length - point)}.${padded.slice(padded.length - point)}e${exponent}`;
        expect(parse(text)).toBe(Number(text));
      }),
    );
  });

  it.each(["", ".", "-", "1e", "1e+", "0x10", "1_000", "1 2", "--1", "1.2.3", "Infinity", "é", "1e5x"])(
    "%j is none",
    (text) => {
      expect(parse(text)).toBeNaN();
    },
  );

  it.each([
    [".5", 0.5],
    ["5.", 5],
    ["+3", 3],
    ["1E3", 1000],
    ["\t-2 \r", -2],
  ] as const)("%j is one", (text, value) => {
    expect(parse(text)).toBe(value);
  });
});

describe("csv errors", () => {
  it("say where and what was expected", async () => {
    const found = [
      await said(load("")),
      await said(load("a,y\n")),
      await said(load("a,b,target\n1,2,3\n", regression, { X: "rest", y: ["taget"] })),
      await said(load("a;y\n1;2\n")),
      await said(load("a,y,a\n1,2,3\n")),
      await said(load(",a,y\n0,1,2\n")),
      await said(load("a,y\n1,2\n 3,four\n")),
      await said(load('a,s,y\n1,"é\nü, x",2,5\n', tableType({ X: "real[n, 2]", y: "real[n]" }))),
      await said(load('a,é,y\n1,"é\nü, x",2\n')),
      await said(load("a,y\n1,2\n,3\n")),
      await said(load("a,y\n1,NaN\n")),
      await said(load("a,y\n1,-inf\n")),
      await said(load("a,y\n1,1e999\n")),
      await said(load('a,y\n1,"2,5"\n')),
      await said(load("a,y\n1\n")),
      await said(load("a,y\n1,2\n\n3,4\n")),
      await said(load('a,y\n1,"2\n3,4\n')),
      await said(load('a,y\n1,"2"x\n')),
      await said(load(Uint8Array.of(0xff, 0xfe, 97, 0))),
      await said(load("a,y\n1,-1\n", tableType({ X: "real[n, d]", y: "class[n]" }))),
      await said(load("a,y\n1,0.5\n", tableType({ X: "real[n, d]", y: "class[n]" }))),
      await said(load("a,y\n1,0.5\n", tableType({ X: "real[n, d]", y: "int[n]" }))),
      await said(load("a,y\n1,2\n", tableType({ X: "real[n, d]", y: "bool[n]" }))),
      await said(load("a,b,y\n1,2,3\n", tableType({ X: "real[n]", y: "real[n]" }))),
      await said(load("y\n1\n")),
      await said(load("a,b,y\n1,2,3\n", tableType({ X: "real[n, 3]", y: "real[n]" }))),
    ];
    expect(`\n${found.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      t.csv table-empty: t.csv is empty: a header row is expected
      t.csv table-empty: t.csv has no rows for t
      t.csv:1:1 column-missing: t.y reads column "taget", which t.csv does not have / did you mean "target"?
      t.csv:1:1 column-missing: t.y reads column "y", which t.csv does not have / cells are separated by commas; this file seems to use semicolons
      t.csv:1:5 column-duplicate: t.csv has two columns named "a" / rename one of them in the header row
      t.csv:1:1 column-unnamed: column 1 of t.csv has no name in the header row / name it; where it holds row numbers saved along with the data, leave it out
      t.csv:3:4 cell-invalid: t.y (column "y") is "four" here, and must be a number
      t.csv:3:9 row-ragged: line 2 of t.csv has 4 cells, the header row has 3
      t.csv:2:3 cell-invalid: t.X (column "é") is "é\\nü, x" here, and must be a number
      t.csv:3:1 cell-empty: t.X (column "a") is empty here / there are no missing values: remove the row or fill it in
      t.csv:2:3 cell-not-finite: t.y (column "y") is "NaN" here, and must be a finite number / there are no missing values: remove the row or fill it in
      t.csv:2:3 cell-not-finite: t.y (column "y") is "-inf" here, and must be a finite number / there are no missing values: remove the row or fill it in
      t.csv:2:3 cell-not-finite: t.y (column "y") is "1e999" here, and must be a finite number / there are no missing values: remove the row or fill it in
      t.csv:2:3 cell-invalid: t.y (column "y") is "2,5" here, and must be a number / write a decimal point instead of a comma
      t.csv:2:1 row-ragged: line 2 of t.csv has 1 cell, the header row has 2
      t.csv:3:1 row-empty: line 3 of t.csv is empty / remove the line
      t.csv:2:3 csv-quotes: the quoted cell that starts here in t.csv does not end with a quote before a comma or a line end / a quote inside a quoted cell is written twice: "he said ""no"""
      t.csv:2:3 csv-quotes: the quoted cell that starts here in t.csv does not end with a quote before a comma or a line end / a quote inside a quoted cell is written twice: "he said ""no"""
      t.csv file-malformed: t.csv is not well formed: the text is UTF-16, and must be UTF-8
      t.csv:2:3 label-invalid: t.y (column "y") is "-1" here, and labels are whole numbers from 0 / number the classes 0, 1, 2, ...
      t.csv:2:3 label-invalid: t.y (column "y") is "0.5" here, and labels are whole numbers from 0 / number the classes 0, 1, 2, ...
      t.csv:2:3 cell-invalid: t.y (column "y") is "0.5" here, and must be a whole number
      t.csv:2:3 cell-invalid: t.y (column "y") is "2" here, and must be 0, 1, true or false
      t.csv field-shape: t.X is declared real[n], and t.csv has 2 columns for it ("a", "b")
      t.csv field-shape: t.X is declared real[n, d], and t.csv has 0 columns for it
      t.csv size-mismatch: t.X is declared real[n, 3], and t.csv gives real[1, 2]
      "
    `);
  });

  it("find a cell behind a record that spans pieces and lines", async () => {
    const long = `"${"x\n".repeat(3000)}"`;
    const loading = load(`a,s,y\n1,${long},2\n3,ok,no\n`, tableType({ X: "real[n]", y: "real[n]" }), {
      X: ["a"],
      y: ["y"],
    });
    expect(await said(loading)).toContain("t.csv:3003:6 cell-invalid");
  });

  it("do not read past the last cell", async () => {
    // The empty last cell starts where an earlier piece left a quote.
    expect(await said(load('a,y\n"1","2"\n1,', regression, columns, 4))).toContain("t.csv:3:3 cell-empty");
  });

  it("end a quote left open after a while", async () => {
    const text = `a,y\n1,"${"1,2\n".repeat(6_000_000)}`;
    expect(await said(load(text, regression, columns, 1 << 18))).toContain("t.csv:2:3 csv-quotes");
  });
});
