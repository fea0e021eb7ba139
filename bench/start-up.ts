/** How long until something happens: whole processes, from their start to their end. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Contestant, processes } from "./contest.ts";
import { type Job, python } from "./job.ts";

const root = join(import.meta.dirname, "..");
export const bilevel = [process.execPath, join(root, "dist", "bilevel.js")];
const ridge = join(root, "examples", "ridge-diabetes", "ridge.bilevel");

const importing = (modules: string): Contestant => ({
  name: `python: import ${modules}`,
  command: [python, "-c", `import ${modules}`],
});

export const startUp = (repetitions: number): Job => ({
  id: "h",
  title: "Start-up",
  note:
    "What a command costs before it computes: reading 2 MB of bundled program, compiling the model, its derivatives and its code. " +
    "The peers' share is importing the framework alone.",
  cases: [
    {
      title: "whole processes",
      measure: async (folder) => {
        mkdirSync(folder, { recursive: true });
        const contestants = [
          { name: "bilevel: grad", command: [...bilevel, "grad", ridge] },
          { name: "bilevel: --version", command: [...bilevel, "--version"] },
          { name: "bilevel: check", command: [...bilevel, "check", ridge] },
          { name: "bilevel: explain", command: [...bilevel, "explain", ridge] },
          importing("numpy, scipy.optimize"),
          importing("torch"),
          importing("jax, jaxopt"),
        ];
        return { entries: await processes(contestants, repetitions) };
      },
    },
  ],
});
