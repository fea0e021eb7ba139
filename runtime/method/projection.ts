/** Keeping upper variables in their sets: the projection of a flat point. */
import type { Node } from "../../compiler/ir/node.ts";
import type { LowerSet, Problem } from "../../compiler/lower/problem.ts";
import { BilevelError, type Span } from "../../grammar/diagnostics.ts";
import { type Binding, evaluateNode, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { infeasibleUpper } from "../errors.ts";
import { emptiness, projectBall, projectBox, projectPsd, projectSimplex } from "../solve/prox.ts";

/** Overwrites a point by the nearest one of all sets; absent where no upper variable has one. Sets of the upper level are constants. */
export function createProjection(binding: Binding, problem: Problem): ((point: Vector) => void) | undefined {
  const { engine, sizes } = binding;
  const variables = problem.upper?.variables ?? [];
  if (!variables.some((variable) => problem.sets.has(variable.name))) return undefined;
  let from = 0;
  const pieces = variables.map((variable) => {
    const length = lengthOf(variable.shape, sizes);
    const last = variable.shape.at(-1);
    const width = last === undefined ? 1 : lengthOf([last], sizes);
    const at = from;
    from += length;
    const set = problem.sets.get(variable.name);
    refuseEmpty(binding, set, problem.upper?.span);
    return { at, length, apply: projectionOf(binding, set, length, width) };
  });
  return (point) => {
    const values = engine.read(point);
    for (const { at, length, apply } of pieces) apply(values.subarray(at, at + length));
    engine.write(point, values);
  };
}

function refuseEmpty(binding: Binding, set: LowerSet | undefined, span: Span | undefined): void {
  if (span === undefined || (set?.kind !== "box" && set?.kind !== "ball")) return;
  const [low, high] = set.kind === "box" ? [set.low, set.high] : [undefined, set.radius];
  if (high === undefined || (set.kind === "box" && low === undefined)) return;
  const end = evaluateNode(binding, high);
  const missing = emptiness(low === undefined ? new Float64Array(end.length) : evaluateNode(binding, low), end);
  if (missing > 0) throw new BilevelError([infeasibleUpper(missing, span)]);
}

/** Bounds and radii are read once: no set of the upper level moves. */
function projectionOf(
  binding: Binding,
  set: LowerSet | undefined,
  length: number,
  width: number,
): (z: Float64Array) => void {
  const [mask, other] = [new Float64Array(length), new Float64Array(length)];
  switch (set?.kind) {
    case undefined:
      return () => {};
    case "box": {
      const bound = (node: Node | undefined, infinite: number): Float64Array =>
        node === undefined ? new Float64Array(length).fill(infinite) : evaluateNode(binding, node);
      const [low, high] = [bound(set.low, Number.NEGATIVE_INFINITY), bound(set.high, Number.POSITIVE_INFINITY)];
      return (z) => projectBox(z, low, high, mask, other);
    }
    case "simplex":
      return (z) => projectSimplex(z, width, mask);
    case "psd":
      return (z) => {
        projectPsd(z, width, mask, other);
      };
    case "ball": {
      const radius = evaluateNode(binding, set.radius);
      return (z) => projectBall(z, width, radius, mask);
    }
  }
}
