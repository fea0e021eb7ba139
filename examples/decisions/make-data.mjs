// Portfolios of three assets that an investor chose on ten days: minimises ½ Σ q x² − m·x over 0 ≤ x ≤ 0.7, Σ x = 1, where
// the expected returns m = W s follow two signals. The optimal x is clip((m − ν) / q, 0, 0.7), with ν found by bisection.
import { writeFileSync } from "node:fs";

const [risk, cap] = [[1, 0.8, 1.5], 0.7];
const W = [
  [0.9, -0.2],
  [-0.6, 0.5],
  [-0.3, -0.3],
];
let state = 7;
const random = () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return (2 * state) / 2147483648 - 1;
};
const rows = Array.from({ length: 10 }, () => {
  const signals = [random(), random()].map((x) => Math.round(1e4 * x) / 1e4);
  const m = W.map((row) => row[0] * signals[0] + row[1] * signals[1]);
  const at = (nu) => m.map((value, i) => Math.min(cap, Math.max(0, (value - nu) / risk[i])));
  let [low, high] = [-10, 10];
  for (let k = 0; k < 200; k += 1) {
    const nu = (low + high) / 2;
    if (at(nu).reduce((a, b) => a + b) > 1) low = nu;
    else high = nu;
  }
  return [...signals, ...at((low + high) / 2)];
});
const text = ["s1,s2,x1,x2,x3", ...rows.map((row) => row.join(","))].join("\n");
writeFileSync(new URL("investor.csv", import.meta.url), `${text}\n`);
