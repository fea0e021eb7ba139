// Eight groups of ten points on lines of their own: slopes near 2, intercepts near 1, noise. Half are to fit, half to judge.
import { writeFileSync } from "node:fs";

let state = 20011;
/** Roughly normal: the sum of twelve uniform numbers less 6 (Park and Miller's generator). */
const normal = () => {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) {
    state = (state * 48271) % 2147483647;
    sum += state / 2147483647;
  }
  return sum;
};
const round = (x) => Math.round(x * 1000) / 1000;

const groups = Array.from({ length: 8 }, () => ({ slope: 2 + 0.4 * normal(), intercept: 1 + 0.4 * normal() }));
const points = ({ slope, intercept }) => {
  const X = Array.from({ length: 5 }, () => [1, round(normal())]);
  return { X, y: X.map(([, x]) => round(intercept + slope * x + normal())) };
};
const fit = groups.map(points);
const judge = groups.map(points);
const table = {
  X: fit.map(({ X }) => X),
  y: fit.map(({ y }) => y),
  Xq: judge.map(({ X }) => X),
  yq: judge.map(({ y }) => y),
};
writeFileSync(new URL("groups.json", import.meta.url), `${JSON.stringify(table)}\n`);
