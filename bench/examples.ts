/**
 * Whole runs of the examples. Peers get the example's tables as the example reads and splits them, and end as soon as their
 * validation loss is that of our answer, up to so much of it; so do we, by the number of steps that it takes.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../compiler/compile.ts";
import { loadData } from "../runtime/data/load.ts";
import { isColumn } from "../runtime/data/table.ts";
import type { RunResult } from "../runtime/types.ts";
import { type Contestant, processes } from "./contest.ts";
import { writeTable } from "./data.ts";
import { type Case, type Job, python } from "./job.ts";
import { bilevel } from "./start-up.ts";

function runOf(file: string, steps?: number): readonly string[] {
  return [
    ...bilevel,
    "run",
    file,
    "--allow-read",
    "examples",
    "--json",
    ...(steps === undefined ? [] : ["--steps", String(steps)]),
  ];
}

/** The tables that the program reads, one file each. */
async function exportTables(file: string, folder: string): Promise<void> {
  const { model } = compile(readFileSync(file, "utf8"), file);
  if (model === undefined) throw new Error(`${file} does not compile`);
  const { tables } = await loadData(model);
  for (const [name, { fields }] of tables) {
    const columns = [...fields].flatMap(([field, column]) => (isColumn(column) ? [[field, column] as const] : []));
    const arrays = columns.map(([field, { shape, values }]) => [field, { shape, values: Float64Array.from(values) }]);
    writeTable(folder, name, Object.fromEntries(arrays));
  }
}

function example(name: string, program: string, within: number, ways: readonly string[], repetitions: number): Case {
  const file = join(import.meta.dirname, "..", "examples", name, `${program}.bilevel`);
  return {
    title: `${name}, to ${100 * within} % of our validation loss`,
    target: 3,
    measure: async (folder) => {
      mkdirSync(folder, { recursive: true });
      await exportTables(file, folder);
      const [node = "", ...arguments_] = runOf(file);
      const { stdout } = spawnSync(node, arguments_, { encoding: "utf8", maxBuffer: 2 ** 28 });
      const { value, trace }: RunResult = JSON.parse(stdout);
      const goal = value + within * Math.abs(value);
      const steps = trace.find((entry) => entry.value <= goal)?.step ?? trace.length;
      writeFileSync(join(folder, "settings.json"), JSON.stringify({ goal }));
      const script = join(import.meta.dirname, "peers", "examples_peer.py");
      const contestants: Contestant[] = [
        { name: "bilevel: to the same loss", command: runOf(file, steps) },
        { name: "bilevel: to convergence", command: runOf(file) },
        ...ways.map((way) => ({ name: way, command: [python, "-W", "ignore", script, program, way, folder] })),
      ];
      return { entries: await processes(contestants, repetitions) };
    },
  };
}

export const examples = (repetitions: number): Job => ({
  id: "g",
  title: "Whole runs of the examples to the same validation loss",
  note:
    "Processes from start to end, importing and compiling included. Peers minimise by SciPy's L-BFGS-B with exact hypergradients, " +
    "and read arrays where we read text and split it. For the digits they fit one classifier, the example three.",
  cases: [
    example("ridge-diabetes", "ridge", 1e-4, ["numpy", "torch", "jaxopt"], repetitions),
    example("logistic-breast-cancer", "logistic", 0.05, ["numpy", "torch", "jaxopt"], repetitions),
    example("lasso-diabetes", "lasso", 1e-4, ["scikit-learn", "jaxopt"], repetitions),
    example("cleaning-digits", "cleaning", 1e-3, ["numpy", "torch", "jaxopt"], repetitions),
  ],
});
