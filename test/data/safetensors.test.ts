import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NumericArray } from "../../runtime/data/arrays.ts";
import { loadData } from "../../runtime/data/load.ts";
import { encodeSafetensors, openSafetensors } from "../../runtime/data/safetensors.ts";
import { column, declare, fileSource, memory, model, numbers, said, span, tableType } from "./helpers.ts";

const path = "t.safetensors";

function load(content: Uint8Array, fields: Readonly<Record<string, string>>) {
  return loadData(model([declare({ t: tableType(fields) }, fileSource(path))]), {
    read: memory({ [path]: content }, 100),
  });
}

async function decoded(bytes: Uint8Array): Promise<Map<string, NumericArray>> {
  const tensors = await openSafetensors({ table: "t", path, span, read: memory({ [path]: bytes }) });
  return new Map([...tensors].map(([name, decode]) => [name, decode()]));
}

/** A file with any header, well formed or not. */
function written(header: unknown, values: Uint8Array, length?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + values.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(values, 8 + text.length);
  return bytes;
}

const one = (dtype: string, shape: readonly number[], values: Uint8Array): Uint8Array =>
  written({ __metadata__: { format: "pt" }, x: { dtype, shape, data_offsets: [0, values.length] } }, values);

const bytesOf = (array: { readonly buffer: ArrayBufferLike }): Uint8Array => new Uint8Array(array.buffer);

describe("safetensors", () => {
  it.each([
    ["F64", bytesOf(Float64Array.of(1.5, -2)), [1.5, -2]],
    ["F32", bytesOf(Float32Array.of(1.5, -2)), [1.5, -2]],
    ["F16", bytesOf(Uint16Array.of(0x3e00, 0xc000, 0x0001, 0x7bff)), [1.5, -2, 2 ** -24, 65504]],
    ["BF16", bytesOf(Uint16Array.of(0x3fc0, 0xc000)), [1.5, -2]],
    ["I64", bytesOf(BigInt64Array.of(1n, -(2n ** 40n))), [1, -(2 ** 40)]],
    ["I32", bytesOf(Int32Array.of(1, -2)), [1, -2]],
    ["I16", bytesOf(Int16Array.of(1, -2)), [1, -2]],
    ["I8", bytesOf(Int8Array.of(1, -2)), [1, -2]],
    ["U8", Uint8Array.of(1, 255), [1, 255]],
    ["BOOL", Uint8Array.of(1, 0), [1, 0]],
  ] as const)("reads %s", async (dtype, values, expected) => {
    const { tables } = await load(one(dtype, [expected.length], values), { x: "real[n]" });
    expect(numbers(tables.get("t"), "x")).toEqual(expected);
  });

  it("reads back what it wrote, bit for bit", async () => {
    const value = fc.double({ noNaN: true });
    const array = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }).chain((shape) => {
      const length = shape.reduce((product, n) => product * n, 1);
      return fc
        .array(value, { minLength: length, maxLength: length })
        .map((values): NumericArray => ({ shape, values: Float64Array.from(values) }));
    });
    const name = fc.string({ unit: "binary" }).filter((text) => text !== "__metadata__" && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, array), { maxLength: 5 }), async (entries) => {
        const tensors = new Map(entries);
        const bytes = encodeSafetensors(tensors);
        expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
        expect(await decoded(bytes)).toEqual(tensors);
      }),
      { numRuns: 200 },
    );
  });

  it("takes the shape of the type, and the fields that are asked for", async () => {
    const tensors = new Map([
      ["other", { shape: [], values: Float64Array.of(9) }],
      ["x", { shape: [2, 3], values: Float64Array.of(1, 2, 3, 4, 5, 6) }],
    ]);
    const { tables, sizes } = await load(encodeSafetensors(tensors), { x: "real[n, d]" });
    expect(column(tables.get("t"), "x")).toMatchObject({ shape: [2, 3] });
    expect(Object.fromEntries(sizes)).toEqual({ n: 2, d: 3 });
  });

  it("says what is wrong", async () => {
    const x = { dtype: "F64", shape: [1], data_offsets: [0, 8] };
    const y = { dtype: "F64", shape: [1], data_offsets: [8, 16] };
    const bytes = (length: number): Uint8Array => new Uint8Array(length);
    const files = [
      bytes(0),
      written({ x }, bytes(8), 2 ** 52),
      written("{", bytes(0)),
      written("[1]", bytes(0)),
      written({ x: 1 }, bytes(0)),
      written({ x: null }, bytes(0)),
      written({ x: { ...x, shape: [-1] } }, bytes(8)),
      written({ x: { ...x, data_offsets: [0, 8, 9] } }, bytes(8)),
      written({ x, y }, bytes(8)),
      written({ x, y }, bytes(17)),
      written({ x, y: { ...y, data_offsets: [4, 12] } }, bytes(12)),
      written({ x, y: { ...y, data_offsets: [9, 17] } }, bytes(17)),
      written({ x: { ...x, shape: [2] } }, bytes(8)),
      written({ x: { ...x, dtype: "C64" } }, bytes(8)),
      written({ x: { ...x, dtype: "constructor" } }, bytes(8)),
      written({ y: x }, bytes(8)),
    ];
    const found = [];
    for (const file of files) found.push(await said(load(file, { x: "real[n]" })));
    expect(`\n${found.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      t.safetensors file-malformed: t.safetensors is not well formed: it is no safetensors file, or its header ends early
      t.safetensors file-malformed: t.safetensors is not well formed: it is no safetensors file, or its header ends early
      t.safetensors file-malformed: t.safetensors is not well formed: its header is not JSON
      t.safetensors file-malformed: t.safetensors is not well formed: its header is not an object of tensors
      t.safetensors file-malformed: t.safetensors is not well formed: the header's entry of "x" is damaged
      t.safetensors file-malformed: t.safetensors is not well formed: the header's entry of "x" is damaged
      t.safetensors file-malformed: t.safetensors is not well formed: the header's entry of "x" is damaged
      t.safetensors file-malformed: t.safetensors is not well formed: the header's entry of "x" is damaged
      t.safetensors file-malformed: t.safetensors is not well formed: it ends early: "y" ends at byte 16, and 8 follow the header
      t.safetensors file-malformed: t.safetensors is not well formed: the tensors end at byte 16, and 17 follow the header
      t.safetensors file-malformed: t.safetensors is not well formed: "y" is at bytes 4 to 12, and the tensors before it end at 8
      t.safetensors file-malformed: t.safetensors is not well formed: "y" is at bytes 9 to 17, and the tensors before it end at 8
      t.safetensors file-malformed: t.safetensors is not well formed: "x" does not fit its place: shape [2] of F64 needs 16 bytes and has 8
      t.safetensors dtype-unsupported: t.safetensors holds values of type "C64", which are not numbers this reads / save it as float64, float32, an integer type or bool
      t.safetensors dtype-unsupported: t.safetensors holds values of type "constructor", which are not numbers this reads / save it as float64, float32, an integer type or bool
      t.safetensors array-missing: t.safetensors holds no array "x", which t declares
      "
    `);
  });
});
