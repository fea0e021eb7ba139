import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { abbreviate } from "../../compiler/emit/abbreviations.ts";
import { keyOf } from "../../compiler/emit/math.ts";
import { array, createNotation, rankOf } from "../../compiler/emit/notation.ts";
import { lineOf } from "../../compiler/emit/text.ts";
import type { Input, Node } from "../../compiler/ir/node.ts";
import { evaluateSize } from "../../compiler/ir/size.ts";
import { indices, interpretAll, type Tensor, volume } from "../support/interpret.ts";
import { evaluate, type Value } from "./evaluate.ts";
import { programs } from "./explained.ts";

const sizes = new Map(Object.entries({ n: 4, m: 3, d: 2, p: 5, r: 2, k: 3, T: 3, s: 2 }));

/** Numbers that are no special case; labels are whole. */
function valueOf(input: Input, shape: readonly number[]): Tensor {
  const isLabel = /label|\.y$/.test(input.name);
  return {
    shape,
    values: Float64Array.from({ length: volume(shape) }, (_, k) =>
      isLabel ? k % 2 : Math.sin(1 + k * 1.7 + input.id),
    ),
  };
}

function tensorOf(value: Value): Tensor {
  const shape = value.columns === 1 ? [value.rows ?? 1] : [value.rows ?? 1, value.columns ?? 1];
  return { shape, values: Float64Array.from([...indices(shape)].map(([i = 0, j = 0]) => value.at(i, j))) };
}

describe("the equations of a program, abbreviated", () => {
  it.each(Object.entries(programs))("%s mean what was derived", (_, program) => {
    const { problem, derivation } = compile(program, "problem.bilevel");
    if (problem === undefined || derivation === undefined) throw new Error("not derived");
    const inputs = [...problem.graph.inputs.values()];
    const values = new Map(
      inputs.map((input) => [
        input.name,
        valueOf(
          input,
          input.shape.map((size) => evaluateSize(size, sizes) as number),
        ),
      ]),
    );
    const derived = derivation.blocks.flatMap((block) => [
      ...block.condition,
      ...block.product,
      ...block.transposedProduct,
      ...block.adjointRhs,
    ]);
    const roots: readonly Node[] = [
      ...(derivation.value === undefined ? [] : [derivation.value]),
      ...derived,
      ...derivation.hypergradient,
    ];
    const notation = createNotation([...roots, ...inputs]);
    const formulas = roots.map((root) => array(notation, root));
    const { definitions, apply } = abbreviate(notation, formulas);
    const symbols = new Map(
      inputs.map((input) => [keyOf(notation.symbols.of(input)), values.get(input.name) as Tensor]),
    );
    const environment = () => ({ values: symbols, sizes, indices: new Map<string, number>() });
    for (const definition of definitions)
      symbols.set(keyOf(definition.symbol), tensorOf(evaluate(definition.value, environment())));
    const expected = interpretAll(roots, values, sizes);
    roots.forEach((root, k) => {
      const formula = apply(formulas[k] as (typeof formulas)[number]);
      const wanted = expected[k] as Tensor;
      const found = evaluate(formula, environment());
      expect(rankOf(root)).toBeLessThanOrEqual(2);
      for (const [at, [i = 0, j = 0]] of [...indices(wanted.shape)].entries()) {
        expect(found.at(i, j), lineOf(formula)).toBeCloseTo(wanted.values[at] as number, 9);
      }
    });
  });
});
