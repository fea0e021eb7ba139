/** What the residual of a block's condition is relative to: the condition at the start of the solve, or the terms that it adds up. */
import type { Block } from "../../compiler/derive/implicit.ts";
import { pointsIn } from "../../compiler/derive/points.ts";
import { type Binding, changesIn, changingInputs, kernelOf, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";

/** Of arrays whose first axis is the points, where there are several: the norm of all entries of each. */
export function normsAtPoints({ engine, sizes }: Binding, arrays: readonly Vector[]): readonly number[] {
  const points = pointsIn(sizes);
  return Array.from({ length: points }, (_, point) => {
    const norms = arrays.map((array) => {
      const length = array.length / points;
      return engine.norm(points === 1 ? array : engine.view(array, point * length, length));
    });
    return Math.hypot(...norms);
  });
}

/** Σ_t ‖term_t‖ over the terms that R adds up, at the present point, against ‖R‖ at the start. */
export function scalesOf(
  binding: Binding,
  block: Block,
  evaluate: (y: Vector, out: Vector) => void,
  norms: (vector: Vector) => readonly number[],
  y: Vector,
  start: Vector,
): () => readonly number[] {
  const { engine, sizes } = binding;
  const terms = block.condition.flatMap((node) =>
    node.kind === "add"
      ? node.operands.map((operand, k) => ({ operand, factor: Math.abs(node.coefficients[k] as number) }))
      : [{ operand: node, factor: 1 }],
  );
  const outputs = terms.map(({ operand }) => engine.allocate(lengthOf(operand.shape, sizes)));
  let run: (() => void) | undefined;
  const saved = engine.allocate(y.length);
  const atStart = engine.allocate(y.length);
  let isOtherStart: (() => boolean) | undefined;
  return () => {
    run ??= kernelOf(
      binding,
      "terms of the lower condition",
      terms.map((term) => term.operand),
      outputs,
    );
    run();
    const ofTerms = outputs.map((output) => normsAtPoints(binding, [output]));
    isOtherStart ??= startsOver(binding, block, start);
    if (isOtherStart()) {
      engine.copy(y, saved);
      evaluate(start, atStart);
      engine.copy(saved, y);
    }
    return norms(atStart).map((cold, point) => {
      const sum = terms.reduce((total, { factor }, k) => total + factor * (ofTerms[k]?.[point] as number), 0);
      return Math.max(sum, Number.isFinite(cold) ? cold : 0);
    });
  };
}

/** Whether the start, or anything else that the condition there reads, has changed since the last call. */
function startsOver(binding: Binding, { condition, unknowns }: Block, start: Vector): () => boolean {
  const read = [...changingInputs(binding, "the lower condition", condition)];
  return changesIn(binding, [start, ...read.flatMap(([input, vector]) => (unknowns.includes(input) ? [] : [vector]))]);
}
