/**
 * Adjoints without a memory, from Neumann's series with a new batch for each factor, p_0 = ∂f/∂y and p_{k+1} = (I − ρH_k) p_k:
 *
 *     sum     v = ρ Σ_{k<K} p_k,   whose error in the direction of an eigenvalue μ is (1 − ρμ)^K;
 *     random  v = K ρ p_k with k uniform in 0..K−1, of the same mean for fewer products (Ghadimi and Wang 2018).
 *
 * K is the method's argument `terms`, and ρ the lower level's step size before it falls with t.
 */
import type { Vector } from "../../engine/engine.ts";
import type { Setting } from "./method.ts";

/** What writes the estimate into the point's adjoint. */
export function neumannSeries(setting: Setting, kind: "sum" | "random"): () => void {
  const { engine, oracle, random, base } = setting;
  const { point, directions } = oracle;
  const { v } = point;
  const terms = setting.argument("terms");
  const pull = oracle.estimator("upper slope in y", [directions.pull]);
  const product = oracle.estimator("curvature product", [directions.curved]);
  const sum = engine.allocate(v.length);
  return () => {
    const rate = base().inner;
    oracle.draw();
    pull.run();
    engine.copy(pull.outputs[0] as Vector, v);
    engine.copy(v, sum);
    const factors = kind === "sum" ? terms - 1 : random.integer(terms);
    for (let k = 0; k < factors; k += 1) {
      oracle.draw();
      product.run();
      engine.axpy(-rate, product.outputs[0] as Vector, v);
      engine.axpy(1, v, sum);
    }
    if (kind === "sum") engine.copy(sum, v);
    engine.scale(kind === "sum" ? rate : rate * terms, v);
  };
}
