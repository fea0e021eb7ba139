import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradient, reverse } from "../../compiler/derive/differentiate.ts";
import { identity } from "../../compiler/derive/pieces.ts";
import * as G from "../../compiler/ir/graph.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { evaluateSize } from "../../compiler/ir/size.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";
import { discrepancy } from "../support/differences.ts";
import { expressions } from "../support/expressions.ts";
import { interpretAll } from "../support/interpret.ts";

describe("on random expressions", () => {
  test("values, shapes and invariants are kept, a second time changes nothing", () => {
    fc.assert(
      fc.property(expressions, ({ graph: g, root, inputs, values, sizes }) => {
        const scalar = G.sumAll(g, root);
        const roots = [root, ...gradient(g, scalar, inputs), ...reverse(g, root, identity(g, root.shape), inputs)];
        const simplified = simplify(g, roots);
        expect(verify(simplified)).toEqual([]);
        expect(simplify(g, simplified)).toEqual(simplified);
        const before = interpretAll(roots, values, sizes);
        const after = interpretAll(simplified, values, sizes);
        for (const [k, tensor] of after.entries()) {
          expect(discrepancy(tensor, before[k] as (typeof before)[number])).toBeLessThan(1e-10);
          expect((simplified[k] as Node).shape.map((size) => evaluateSize(size, sizes))).toEqual(tensor.shape);
        }
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});
