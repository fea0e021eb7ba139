/**
 * SOBA (Dagréou, Ablin, Vaiter and Moreau 2022): at each step, from one batch for each objective,
 *
 *     y ← y − ρ D_y,   v ← v − ρ D_v,   w ← w − γ D_w,   ρ and γ falling as 1/√t.
 */
import type { Vector } from "../../engine/engine.ts";
import type { StochasticRule } from "./method.ts";

export const soba: StochasticRule = {
  exponents: { inner: 0.5, outer: 0.5 },
  create: ({ engine, oracle, ratesAt, moveUpper }) => {
    const { y, v } = oracle.point;
    const { slope, adjoint, upper } = oracle.directions;
    const estimate = oracle.estimator("soba step", [slope, adjoint, upper]);
    const [dy, dv, dw] = estimate.outputs as [Vector, Vector, Vector];
    return {
      step: (t) => {
        const { inner, outer } = ratesAt(t);
        oracle.draw();
        estimate.run();
        engine.axpy(-inner, dy, y);
        engine.axpy(-inner, dv, v);
        moveUpper(outer, dw);
      },
    };
  },
};
