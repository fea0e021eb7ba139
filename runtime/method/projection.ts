/** Keeping upper variables in their sets: the projection of a flat point. */
import type { Problem } from "../../compiler/lower/problem.ts";
import { type Binding, evaluateNode, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import { projectBall, projectBox, projectSimplex } from "../solve/prox.ts";

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
    const set = problem.sets.get(variable.name);
    const at = from;
    from += length;
    const apply = (z: Float64Array): void => {
      const mask = new Float64Array(length);
      const bound = (node: Parameters<typeof evaluateNode>[1] | undefined, infinite: number): Float64Array =>
        node === undefined ? new Float64Array(length).fill(infinite) : evaluateNode(binding, node);
      switch (set?.kind) {
        case undefined:
          return;
        case "box":
          return projectBox(
            z,
            bound(set.low, Number.NEGATIVE_INFINITY),
            bound(set.high, Number.POSITIVE_INFINITY),
            mask,
            new Float64Array(length),
          );
        case "simplex":
          return projectSimplex(z, width, mask);
        case "ball":
          return projectBall(z, width, evaluateNode(binding, set.radius), mask);
      }
    };
    return { at, length, apply };
  });
  return (point) => {
    const values = engine.read(point);
    for (const { at, length, apply } of pieces) apply(values.subarray(at, at + length));
    engine.write(point, values);
  };
}
