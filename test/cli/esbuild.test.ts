/** Programs that are imported: bundled by the plugin, and typed by their own names and shapes. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { bilevel as plugin } from "../../cli/esbuild.ts";
import { bilevel, folderWith, ridge } from "./process.ts";

const folder = folderWith({
  ...ridge,
  "net.bilevel": `network f: real[1] -> real = mlp(hidden: [2], seed: 0)
var a: real
function h: real[1] -> real in RKHS(gaussian(bandwidth: 1))
let x = [[0.0], [1.0]]
minimize sum((h(x) - 1)^2) + sum(f(x)^2) over f, a
where h minimizes sum((h(x) - a)^2) + normsq(h)
`,
  "wrong.bilevel": "var a: real\nvar x: real\n\nminimize é + x over a\nwhere x minimizes (x - a)^2\n",
  "app.ts": `import problem, { type Names } from "./ridge.bilevel";
import net from "./net.bilevel";
const start: Names["upper"] = { lambda: [-1, -1] };
const run = problem.solve();
const values: number[] = [];
for await (const step of run) values.push(step.value);
const { lower } = await run;
const first: number[][] = net.hypergradient().gradient.f.W1;
const points: number[][] = net.hypergradient().lower.h.points;
const theta: number[] = lower.theta;
console.log(JSON.stringify({ at: problem.value(start), values, theta, first, points }));
`,
  "wrong.ts": `import problem from "./ridge.bilevel";
problem.value({ lambda: 0 });
// @ts-expect-error: no variable has this name
problem.value({ lamda: 0 });
// @ts-expect-error: a vector is no text
export const text: string = problem.hypergradient().gradient.lambda;
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "ES2024",
      lib: ["ES2024", "DOM"],
      module: "esnext",
      moduleResolution: "bundler",
      strict: true,
      noEmit: true,
      types: [],
    },
    files: ["app.ts", "wrong.ts"],
  }),
});

const bundle = (entry: string) =>
  build({
    entryPoints: [join(folder, entry)],
    bundle: true,
    format: "esm",
    platform: "browser",
    outfile: join(folder, "app.mjs"),
    plugins: [plugin()],
    logLevel: "silent",
  });

describe("the plugin", () => {
  it("bundles programs with their data, for browsers too", async () => {
    await bundle("app.ts");
    const { stdout, stderr } = spawnSync(process.execPath, ["app.mjs"], { cwd: folder, encoding: "utf8" });
    expect(stderr).toBe("");
    const { at, values, theta, first, points } = JSON.parse(stdout);
    const alone = JSON.parse(bilevel(folder, ["grad", "ridge.bilevel", "--at", "lambda=-1", "--json"]).out);
    expect(at).toBeCloseTo(alone.value, 12);
    expect(values.length).toBeGreaterThan(2);
    expect([theta.length, first[0].length, points]).toEqual([2, 2, [[0], [1]]]);
  });

  it("writes declarations that hold the importing program to the model's names and shapes", () => {
    expect(existsSync(join(folder, "ridge.bilevel.d.ts"))).toBe(true);
    const tsc = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
    const { stdout, status } = spawnSync(tsc, ["-p", folder], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });

  it("leaves declarations alone that stay as they are", async () => {
    const file = join(folder, "ridge.bilevel.d.ts");
    const before = statSync(file).mtimeMs;
    await bundle("app.ts");
    expect(statSync(file).mtimeMs).toBe(before);
  });

  it("says what is wrong where it is wrong", async () => {
    writeFileSync(join(folder, "bad.ts"), 'import "./wrong.bilevel";');
    const failure = await bundle("bad.ts").catch((error: unknown) => error);
    expect(failure).toMatchObject({
      errors: [{ text: expect.stringContaining("é"), location: { line: 4, column: 9, length: 2 } }],
    });
  });
});

describe("bilevel types", () => {
  it("writes the same declarations, with no data at hand", () => {
    const elsewhere = folderWith({ "ridge.bilevel": ridge["ridge.bilevel"] as string });
    expect(bilevel(elsewhere, ["types", "ridge.bilevel"])).toMatchObject({ status: 0, err: "" });
    const written = readFileSync(join(elsewhere, "ridge.bilevel.d.ts"), "utf8");
    expect(written).toBe(readFileSync(join(folder, "ridge.bilevel.d.ts"), "utf8"));
    bilevel(elsewhere, ["types", "ridge.bilevel", "-o", "ridge.d.bilevel.ts"]);
    expect(readFileSync(join(elsewhere, "ridge.d.bilevel.ts"), "utf8")).toBe(written);
  });
});
