import { expect, test } from "vitest";
import { adviceFor } from "../../cli/doctor.ts";
import type { Machine } from "../../cli/machine.ts";
import { bilevel, folderWith } from "./process.ts";

const folder = folderWith({});

test("doctor says what the machine offers", () => {
  const { status, out, err } = bilevel(folder, ["doctor"]);
  expect([status, err]).toEqual([0, ""]);
  for (const title of ["node", "processor", "memory", "wasm", "blas", "product", "gpu", "tfjs"])
    expect(out).toMatch(new RegExp(`^${title} +\\S`, "m"));
  expect(out).toContain(process.versions.node);
  expect(out).toMatch(/npm install @tensorflow\/tfjs-node-gpu|--engine tfjs-node-gpu/);
  expect(out).toContain("--engine tfjs-cpu");
});

test("doctor --json is one document with the same facts", () => {
  const { status, out } = bilevel(folder, ["doctor", "--json"]);
  expect(status).toBe(0);
  const document = JSON.parse(out);
  expect(document).toMatchObject({ ok: true, node: process.versions.node, wasm: { simd: true } });
  expect(document.product.own).toBeGreaterThan(0);
  expect(document.tfjs.map((each: { name: string }) => each.name)).toContain("tfjs-webgpu");
  expect(document.blas === undefined || typeof document.blas.name === "string").toBe(true);
});

test("doctor takes no arguments", () => {
  expect(bilevel(folder, ["doctor", "file.bilevel"]).status).toBe(2);
});

const machine: Machine = {
  node: "22.23.3",
  platform: "linux",
  architecture: "x64",
  processor: "a processor",
  threads: 4,
  load: 0.5,
  memory: { total: 2 ** 34, available: 2 ** 33 },
  wasm: { simd: true, relaxedSimd: true },
  blas: { name: "OpenBLAS 0.3.21", path: "libopenblas.so.0", threads: 4 },
  rejected: [],
  skipped: undefined,
  asked: undefined,
  product: { own: 15, blas: 90 },
  nvidia: false,
  tfjs: [
    {
      name: "tfjs-node-gpu",
      what: "NVIDIA GPUs through CUDA",
      installed: false,
      command: "npm install @tensorflow/tfjs-node-gpu",
    },
  ],
};

const actions = (changes: Partial<Machine>): readonly string[] =>
  adviceFor({ ...machine, ...changes }).map(({ action }) => action);

test("advice follows from what is missing", () => {
  expect(actions({})).toEqual([]);
  expect(actions({ blas: undefined })).toEqual([expect.stringContaining("libopenblas0")]);
  expect(actions({ blas: undefined, skipped: "koffi" })).toEqual([
    expect.stringMatching(/^npm install koffi, then apt/),
  ]);
  expect(actions({ blas: undefined, skipped: "koffi", platform: "darwin" })).toEqual(["npm install koffi"]);
  expect(actions({ blas: undefined, platform: "darwin" })).toEqual([]);
  expect(actions({ blas: undefined, skipped: "off", asked: "off" })).toEqual(["unset BILEVEL_BLAS, which is off"]);
  expect(actions({ blas: undefined, asked: "/nowhere.so" })).toEqual(["unset BILEVEL_BLAS, which is /nowhere.so"]);
  expect(actions({ nvidia: true })).toEqual(["npm install @tensorflow/tfjs-node-gpu"]);
  expect(actions({ load: 3.6 })).toEqual([expect.stringContaining("3.6 of 4 threads")]);
  expect(actions({ wasm: { simd: true, relaxedSimd: false } })).toHaveLength(1);
});
