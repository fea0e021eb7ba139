/**
 * TTSA (Hong, Wai, Wang and Yang 2023): one step y ← y − ρ D_y, the adjoint from a Neumann series of random length below `terms`, then
 * w ← w − γ D_w. The upper level moves on the slower scale: ρ falls as t^(−2/5), γ as t^(−3/5).
 */
import { doubleLoop } from "./double-loop.ts";
import { neumannSeries } from "./neumann.ts";

export const ttsa = doubleLoop(
  { inner: 0.4, outer: 0.6 },
  () => 1,
  (setting) => neumannSeries(setting, "random"),
);
