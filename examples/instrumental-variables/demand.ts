/** The demand design of Hartford, Lewis, Leyton-Brown and Taddy (2017), drawn anew: rows of the tables that the programs read. */
import { createRandom } from "../../runtime/random.ts";
import type { Sample } from "../instrumental.ts";
import { csvTable } from "../study.ts";

/** How much people buy over the year. */
const season = (t: number): number => 2 * ((t - 5) ** 4 / 600 + Math.exp(-4 * (t - 5) ** 2) + t / 10 - 2);

/** What they would buy at a price, whoever sets it. */
export const structural = (price: number, time: number, emotion: number): number =>
  100 + (10 + price) * emotion * season(time) - 2 * price;

/** The deviation of the demand that is not explained, as in the code of the paper, which adds it to a standardised outcome. */
const unexplained = 158;

/** `rho`: the correlation of what moves the price unseen and what moves the demand. */
export function demandRows(n: number, rho: number, seed: number): readonly (readonly number[])[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => {
    const [emotion, time] = [1 + random.integer(7), 10 * random.uniform()];
    const [cost, unseen, noise] = [random.normal(), random.normal(), random.normal()];
    const price = 25 + (cost + 3) * season(time) + unseen;
    const outcome = structural(price, time, emotion) + unexplained * (rho * unseen + Math.sqrt(1 - rho ** 2) * noise);
    return [price, time, emotion, cost, outcome];
  });
}

/** As the file demand-train.csv. */
export const demandTable = (rows: readonly (readonly number[])[]): Uint8Array =>
  csvTable(["price", "time", "emotion", "cost", "outcome"], rows);

/** Rows of one draw, and as many of the next that are held out; the networks start from `seed`. */
export const demandSample = (rows: number, rho: number, draw: number, seed = draw): Sample => ({
  tables: { raw: demandTable(demandRows(rows, rho, draw)), raw_held: demandTable(demandRows(rows, rho, draw + 1)) },
  held: {
    declared: `data raw_held: { x: real[k, 3], z: real[k, 3], outcome: real[k] } =
  csv("held.csv", x: ["price", "time", "emotion"], z: ["cost", "time", "emotion"], outcome: "outcome")
data scaled_held = standardize(raw_held, like: raw, fields: [x])
data held = standardize(scaled_held, fields: [z])`,
    missed: "f(x) - (outcome + 292) / 158",
  },
  seed,
});
