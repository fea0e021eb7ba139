/** The whole programs on TensorFlow.js, in single precision: the same numbers, as far as that goes. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { main } from "../../cli/main.ts";
import { webgpu } from "../support/tfjs.ts";
import { expectationOf, expectValues } from "./expectation.ts";

const cases = join(import.meta.dirname, "cases");

/** Their condition numbers leave single precision no digits. */
const beyondSingle: readonly string[] = ["condition-1e8", "rosenbrock"];
const least = 1e-3;

const computed = readdirSync(cases).filter((name) => {
  const { argv, exit } = expectationOf(join(cases, name));
  // The one method that is refused in single precision.
  if (name.startsWith("kkt-") || argv.includes("kkt")) return false;
  return (argv[0] === "run" || argv[0] === "grad") && exit !== 2 && !beyondSingle.includes(name);
});

/** In this process, which starts once for all of them. */
async function solve(name: string, engine: string): Promise<void> {
  const folder = join(cases, name);
  const { argv, exit, expect: values } = expectationOf(folder);
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const silent = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const before = process.cwd();
  process.chdir(folder);
  const status = await main([...argv, "--engine", engine]).finally(() => {
    process.chdir(before);
    write.mockRestore();
    silent.mockRestore();
  });
  expect(status).toBe(exit);
  if (exit !== 0) return;
  const document = JSON.parse(written.join("")) as { readonly engine: string };
  expect(document.engine).toBe(engine);
  expectValues(document, values, least);
}

describe("whole programs on tfjs-cpu", () => {
  test.each(computed)("%s", (name) => solve(name, "tfjs-cpu"));
});

describe.skipIf(!webgpu.isThere)("whole programs on tfjs-webgpu", () => {
  test.each(["labels-as-indices", "softmax-weights", "nested", "refused-singular"])("%s", (name) =>
    solve(name, "tfjs-webgpu"),
  );
});
