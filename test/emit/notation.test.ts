import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latexOf } from "../../compiler/emit/latex.ts";
import { keyOf } from "../../compiler/emit/math.ts";
import { array, createNotation, shownAxes } from "../../compiler/emit/notation.ts";
import { formula, lineOf } from "../../compiler/emit/text.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";
import { type Expression, expressions } from "../support/expressions.ts";
import { indices, interpret, type Tensor } from "../support/interpret.ts";
import { balanced } from "./balanced.ts";
import { evaluate, NotComputed } from "./evaluate.ts";

/** Compares a formula with what it stands for; false where the formula is not of a kind that can be computed. */
function agrees(node: Node, { inputs, values, sizes }: Expression): boolean {
  const notation = createNotation([node, ...inputs]);
  const shown = array(notation, node);
  const shownShape = (own: Node, tensor: Tensor): Tensor => ({
    ...tensor,
    shape: shownAxes(own.shape).map((axis) => tensor.shape[axis] as number),
  });
  const named = new Map(
    inputs.map((input) => [keyOf(notation.symbols.of(input)), shownShape(input, values.get(input.name) as Tensor)]),
  );
  const expected = interpret(node, values, sizes);
  const kept = shownShape(node, expected).shape;
  if (kept.length > 2) return false;
  try {
    const value = evaluate(shown, { values: named, sizes, indices: new Map() });
    for (const [k, index] of [...indices(kept)].entries()) {
      const [found, wanted] = [value.at(index[0] ?? 0, index[1] ?? 0), expected.values[k] as number];
      const close = Object.is(found, wanted) || Math.abs(found - wanted) <= 1e-7 * (1 + Math.abs(wanted));
      expect(
        close || Number.isNaN(wanted),
        `${lineOf(shown)} at ${index.join(", ")}: ${found} instead of ${wanted}`,
      ).toBe(true);
    }
    return true;
  } catch (error) {
    if (error instanceof NotComputed) return false;
    throw error;
  }
}

describe("notation", () => {
  it("means what the tensor expression means", () => {
    let computed = 0;
    let total = 0;
    fc.assert(
      fc.property(expressions, (expression) => {
        // A matrix that happens to have one column is not told from a vector by its entries.
        fc.pre([...expression.sizes.values()].every((size) => size > 1));
        for (const node of [expression.root, ...simplify(expression.graph, [expression.root])]) {
          total += 1;
          if (agrees(node, expression)) computed += 1;
        }
      }),
      { numRuns: 400 },
    );
    expect(computed / total).toBeGreaterThan(0.4);
  });

  it("writes every expression as text and as LaTeX with balanced braces", () => {
    fc.assert(
      fc.property(expressions, ({ root }) => {
        expect(formula(root)).not.toBe("");
        expect(balanced(latexOf(array(createNotation([root]), root)))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
