import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataRequirement, DimDeclaration } from "../../compiler/check/model.ts";
import { addSizes, namedSize, oneSize, type Size, sizeOf } from "../../compiler/ir/size.ts";
import { loadData } from "../../runtime/data/load.ts";
import type { LoadOptions } from "../../runtime/data/sources.ts";
import { declare, diagnosticsOf, fileSource, memory, model, said, span, tableType } from "./helpers.ts";

const columns = { X: "rest", y: ["y"] } as const;
const train = declare({ train: tableType({ X: "real[n, d]", y: "class[n]" }) }, fileSource("train.csv", columns));
const valid = declare({ valid: tableType({ X: "real[m, d]", y: "real[m]" }) }, fileSource("valid.csv", columns));
const trainText = "a,b,y\n1,2,0\n3,4,2\n5,6,1\n";

function load(
  files: Readonly<Record<string, string>>,
  rest: { dims?: readonly DimDeclaration[]; requirements?: readonly DataRequirement[] } = {},
  options: LoadOptions = {},
  data = [train, valid],
) {
  return loadData(model(data, rest), { read: memory({ "train.csv": trainText, ...files }), ...options });
}

const dim = (name: string, value = oneSize): DimDeclaration => ({ kind: "defined", name, value, span });
const k: DimDeclaration = { kind: "classes", name: "k", table: "train", field: "y", span };
const d: DimDeclaration = { kind: "data", name: "d", table: "train", span };

describe("sizes", () => {
  it("are bound by what is read, dims by their definitions", async () => {
    const dims = [
      d,
      k,
      dim("e", addSizes(namedSize("d"), oneSize)),
      dim("f", addSizes(namedSize("e"), namedSize("k"))),
    ];
    const { sizes } = await load({ "valid.csv": "a,b,y\n1,2,0\n" }, { dims });
    expect(Object.fromEntries(sizes)).toMatchObject({ n: 3, d: 2, m: 1, k: 3 });
    const known = dim("g", namedSize("f"));
    const same = declare({ more: tableType({ z: "real[3, g]" }) }, { kind: "generated", generator: { kind: "ones" } });
    const more = await load({}, { dims: [...dims, known] }, {}, [same, train]);
    expect(Object.fromEntries(more.sizes)).toEqual({ n: 3, d: 2, k: 3, e: 3, f: 6, g: 6 });
  });

  it("are solved for in shapes such as real[n, d + 1]", async () => {
    const type = tableType({ X: "real[n, d]", y: "class[n]" });
    const shifted = new Map(type.fields).set("X", {
      kind: "array",
      element: "real",
      shape: [namedSize("n"), addSizes(namedSize("d"), oneSize)],
    });
    const { sizes } = await load({}, {}, {}, [
      declare({ train: { ...type, fields: shifted } }, fileSource("train.csv", columns)),
    ]);
    expect(sizes.get("d")).toBe(1);
  });

  it("that disagree name both places", async () => {
    const [found] = await diagnosticsOf(load({ "valid.csv": "a,y\n1,0\n" }));
    expect(found?.message).toBe(
      "valid.X is declared real[m, d], and valid.csv gives real[1, 1]: d is 2 by train.X (train.csv)",
    );
    expect(found?.notes).toEqual([{ message: "d is 2 by train.X (train.csv)", span }]);
  });

  it("may be set, within what the data says", async () => {
    const options = (entries: readonly (readonly [string, number])[]) => ({ dims: new Map(entries) });
    const one = [train];
    expect((await load({}, { dims: [k] }, options([["k", 5]]), one)).sizes.get("k")).toBe(5);
    expect(await said(load({}, { dims: [d] }, options([["d", 3]]), one))).toContain("d is 3 by --set d=3");
    expect(await said(load({}, { dims: [d] }, options([["d", 1.5]]), one))).toContain("size-invalid: d would be 1.5");
    const e = dim("e", addSizes(namedSize("d"), oneSize));
    expect(await said(load({}, { dims: [e] }, options([["e", 3]]), one))).toContain("it is d + 1 by its definition");
    const negative = dim("e", addSizes(namedSize("d"), sizeOf(-4)));
    expect(await said(load({}, { dims: [negative] }, {}, one))).toContain("size-invalid: e would be -2");
  });

  it("that nothing says are errors", async () => {
    const noise = declare(
      { noise: tableType({ z: "real[q, 3]" }) },
      { kind: "generated", generator: { kind: "ones" } },
    );
    expect(await said(load({}, {}, {}, [noise, train]))).toMatchInlineSnapshot(
      `"size-unbound: nothing that is read says what q is, which noise.z needs / declare it, as in dim q = 100"`,
    );
  });
});

