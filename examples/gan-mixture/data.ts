/** Draws ring.csv: 2000 points from eight equal normal distributions of deviation 0.1 around points on a circle of radius 1. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../runtime/random.ts";

const [modes, count, deviation] = [8, 2000, 0.1];
const random = createRandom(0);
const rows = Array.from({ length: count }, (_, k) => {
  const angle = (2 * Math.PI * (k % modes)) / modes;
  return [Math.cos(angle), Math.sin(angle)].map((centre) => (centre + deviation * random.normal()).toFixed(4));
});
const text = ["x1,x2", ...rows.map((row) => row.join(","))].join("\n");
writeFileSync(join(import.meta.dirname, "ring.csv"), `${text}\n`);
