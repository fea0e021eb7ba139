import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf } from "../../compiler/emit/math.ts";
import { latexOf } from "../../compiler/emit/latex.ts";
import { array, createNotation } from "../../compiler/emit/notation.ts";
import { formula, lineOf } from "../../compiler/emit/text.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";
import { type Expression, expressions } from "../support/expressions.ts";
import { indices, interpret, type Tensor } from "../support/interpret.ts";
import { evaluate, NotComputed } from "./evaluate.ts";

/** Compares a formula with what it stands for; false where the formula is not of a kind that can be computed. */
function agrees(node: Node, { inputs, values, sizes }: Expression): boolean {
  const notation = createNotation([node, ...inputs]);
  const shown = array(notation, node);
  const named = new Map(inputs.map((input) => [keyOf(notation.symbols.of(input)), values.get(input.name) as Tensor]));
  const expected = interpret(node, values, sizes);
  const kept = expected.shape.filter((length) => length !== 1);
  if (kept.length > 2) return false;
  try {
    const value = evaluate(shown, { values: named, sizes, indices: new Map() });
    for (const [k, index] of [...indices(kept)].entries()) {
      const [found, wanted] = [value.at(index[0] ?? 0, index[1] ?? 0), expected.values[k] as number];
      const close = Object.is(found, wanted) || Math.abs(found - wanted) <= 1e-7 * (1 + Math.abs(wanted));
      expect(close || Number.isNaN(wanted), `${lineOf(shown)} at ${index.join(", ")}: ${found} instead of ${wanted}`).toBe(true);
    }
    return true;
  } catch (error) {
    if (error instanceof NotComputed) return false;
    throw error;
  }
}

const balanced = (text: string): boolean => {
  let depth = 0;
  for (const c of text.replaceAll("\\{", "").replaceAll("\\}", "")) {
    depth += c === "{" ? 1 : c === "}" ? -1 : 0;
    if (depth < 0) return false;
  }
  return depth === 0;
};

describe("notation", () => {
  it("means what the tensor expression means", () => {
    let computed = 0;
    let total = 0;
    fc.assert(
      fc.property(expressions, (expression) => {
        for (const node of [expression.root, ...simplify(expression.graph, [expression.root])]) {
          total += 1;
          if (agrees(node, expression)) computed += 1;
        }
      }),
      { numRuns: 400 },
    );
    expect(computed / total).toBeGreaterThan(0.5);
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
