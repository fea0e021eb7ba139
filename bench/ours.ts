/**
 * Our contestant: `node ours.ts TASK WAY FOLDER`. Like every contestant it answers a line `run` on standard input by a line
 * `{ milliseconds }` on standard output, and `end` by what it found and used.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Outcome, readSettings } from "./task.ts";
import { tasks } from "./tasks/tasks.ts";

/** Of this process so far, in bytes. */
const peakMemory = (): number => process.resourceUsage().maxRSS * 1024;

/** Until the line has left: this process is ended, and a pipe takes a long line in pieces. */
const say = (line: object): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve());
  });

const [, , taskName = "", way = "", folder = ""] = process.argv;
const open = tasks[taskName]?.ours[way];
if (open === undefined) throw new Error(`there is no ${taskName} ${way}`);
const before = peakMemory();
const session = await open(folder, readSettings(folder));
await say({ ready: true });
let last: Outcome | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "end") {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    if (last !== undefined) last = session.finish?.(last) ?? last;
    await say({ ...last, before, peak: peakMemory(), versions: { bilevel: version, node: process.versions.node } });
    break;
  }
  await session.before?.();
  const began = performance.now();
  last = await session.run();
  await say({ milliseconds: performance.now() - began });
}
process.exit();
