/**
 * AmIGO (Arbel and Mairal 2022): at each step `inner_steps` steps y ← y − ρ D_y and `adjoint_steps` steps v ← v − ρ D_v, both from where
 * the last ones ended and each on rows of its own, then one step w ← w − γ D_w. Step sizes are constant; automatic
 * ones fall as 1/√t.
 */
import { doubleLoop, repeated } from "./double-loop.ts";

export const amigo = doubleLoop(
  { inner: 0, outer: 0 },
  ({ argument }) => argument("inner_steps"),
  (setting) => {
    const { point, directions } = setting.oracle;
    return repeated(setting, "adjoint slope", directions.adjoint, point.v, setting.argument("adjoint_steps"));
  },
);
