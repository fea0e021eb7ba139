/** Draws sinusoid.json: tasks of amplitude uniform on [0.1, 5] and phase uniform on [0, π], inputs uniform on [−5, 5]. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../runtime/random.ts";

const shots = 10;
const random = createRandom(0);
const between = (low: number, high: number): number => low + (high - low) * random.uniform();

function rows(tasks: number) {
  return Array.from({ length: tasks }, () => {
    const [amplitude, phase] = [between(0.1, 5), between(0, Math.PI)];
    const points = (): readonly number[] => Array.from({ length: shots }, () => between(-5, 5));
    const at = (xs: readonly number[]): readonly number[] => xs.map((x) => amplitude * Math.sin(x - phase));
    const [xs, xq] = [points(), points()];
    return { xs: xs.map((x) => [x]), ys: at(xs), xq: xq.map((x) => [x]), yq: at(xq) };
  });
}

function columns(tasks: ReturnType<typeof rows>) {
  const keys = ["xs", "ys", "xq", "yq"] as const;
  return Object.fromEntries(keys.map((key) => [key, tasks.map((task) => task[key])]));
}

for (const [name, tasks] of [
  ["train", 25],
  ["test", 25],
] as const)
  writeFileSync(join(import.meta.dirname, `sinusoid-${name}.json`), `${JSON.stringify(columns(rows(tasks)))}\n`);
