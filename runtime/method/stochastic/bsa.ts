/**
 * BSA (Ghadimi and Wang 2018): `inner_steps` steps y ← y − ρ D_y, the adjoint from a Neumann series of random length below `terms`, then
 * w ← w − γ D_w, with ρ and γ falling as 1/√t.
 */
import { doubleLoop } from "./double-loop.ts";
import { neumannSeries } from "./neumann.ts";

export const bsa = doubleLoop(
  { inner: 0.5, outer: 0.5 },
  ({ argument }) => argument("inner_steps"),
  (setting) => neumannSeries(setting, "random"),
);
