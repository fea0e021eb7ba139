/** Any bytes load or are refused by a diagnostic; nothing else is thrown. */
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, it } from "vitest";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { loadData } from "../../runtime/data/load.ts";
import { encodeSafetensors } from "../../runtime/data/safetensors.ts";
import { declare, fileSource, memory, model, tableType } from "./helpers.ts";
import { npy } from "./npy-bytes.ts";

const fields = { x: "real[n, d]", label: "class[n]" };

async function loadsOrIsRefused(path: string, content: string | Uint8Array, piece: number) {
  const source = fileSource(path, { x: "rest", label: ["label"] });
  const type = tableType(path.endsWith(".npy") ? { x: "real[n, d]" } : fields);
  try {
    await loadData(model([declare({ t: type }, source)]), { read: memory({ [path]: content }, piece) });
  } catch (error) {
    if (!(error instanceof BilevelError) || error.diagnostics.length === 0) throw error;
  }
}

/** Good bytes with some of them changed, and cut off somewhere. */
function damaged(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 });
  return fc.tuple(changes, fc.option(fc.nat(good.length), { freq: 3 })).map(([places, end]) => {
    const bytes = good.slice(0, end ?? good.length);
    for (const [at, byte] of places) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });
}

const x = npy("<f8", [3, 2], [1, 2, 3, 4, 5, 6]);
const label = npy("<i8", [3], [0, 1, 2]);
const tensors = new Map([
  ["x", { shape: [3, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6) }],
  ["label", { shape: [3], values: Float64Array.of(0, 1, 2) }],
]);
const pieces = fc.integer({ min: 1, max: 30 });
const marks = fc.constantFrom(
  ",",
  '"',
  "\n",
  "\r\n",
  " ",
  "1",
  "-",
  ".",
  "e",
  "label",
  "x",
  "é",
  "\ufeff",
  "true",
  "\0",
);
const csvText = fc.array(marks, { maxLength: 60 }).map((parts) => `x,label\n${parts.join("")}`);
const jsonText = fc
  .tuple(fc.json({ maxDepth: 4 }), fc.json({ maxDepth: 2 }))
  .map(([a, b]) => `{"x": ${a}, "label": ${b}}`);

const cases: Readonly<Record<string, fc.Arbitrary<string | Uint8Array>>> = {
  "t.csv": fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    csvText,
    damaged(new TextEncoder().encode('x,label\n1,"0"\n2,1\n')),
  ),
  "t.npy": fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged(x), damaged(x.slice(0, 80))),
  "t.npz": fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    damaged(zipSync({ "x.npy": x, "label.npy": label })),
    damaged(zipSync({ "x.npy": x, "label.npy": label }, { level: 0 })),
  ),
  "t.safetensors": fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged(encodeSafetensors(tensors))),
  "t.json": fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    jsonText,
    damaged(new TextEncoder().encode('{"x": [[1], [2]], "label": [0, 1]}')),
  ),
};

describe("any bytes", () => {
  it.each(Object.entries(cases))("as %s load or are refused", async (path, contents) => {
    await fc.assert(
      fc.asyncProperty(contents, pieces, (content, piece) => loadsOrIsRefused(path, content, piece)),
      { numRuns: 1500 },
    );
  });

  it("nested deeper than any stack are refused", () => loadsOrIsRefused("t.json", `{"x": ${"[".repeat(1e6)}`, 1 << 16));
});