describe("demands on the data", () => {
  const below: DataRequirement = {
    kind: "labels-below",
    what: "labels",
    table: "train",
    field: "y",
    classes: namedSize("c"),
    span,
  };
  const signs: DataRequirement = { kind: "plus-minus-one", table: "valid", field: "y", span };
  const equal: DataRequirement = {
    kind: "equal-sizes",
    left: namedSize("d"),
    right: sizeOf(5),
    because: "X @ theta multiplies them",
    span,
  };

  it("hold or say where they do not", async () => {
    const dims = [dim("c", sizeOf(2))];
    const requirements = [below, signs, equal];
    expect(await said(load({ "valid.csv": "a,b,y\n1,2,1\n1,2,0\n" }, { dims, requirements }))).toMatchInlineSnapshot(`
      "train.csv:3:5 label-out-of-range: train.y[1] is 2, and here labels must be below c (2)
      valid.csv:3:5 label-not-plus-minus-one: valid.y[1] is 0, and real labels of this loss must be -1 or 1 / the labels are 0 and 1: declare y as class instead of real, or write 2 * y - 1
      sizes-disagree: d (2) and 5 must be equal: X @ theta multiplies them"
    `);
    expect(
      await said(load({ "valid.csv": "a,b,y\n1,2,1\n1,2,-0.5\n" }, { requirements: [signs] })),
    ).toMatchInlineSnapshot(
      `"valid.csv:3:5 label-not-plus-minus-one: valid.y[1] is -0.5, and real labels of this loss must be -1 or 1 / for labels 0 and 1 declare y as class instead of real"`,
    );
    const fine = await load(
      { "valid.csv": "a,b,y\n1,2,1\n1,2,-1\n" },
      { dims: [k, dim("c", namedSize("k"))], requirements: [below, signs] },
    );
    expect(fine.sizes.get("c")).toBe(3);
  });

  it("hold indices within their axes", async () => {
    const within = (index: number, entries: Size): DataRequirement => ({
      kind: "index-within",
      index: sizeOf(index),
      below: entries,
      entries,
      text: String(index),
      span,
    });
    const requirements = [within(1, namedSize("d")), within(2, namedSize("d"))];
    expect(await said(load({ "valid.csv": "a,b,y\n1,2,1\n" }, { requirements }))).toBe(
      "index-out-of-range: the index 2 is outside of 0..d (2) (indices start at 0, ends are excluded)",
    );
  });

  it("find labels of a split in the file", async () => {
    const parts = declare(
      { p: tableType({ X: "real[p, d]", y: "class[p]" }), q: tableType({ X: "real[q, d]", y: "class[q]" }) },
      { kind: "split", table: "train", fractions: [0.34, 0.66] },
    );
    const requirements: DataRequirement[] = [{ ...below, table: "q", classes: sizeOf(2) }];
    expect(await said(load({}, { requirements }, {}, [parts, train]))).toBe(
      "train.csv:3:5 label-out-of-range: q.y[0] is 2, and here labels must be below 2",
    );
  });
});

describe("loading", () => {
  it("gathers what is wrong with every table", async () => {
    const found = await diagnosticsOf(load({ "train.csv": "a,y\n1,x\n" }));
    expect(found.map((each) => each.code)).toEqual(["label-invalid", "file-missing"]);
  });

  it("says when --data names no table that is read", async () => {
    expect(await said(load({}, {}, { files: new Map([["trian", "x.csv"]]) }, [train]))).toContain(
      "did you mean train?",
    );
  });
});

describe("files on the disk", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bilevel-"));
    await writeFile(join(folder, "train.csv"), trainText);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("are found beside the source, or where --data says", async () => {
    const beside = { ...train, file: join(folder, "problem.bilevel") };
    expect((await loadData(model([beside]))).tables.get("train")?.rows).toBe(3);
    const files = new Map([["train", join(folder, "train.csv")]]);
    expect((await loadData(model([train]), { files })).tables.get("train")?.rows).toBe(3);
  });

  it("may be folders or missing", async () => {
    const at = (path: string) => loadData(model([train]), { files: new Map([["train", path]]) });
    expect(await said(at(folder))).toContain("cannot be read: it is a folder");
    expect(await said(at(join(folder, "none.csv")))).toContain("there is no file");
    expect(await said(at(`${folder}/\0`))).toContain("file-unreadable");
  });
});
