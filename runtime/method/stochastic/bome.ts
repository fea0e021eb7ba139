/**
 * BOME (Liu, Ye, Wright, Stone and Liu 2022), with first derivatives alone and all rows. From y, `inner_steps` steps of gradient descent
 * on g lead to ŷ, which stands for the minimiser in q(w, y) = g(w, y) − g(w, ŷ), ŷ held constant. Then
 *
 *     (w, y) ← (w, y) − D (∇f + λ ∇q),   λ = max(0, η − ⟨∇f, D ∇q⟩ / ⟨∇q, D ∇q⟩),
 *
 * the step nearest to −D ∇f along which q falls by η ⟨∇q, D ∇q⟩ at least, where D scales w by γ and y by ρ, both falling as 1/√t. The
 * descent to ŷ keeps its step size. η is the method's argument `barrier`. What is handed out for the lower level is ŷ, and for the
 * adjoint λ (ŷ − y).
 */
import type { Vector } from "../../engine/engine.ts";
import { repeated } from "./double-loop.ts";
import type { StochasticRule } from "./method.ts";

export const bome: StochasticRule = {
  exponents: { inner: 0.5, outer: 0.5 },
  create: (setting) => {
    const { engine, oracle, ratesAt, base, moveUpper, argument, direction } = setting;
    const { y: best, v: y } = oracle.point;
    const { slope, partial, pull, direct, inAdjoints } = oracle.directions;
    const descend = repeated(setting, "lower slope", slope, best, argument("inner_steps"));
    const estimate = oracle.estimator("bome step", [partial, ...[slope, partial, pull, direct].map(inAdjoints)]);
    const [atBest, qy, qw, fy, fw] = estimate.outputs as [Vector, Vector, Vector, Vector, Vector];
    const barrier = argument("barrier");
    let multiplier = 0;
    return {
      begin: () => engine.copy(best, y),
      step: (t) => {
        const { inner, outer } = ratesAt(t);
        engine.copy(y, best);
        descend(base().inner);
        estimate.run();
        engine.axpy(-1, atBest, qw);
        const along = direction * (inner * engine.dot(fy, qy) + outer * engine.dot(fw, qw));
        const square = inner * engine.dot(qy, qy) + outer * engine.dot(qw, qw);
        multiplier = square > 0 ? Math.max(0, barrier - along / square) : 0;
        engine.axpy(-inner * direction, fy, y);
        engine.axpy(-inner * multiplier, qy, y);
        engine.axpy(direction * multiplier, qw, fw);
        moveUpper(outer, fw);
      },
      adjoint: (out) => {
        engine.copy(best, out);
        engine.axpy(-1, y, out);
        engine.scale(direction * multiplier, out);
      },
    };
  },
};
