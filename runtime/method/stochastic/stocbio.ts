/**
 * StocBiO (Ji, Yang and Liang 2021): `inner_steps` steps y ← y − ρ D_y, the adjoint from `terms` terms of Neumann's series, then
 * w ← w − γ D_w. Step sizes are constant; automatic
 * ones fall as 1/√t.
 */
import { doubleLoop } from "./double-loop.ts";
import { neumannSeries } from "./neumann.ts";

export const stocbio = doubleLoop(
  { inner: 0, outer: 0 },
  ({ argument }) => argument("inner_steps"),
  (setting) => neumannSeries(setting, "sum"),
);
