/**
 * Forward mode through steps of descent (compiler/derive/path.ts): a tangent of the state along each entry of what the steps read,
 * carried on with them from the start. No step is kept, and the work grows with the number of entries.
 */
import type { Tangents } from "../../compiler/derive/path.ts";
import { addSlots, type Binding, flatKernel, lengthOf } from "../bind.ts";
import type { Vector } from "../engine/engine.ts";
import type { BlockRuntime } from "./block.ts";
import type { Descent, DescentSteps } from "./descent.ts";
import type { PathRuntime } from "./path.ts";

export function createTangents(
  binding: Binding,
  block: BlockRuntime,
  descent: Descent,
  steps: DescentSteps,
): PathRuntime {
  const { engine, sizes } = binding;
  const path = block.plan.facts.block.path;
  const tangents = path?.tangents as Tangents;
  const reads = path?.reads ?? [];
  const vectors = (count: number): readonly Vector[] =>
    Array.from({ length: count }, () => engine.allocate(block.size));
  const entries = reads.flatMap((input) =>
    Array.from({ length: lengthOf(input.shape, sizes) }, (_, entry) => ({ input, entry })),
  );
  const slots = {
    reads: addSlots(binding, tangents.reads),
    unknowns: addSlots(binding, tangents.unknowns),
    displacement: addSlots(binding, tangents.displacement),
  };
  const units = entries.map((_, k) => {
    const unit = engine.allocate(entries.length);
    engine.write(
      unit,
      Float64Array.from(entries, (_, i) => (i === k ? 1 : 0)),
    );
    return unit;
  });
  const withMomentum = tangents.displacement.length > 0;
  const points = vectors(entries.length);
  const displacements = vectors(withMomentum ? entries.length : 0);
  const [start, end, moved] = vectors(3) as [Vector, Vector, Vector];
  const stepTangent = flatKernel(binding, "tangent of a step", tangents.step, moved);
  const startTangent = flatKernel(binding, "tangent of the start", tangents.start, moved);

  /** moved ← the tangent of d_{t+1} along entry k */
  const along = (k: number): void => {
    engine.copy(units[k] as Vector, slots.reads);
    engine.copy(points[k] as Vector, slots.unknowns);
    if (withMomentum) engine.copy(displacements[k] as Vector, slots.displacement);
    stepTangent();
    engine.scale(steps.factor(), moved);
  };

  /** How far the tangents are from solving Hẏ = −∂∇g: the last tangent step over the one from ẏ = 0, at the end. */
  const residual = (): number => {
    const shares = entries.map((_, k) => {
      if (withMomentum) engine.fill(displacements[k] as Vector, 0);
      along(k);
      const left = engine.norm(moved);
      engine.fill(points[k] as Vector, 0);
      along(k);
      return left === 0 ? 0 : left / engine.norm(moved);
    });
    return Math.max(0, ...shares);
  };

  return {
    run: () => {
      steps.begin();
      engine.copy(block.y, start);
      for (let t = 0; t < descent.steps; t += 1) steps.step();
    },

    pullBack: (adjoint, sinks) => {
      steps.state.forEach((vector, k) => (k === 0 ? engine.copy(vector, end) : engine.fill(vector, 0)));
      entries.forEach((_, k) => {
        engine.copy(units[k] as Vector, slots.reads);
        engine.fill(moved, 0);
        if (tangents.start.length > 0) startTangent();
        engine.copy(moved, points[k] as Vector);
        if (withMomentum) engine.fill(displacements[k] as Vector, 0);
      });
      engine.copy(start, block.y);
      for (let t = 0; t < descent.steps; t += 1) {
        entries.forEach((_, k) => {
          along(k);
          engine.axpy(1, moved, points[k] as Vector);
          if (withMomentum) engine.copy(moved, displacements[k] as Vector);
        });
        steps.step();
      }
      engine.copy(end, block.y);
      entries.forEach(({ input, entry }, k) => {
        const sink = sinks.get(input.name);
        if (sink === undefined) return;
        const one = engine.view(sink, entry, 1);
        const own = engine.allocate(1);
        engine.fill(own, engine.dot(adjoint, points[k] as Vector));
        engine.axpy(1, own, one);
        engine.release(own);
      });
      return descent.approximates ? residual() : 0;
    },
  };
}
