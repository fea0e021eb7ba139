/** Writes signal.csv: 200 noisy observations of a mean that 4 of 30 features make. Seeded; run with `node make-data.mjs`. */
import { writeFileSync } from "node:fs";

let state = 20260;
/** Park and Miller's generator. */
const uniform = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

const [n, d, sigma] = [200, 30, 2];
const truth = [2, -1.5, 1, 0.75, ...new Array(d - 4).fill(0)];
const rows = Array.from({ length: n }, () => {
  const x = Array.from({ length: d }, normal);
  const mean = x.reduce((sum, value, j) => sum + value * truth[j], 0);
  return [...x, mean, mean + sigma * normal()].map((value) => value.toFixed(4)).join(",");
});
const header = [...truth.map((_, j) => `x${j}`), "mean", "y"].join(",");
writeFileSync(new URL("signal.csv", import.meta.url), `${[header, ...rows].join("\n")}\n`);
