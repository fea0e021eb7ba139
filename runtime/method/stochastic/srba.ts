/**
 * SRBA (Dagréou, Moreau, Vaiter and Ablin 2024): SOBA's step with SARAH's recursive variance reduction and constant step sizes. With
 * d = (D_y, D_v, D_w) and the point u = (y, v, w), every q steps d is made from all rows, and in between, from one batch of each objective,
 *
 *     d_t = d_{t−1} + D(u_t) − D(u_{t−1}),   u_{t+1} = u_t − (ρ, ρ, γ) d_t.
 *
 * q is as many steps as draw `period` times all rows. It keeps no memory of rows. The paper's projection of v to a ball, whose radius is
 * a constant of the problem that nobody knows, is left out.
 */
import type { Vector } from "../../engine/engine.ts";
import { notFor, type StochasticRule } from "./method.ts";
import type { Oracle } from "./oracle.ts";

export const srba: StochasticRule = {
  exponents: { inner: 0, outer: 0 },
  caution: () => ({ inner: 1 / 3, outer: 1 }),
  create: ({ engine, oracle, withBatch, ratesAt, moveUpper, argument }) => {
    const samples = [...oracle.directions.samples.upper, ...oracle.directions.samples.lower];
    if (samples.some(({ fresh }) => fresh.size > 0)) throw notFor("srba", "looks at all rows, and here they never end");
    const { y, v, w } = oracle.point;
    const estimateOf = ({ estimator, directions: { slope, adjoint, upper } }: Oracle) =>
      estimator("srba step", [slope, adjoint, upper]);
    const [few, all] = [estimateOf(oracle), estimateOf(withBatch(Number.POSITIVE_INFINITY))];
    const parts = [y, v, w];
    const like = (): readonly Vector[] => parts.map(({ length }) => engine.allocate(length));
    const [direction, present, before] = [like(), like(), like()];
    const [dy, dv, dw] = direction as [Vector, Vector, Vector];
    const copy = (from: readonly Vector[], to: readonly Vector[]): void =>
      from.forEach((vector, k) => engine.copy(vector, to[k] as Vector));
    const add = (factor: number): void =>
      few.outputs.forEach((change, k) => engine.axpy(factor, change, direction[k] as Vector));
    const stepsOfAPass = samples.reduce((sum, { scale }) => sum + scale, 0);
    const period = Math.max(1, Math.round(argument("period") * stepsOfAPass));
    return {
      step: (t) => {
        const { inner, outer } = ratesAt(t);
        copy(parts, present);
        if ((t - 1) % period === 0) {
          all.run();
          copy(all.outputs, direction);
        } else {
          oracle.draw();
          few.run();
          add(1);
          copy(before, parts);
          few.run();
          add(-1);
          copy(present, parts);
        }
        copy(present, before);
        engine.axpy(-inner, dy, y);
        engine.axpy(-inner, dv, v);
        moveUpper(outer, dw);
      },
    };
  },
};
