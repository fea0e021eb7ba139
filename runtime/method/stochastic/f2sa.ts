/**
 * F²SA (Kwon, Kwon, Wright and Nowak 2023), with first derivatives alone. The problem is replaced by min_w min_u f(w, u) + λ (g(w, u) −
 * min_y g(w, y)), whose multiplier λ grows without bound:
 *
 *     y ← y − ρ ∂g/∂y(w, y)
 *     u ← u − (ρ/λ) (∂f/∂u(w, u) + λ ∂g/∂u(w, u))
 *     w ← w − γ (∂f/∂w(w, u) + λ (∂g/∂w(w, u) − ∂g/∂w(w, y)))
 *
 * with ρ ∝ t^(−4/7), γ ∝ t^(−5/7), λ ∝ t^(1/7), the paper's rates where all derivatives are noisy. g at u and at y shares its rows.
 * Since y − u → H⁻¹ ∂f/∂y / λ, the point stands for the adjoint v = λ (y − u).
 */
import type { Vector } from "../../engine/engine.ts";
import type { StochasticRule } from "./method.ts";

export const f2sa: StochasticRule = {
  exponents: { inner: 4 / 7, outer: 5 / 7 },
  create: ({ engine, oracle, ratesAt, moveUpper, argument, direction }) => {
    const { w, y, v: u } = oracle.point;
    const { slope, partial, pull, direct, inAdjoints } = oracle.directions;
    const estimate = oracle.estimator("f2sa step", [slope, partial, ...[slope, partial, pull, direct].map(inAdjoints)]);
    const [gy, gw, guu, guw, fu, fw] = estimate.outputs as [Vector, Vector, Vector, Vector, Vector, Vector];
    const total = engine.allocate(w.length);
    let multiplier = argument("penalty");
    return {
      begin: () => engine.copy(y, u),
      step: (t) => {
        const { inner, outer } = ratesAt(t);
        multiplier = argument("penalty") * t ** (1 / 7);
        oracle.draw();
        estimate.run();
        engine.axpy(-inner, gy, y);
        engine.axpy(-inner, guu, u);
        engine.axpy((-direction * inner) / multiplier, fu, u);
        engine.copy(fw, total);
        engine.axpy(direction * multiplier, guw, total);
        engine.axpy(-direction * multiplier, gw, total);
        moveUpper(outer, total);
      },
      adjoint: (out) => {
        engine.copy(y, out);
        engine.axpy(-1, u, out);
        engine.scale(direction * multiplier, out);
      },
    };
  },
};
