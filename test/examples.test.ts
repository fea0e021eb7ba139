/** Every program among the examples is one that the compiler accepts and derives. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { compile } from "../compiler/compile.ts";
import { transformations } from "../examples/augmentation/transformations.ts";

const textOf = (file: string) => readFileSync(file, "utf8");

it.each(globSync("examples/*/*.bilevel"))("%s compiles", (file) => {
  const imports = (path: string, from: string) => {
    const at = join(dirname(from), path);
    return { text: textOf(at), file: at };
  };
  const { diagnostics } = compile(textOf(file), file, { imports });
  expect(diagnostics.filter(({ severity }) => severity !== "warning")).toEqual([]);
});

it("augments by the transformations that stand in the table", () => {
  const { T } = JSON.parse(textOf("examples/augmentation/transformations.json"));
  expect(T).toEqual(JSON.parse(JSON.stringify(Object.values(transformations))));
});
