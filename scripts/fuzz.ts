/** Tries many inputs on everything that reads what it cannot trust: node scripts/fuzz.ts [--inputs N] [--seed S]. docs/trust.md has a record. */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { targets } from "../test/fuzz/targets.ts";

const { values } = parseArgs({
  options: { inputs: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } },
});
const inputs = Number(values.inputs);
fc.configureGlobal({ seed: Number(values.seed) });
console.log("| read | inputs | seconds |\n| --- | --- | --- |");
for (const { name, fuzz } of targets) {
  const began = performance.now();
  await fuzz(inputs);
  console.log(`| ${name} | ${inputs} | ${((performance.now() - began) / 1000).toFixed(1)} |`);
}
