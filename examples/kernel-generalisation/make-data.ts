/** Draws population.csv: 1000 rows of four standard normal numbers, and an answer with noise that two of them have most to do with. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../runtime/random.ts";
import { csvTable, range } from "../study.ts";

const random = createRandom(0);
const rows = range(1000).map(() => {
  const [a, b, c, d] = range(4).map(() => random.normal()) as [number, number, number, number];
  const answer = Math.sin(2 * a) + a * b + 0.3 * c + 0.3 * random.normal();
  return [a, b, c, d, answer].map((value) => value.toFixed(4));
});
writeFileSync(join(import.meta.dirname, "population.csv"), csvTable(["x1", "x2", "x3", "x4", "y"], rows));
