/**
 * Trains the network and writes figure.svg (training) and residuals.svg (its fixed point, iterated); prints the tables of the README: the
 * training, and the hypergradient by other adjoints and through unrolled layers against the exact one.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, type GradientResult, type Point, type Prepared, type RunResult } from "../../index.ts";
import { lineChart } from "../../plot/chart.ts";

const file = join(import.meta.dirname, "equilibrium.bilevel");
const [model = ""] = readFileSync(file, "utf8").split("solve {");
/** Without the states of the test images, which no gradient reads. */
const training = model.replace(/^(var T|and|report).*\n/gm, "");

async function prepared(text: string): Promise<Prepared> {
  const { problem, diagnostics } = await compile(text, { file });
  if (problem === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return problem;
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

// ------------------------------------------------------------------------------------------------------- training

const runs: RunResult[] = [];
for (const steps of [10, 25, 50, 150])
  runs.push(await (await prepared(`${model}solve { outer: adam(rate: 0.02) steps: ${steps} }`)).solve());
const { trace = [], upper = {} } = runs.at(-1) ?? {};
const point: Point = upper;
const at = runs.map(({ steps }) => steps);
const wrong = (name: string): readonly number[] => runs.map(({ reports }) => 1 - numberOf(reports[name]));
const chart = lineChart(
  [
    { name: "objective", x: trace.map(({ step }) => step), y: trace.map(({ value }) => value) },
    { name: "test error", x: at, y: wrong("test_accuracy") },
    { name: "training error", x: at, y: wrong("train_accuracy") },
    { name: "contraction", x: at, y: runs.map(({ contraction }) => numberOf(contraction)), dashed: true },
  ],
  { title: "Training the equilibrium network", xLabel: "step", yLabel: "objective, share, factor", yScale: "log" },
);
writeFileSync(join(import.meta.dirname, "figure.svg"), chart);
console.log("steps  objective  train   test    contraction");
for (const { steps, value, reports, contraction } of runs) {
  const [train, test] = [numberOf(reports.train_accuracy), numberOf(reports.test_accuracy)];
  const accuracies = `${train.toFixed(4)}  ${test.toFixed(4)}`;
  console.log(
    `${String(steps).padEnd(6)} ${value.toFixed(4).padEnd(10)} ${accuracies}  ${numberOf(contraction).toFixed(3)}`,
  );
}

// ------------------------------------------------------------------------------------- iterations of the fixed point

const counts = [1, 2, 4, 7, 10, 14, 18, 24];
async function residuals(solver: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const max of counts) {
    const problem = await prepared(`${training}solve { inner: ${solver}(max: ${max}) adjoint: identity }`);
    found.push(problem.gradient(point).residuals.inner);
  }
  return found;
}
const convergence = lineChart(
  [
    { name: "plain", x: counts, y: await residuals("fixed_point") },
    { name: "Anderson", x: counts, y: await residuals("anderson") },
  ],
  { title: "The trained network's fixed point", xLabel: "iterations", yLabel: "relative residual", yScale: "log" },
);
writeFileSync(join(import.meta.dirname, "residuals.svg"), convergence);

// ------------------------------------------------------------------------------------------ the hypergradient in W

/** The states as the end of so many layers, differentiated like any other expression. */
function unrolled(layers: number): string {
  const states = Array.from({ length: layers }, (_, i) => {
    const before = i === 0 ? "0 * train.x @ U" : `Z${i}`;
    return `let Z${i + 1} = next(${before}, train.x)`;
  });
  const [declarations = "", problem = ""] = training.split("minimize");
  const flat = declarations.replace(/^var Z:.*\n/gm, "").replace("Z @ V", `Z${layers} @ V`);
  return `${flat}${states.join("\n")}\nminimize${problem.slice(0, problem.indexOf("where"))}`;
}

/** And how long it takes, the second time. */
async function gradientOf(text: string): Promise<readonly [GradientResult, number]> {
  const problem = await prepared(text);
  problem.gradient(point);
  const began = performance.now();
  const answer = problem.gradient(point);
  return [answer, performance.now() - began];
}

const entries = (value: unknown): readonly number[] =>
  Array.isArray(value) ? value.flatMap(entries) : [numberOf(value)];
const adjoints = ["identity", "neumann(terms: 1)", "neumann(terms: 3)", "neumann(terms: 10)"];
const exact = ["fixed_point", "bicgstab", "gmres", "lu"];
const ways = [
  ...[2, 3, 5, 8].map((layers) => [`${layers} layers`, unrolled(layers)] as const),
  ...[...adjoints, ...exact].map((name) => [name, `${training}solve { adjoint: ${name} }`] as const),
];
const wanted = entries((await gradientOf(`${training}solve { adjoint: lu }`))[0].gradient.W);
const length = Math.hypot(...wanted);
console.log("\nway                 error in W  cosine   adjoint residual  ms");
for (const [name, text] of ways) {
  const [{ gradient, residuals: found }, ms] = await gradientOf(text);
  const own = entries(gradient.W);
  const error = Math.hypot(...own.map((value, i) => value - (wanted[i] as number))) / length;
  const cosine = own.reduce((sum, value, i) => sum + value * (wanted[i] as number), 0) / (length * Math.hypot(...own));
  const numbers = `${error.toExponential(1).padEnd(11)} ${cosine.toFixed(5)}  ${found.adjoint.toExponential(1).padEnd(17)}`;
  console.log(`${name.padEnd(19)} ${numbers} ${ms.toFixed(0)}`);
}
