/** Methods that at each step take some steps of the lower level, then find the adjoint, then move the upper level by it. */
import type { Vector } from "../../engine/engine.ts";
import type { Rates, Setting, StochasticRule } from "./method.ts";

const falling: Rates = { inner: 0.5, outer: 0.5 };

/** `adjointOf` makes what moves or writes the adjoint, at the lower level's present step size. */
export function doubleLoop(
  exponents: Rates,
  lowerSteps: (setting: Setting) => number,
  adjointOf: (setting: Setting) => (rate: number) => void,
): StochasticRule {
  return {
    exponents,
    ...(exponents.inner === 0 && { automatic: falling }),
    create: (setting) => {
      const { oracle, ratesAt, moveUpper } = setting;
      const { point, directions } = oracle;
      const lower = repeated(setting, "lower slope", directions.slope, point.y, lowerSteps(setting));
      const adjoint = adjointOf(setting);
      const upper = oracle.estimator("hypergradient", [directions.upper]);
      return {
        step: (t) => {
          const { inner, outer } = ratesAt(t);
          lower(inner);
          adjoint(inner);
          oracle.draw();
          upper.run();
          moveUpper(outer, upper.outputs[0] as Vector);
        },
      };
    },
  };
}

/** x ← x − rate · slope, `count` times, each on rows of its own. */
export function repeated(
  { engine, oracle }: Pick<Setting, "engine" | "oracle">,
  name: string,
  slope: Parameters<Setting["oracle"]["estimator"]>[1][number],
  x: Vector,
  count: number,
): (rate: number) => void {
  const estimate = oracle.estimator(name, [slope]);
  return (rate) => {
    for (let k = 0; k < count; k += 1) {
      oracle.draw();
      estimate.run();
      engine.axpy(-rate, estimate.outputs[0] as Vector, x);
    }
  };
}
