// Makes the four files of this example from the digits data: node make-data.mjs digits.csv
// Rows are shuffled with a fixed seed; half of the training labels are replaced by another class.
import { readFileSync, writeFileSync } from "node:fs";

const [header, ...rows] = readFileSync(process.argv[2] ?? "digits.csv", "utf8")
  .trim()
  .split(/\r?\n/);
let state = 1;
const random = () => {
  // Lehmer's generator: enough for a shuffle, and the same everywhere.
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
for (let i = rows.length - 1; i > 0; i--) {
  const j = Math.floor(random() * (i + 1));
  [rows[i], rows[j]] = [rows[j], rows[i]];
}
const corrupt = (row) => {
  const cells = row.split(",");
  if (random() < 0.5) cells[64] = (Number(cells[64]) + 1 + Math.floor(9 * random())) % 10;
  return cells.join(",");
};
const write = (name, part) => writeFileSync(name, `${[header, ...part].join("\n")}\n`);
const train = rows.slice(0, 900);
write("digits-train-corrupted.csv", train.map(corrupt));
write("digits-train-clean.csv", train);
write("digits-valid.csv", rows.slice(900, 1300));
write("digits-test.csv", rows.slice(1300));
