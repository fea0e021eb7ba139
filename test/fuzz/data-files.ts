/** Data files of every format: any bytes, good files damaged, and texts of the format's own marks. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { zipSync } from "fflate";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { loadData } from "../../runtime/data/load.ts";
import { encodeSafetensors } from "../../runtime/data/safetensors.ts";
import { declare, fileSource, memory, model, tableType } from "../data/helpers.ts";
import { npy } from "../data/npy-bytes.ts";
import { damaged } from "./damage.ts";
import { type Target, target } from "./target.ts";

type Content = string | Uint8Array;
/** A file's content, and how many bytes of it are handed over at a time. */
type DataFile = readonly [content: Content, piece: number];

const columns = { x: "rest", label: ["label"] } as const;

/** Resolves where the file loads or is refused. */
export function reader(path: string, fields: Readonly<Record<string, readonly string[] | "rest">> = columns) {
  const type = tableType(path.endsWith(".npy") ? { x: "real[n, d]" } : { x: "real[n, d]", label: "class[n]" });
  const declared = model([declare({ t: type }, fileSource(path, fields))]);
  return async ([content, piece]: DataFile): Promise<void> => {
    try {
      await loadData(declared, { read: memory({ [path]: content }, piece) });
    } catch (error) {
      if (!(error instanceof BilevelError) || error.diagnostics.length === 0) throw error;
    }
  };
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const x = npy("<f8", [3, 2], [1, 2, 3, 4, 5, 6]);
const label = npy("<i8", [3], [0, 1, 2]);
const tensors = new Map([
  ["x", { shape: [3, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6) }],
  ["label", { shape: [3], values: Float64Array.of(0, 1, 2) }],
]);

function textOf(...marks: readonly string[]): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...marks, "\n", "\r\n", " ", "1", "0", "-", ".", "e"), { maxLength: 60 })
    .map((parts) => parts.join(""));
}

const csvText = textOf(",", '"', "label", "x", "é", "\ufeff", "true", "\0").map((rows) => `x,label\n${rows}`);
const svmlightText = textOf(":", "1:", "2:0.5", "#", "qid:1", "9999999999", "nan");
const jsonText = fc
  .tuple(fc.json({ maxDepth: 4 }), fc.json({ maxDepth: 2 }))
  .map(([a, b]) => `{"x": ${a}, "label": ${b}}`);
const people = readFileSync(new URL("../data/files/people.parquet", import.meta.url));

function file(
  name: string,
  read: (file: DataFile) => Promise<void>,
  ...contents: readonly fc.Arbitrary<Content>[]
): Target {
  const content = fc.oneof<fc.Arbitrary<Content>[]>(fc.uint8Array({ maxLength: 60 }), ...contents);
  return target(name, fc.tuple(content, fc.integer({ min: 1, max: 30 })), read);
}

export const dataFiles: readonly Target[] = [
  file("csv", reader("t.csv"), csvText, damaged(bytesOf('x,label\n1,"0"\n2,1\n'))),
  file("npy", reader("t.npy"), damaged(x), damaged(x.slice(0, 80))),
  file(
    "npz",
    reader("t.npz"),
    damaged(zipSync({ "x.npy": x, "label.npy": label })),
    damaged(zipSync({ "x.npy": x, "label.npy": label }, { level: 0 })),
  ),
  file("json", reader("t.json"), jsonText, damaged(bytesOf('{"x": [[1], [2]], "label": [0, 1]}'))),
  file("parquet", reader("t.parquet", { x: ["age", "weight"], label: ["sick"] }), damaged(people)),
  file("safetensors", reader("t.safetensors"), damaged(encodeSafetensors(tensors))),
  file("svmlight", reader("t.svmlight"), svmlightText, damaged(bytesOf("1 1:0.5 2:1\n0 2:3 # a row\n"))),
];
