/** A program that is written down as JavaScript, run, and written down again is the same text: nothing is lost on the way. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { builderNames, writeProgram } from "../../compiler/emit/module-program.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { constant, createGraph, einsum, input, iota, literal, reshape, scatter } from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { readSize, readSizes } from "../../compiler/ir/read-size.ts";
import { addSizes, multiplySizes, namedSize, type Size, showSizes, sizeOf } from "../../compiler/ir/size.ts";
import { planOf } from "../../compiler/plan/plan.ts";
import { createBuilders } from "../../runtime/standalone.ts";

const folder = fileURLToPath(new URL("../programs", import.meta.url));
const programs = readdirSync(folder).filter((name) => name.endsWith(".bilevel"));

function rebuilt(text: string): object {
  const make = new Function(`return ({ ${builderNames.join(", ")} }) => {\n${text}\n};`)() as (
    builders: object,
  ) => object;
  return make(createBuilders());
}

describe("a program written down", () => {
  const compiled = programs.flatMap((name) => {
    const file = join(folder, name);
    const imports = (path: string) => ({ file: path, text: readFileSync(join(folder, basename(path)), "utf8") });
    const { problem, derivation } = compile(readFileSync(file, "utf8"), file, { imports });
    return problem === undefined || derivation === undefined ? [] : [{ name, problem, derivation }];
  });
  it("covers what the compiler derives", () => expect(compiled.length).toBeGreaterThan(3));
  it.each(compiled)("comes back whole: $name", ({ problem, derivation }) => {
    const plan = planOf(problem.graph, derivation, new Map(), new Map());
    const text = writeProgram({ problem, derivation, plan });
    expect(writeProgram(rebuilt(text))).toBe(text);
  });

  it("keeps odd numbers, names, labels and sizes", () => {
    const graph: Graph = createGraph();
    const [n, d] = [namedSize("rows(a)"), namedSize("d")];
    const wide = input(graph, "wide", "data", [d, d, d]);
    const nodes: readonly Node[] = [
      constant(graph, Number.POSITIVE_INFINITY, [n]),
      constant(graph, Number.NaN),
      literal(graph, Float64Array.of(-0, 1e-300, 0.1), [sizeOf(3)]),
      input(graph, "class", "data", [addSizes(multiplySizes(n, d), sizeOf(-1))]),
      input(graph, "a.b", "data", []),
      input(graph, "a_b", "upper", []),
      einsum(graph, [wide], [[0, 0, 1]], [1, 2], new Map([[2, n]])),
      scatter(graph, input(graph, "λ", "lower", [d]), iota(graph, d), 0, n),
      reshape(graph, wide, [multiplySizes(d, multiplySizes(d, d))]),
    ];
    const text = writeProgram({ nodes, "odd key": [new Map([["a", nodes[0]]]), { inner: -0 }] });
    const back = rebuilt(text) as { readonly nodes: readonly Node[] };
    expect(back.nodes.map((node) => showSizes(node.shape))).toEqual(nodes.map((node) => showSizes(node.shape)));
    expect(back.nodes[2]).toMatchObject({ values: Float64Array.of(-0, 1e-300, 0.1) });
    expect(back.nodes[1]).toMatchObject({ value: Number.NaN });
    expect(writeProgram(back)).toBe(text);
  });

  it("says once what several places mean, and names it", () => {
    const graph = createGraph();
    const block = { value: constant(graph, 2) };
    const back = rebuilt(writeProgram({ blocks: [block], again: block })) as { blocks: object[]; again: object };
    expect(back.again).toBe(back.blocks[0]);
  });
});

describe("a size's text", () => {
  it("is read back as the same size", () => {
    const names = fc.constantFrom("n", "d", "rows(a)", "λ_1");
    const term = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.array(names, { maxLength: 3 }));
    const sizes = fc
      .array(term, { maxLength: 4 })
      .map((terms) =>
        terms
          .map(([c, atoms]) => atoms.map(namedSize).reduce(multiplySizes, sizeOf(c)))
          .reduce<Size>(addSizes, sizeOf(0)),
      );
    fc.assert(fc.property(sizes, (size) => void expect(readSize(size.key)).toEqual(size)));
    fc.assert(
      fc.property(
        fc.array(sizes, { maxLength: 3 }),
        (shape) => void expect(readSizes(showSizes(shape))).toEqual(shape),
      ),
    );
  });
});
