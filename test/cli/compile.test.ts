/** Compiled modules run without this project: in a fresh process in a folder of their own, and in a page. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { bilevel, folderWith, follow, ridge } from "./process.ts";

// A module knows no system library; without one, both do the same arithmetic.
process.env["BILEVEL_BLAS"] = "off";

const example = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

const others = "age,weight,target\n1,1,1\n0,2,2\n-1,0,0.5\n0.5,-1,-1\n2,1,0.3\n";
const folder = folderWith({
  ...ridge,
  "others.csv": others,
  "follow.bilevel": follow,
  // Names that are no identifiers of JavaScript, or that the module has itself; a sum over classes; an equation below.
  "names.bilevel": `var λ: real[2] init 0.3
var new: real[2]
var data_1: real[2, 2] init 0.1
minimize sumsq(new - [1, 2]) + sum(data_1^2) + 0.1 * sumsq(λ - 1)
over λ
where new minimizes logsumexp(new) + sumsq(new - λ) + 0.5 * max(λ[0], λ[1]) * sumsq(new)
and data_1 solves data_1 = tanh(outer(λ, λ) * 0.1 + 0.2 * data_1)
report best = new[1] * 2
`,
  "folds.bilevel": `data all: { X: real[n, d], y: real[n] } = csv("others.csv", y: "target")
data cv = folds(all, k: 2, seed: 0)
var rho: real init -1
var theta[fold in cv]: real[d]
minimize E[fold in cv](E[fold.valid]((X @ theta[fold] - y)^2)) over rho
where theta[fold] minimizes E[fold.train]((X @ theta[fold] - y)^2) + exp(rho) * sumsq(theta[fold])
`,
  "flat.bilevel": "var a: real\nvar x: real[3]\nminimize (x[0] - a)^2 over a\nwhere x minimizes (x[0] - a)^2\n",
  "alone.bilevel": "var x: real[2]\nwhere x minimizes sumsq(x - [3, 4])\n",
});

function compiled(file: string, ...argv: readonly string[]): string {
  const out = join(mkdtempSync(join(tmpdir(), "bilevel-module-")), "problem.mjs");
  const { status, err } = bilevel(folder, ["compile", file, "--target", "wasm", "-o", out, ...argv]);
  expect(err).toBe("");
  expect(status).toBe(0);
  return out;
}

/** Whatever JSON holds. */
type Document = ReturnType<typeof JSON.parse>;

/** What a script that imports the module prints as JSON, run in a folder that holds nothing else. */
function inNode(module: string, script: string): Document {
  const alone = mkdtempSync(join(tmpdir(), "bilevel-alone-"));
  copyFileSync(module, join(alone, "problem.mjs"));
  writeFileSync(join(alone, "main.mjs"), script);
  const { stdout, stderr } = spawnSync(process.execPath, ["main.mjs"], { cwd: alone, encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const json = (...argv: readonly string[]) => JSON.parse(bilevel(folder, [...argv, "--json"]).out);

/** Equal but for times and the noise that residuals are; the order of a sum may round differently on another host. */
function expectSame(actual: Document, expected: Document, path = "result"): void {
  if (/seconds$|residual|trace|gradient_norm$/.test(path)) return;
  if (typeof expected === "number")
    return expect(Math.abs(actual - expected), path).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
  if (typeof expected !== "object" || expected === null) return expect(actual, path).toBe(expected);
  expect(Object.keys(actual), path).toEqual(Object.keys(expected));
  for (const key of Object.keys(expected)) expectSame(actual[key], expected[key], `${path}.${key}`);
}

const everything = `import { value, gradient, hypergradient, solve } from "./problem.mjs";
console.log(JSON.stringify({ value: value(), gradient: gradient(), hypergradient: hypergradient(), solution: await solve() }));`;

describe("a compiled module", () => {
  const programs = [
    "ridge.bilevel",
    "follow.bilevel",
    "names.bilevel",
    "folds.bilevel",
    example("logistic-breast-cancer/logistic.bilevel"),
  ];
  it.each(programs)("answers as the command line does: %s", (file) => {
    const result = inNode(compiled(file), everything);
    const grad = json("grad", file);
    expect(result.value).toBeCloseTo(grad.value, 12);
    expectSame(result.hypergradient, grad);
    expectSame(result.solution, json("run", file));
    expect(result.solution.trace.length).toBe(result.solution.steps + 1);
  });

  it("takes a point, and tells partial derivatives from the total one", () => {
    const script = `import { value, gradient, hypergradient } from "./problem.mjs";
const at = { a: [0.5, 2] };
console.log(JSON.stringify([value(at), gradient(at), hypergradient(at).gradient]));`;
    const [value, partial, total] = inNode(compiled("follow.bilevel"), script);
    expect(value).toBeCloseTo(1.25, 12);
    expect(partial.upper).toEqual({ a: [0, 0] });
    expect(partial.lower.x[1]).toBeCloseTo(2, 12);
    expect(total.a[0]).toBeCloseTo(-1, 12);
  });

  it("holds the params and options it was compiled with, and takes others", () => {
    const script = `import { load, value } from "./problem.mjs";
const other = await load({}, { shift: 0 });
console.log(JSON.stringify([value(), other.value(), (await other.solve()).method]));`;
    const [embedded, other] = inNode(compiled("follow.bilevel", "--set", "shift=0.5"), script);
    expect(embedded).toBeCloseTo(json("grad", "follow.bilevel", "--set", "shift=0.5").value, 12);
    expect(other).toBeCloseTo(json("grad", "follow.bilevel").value, 12);
    const capped = inNode(
      compiled("follow.bilevel", "--outer", "gd", "--outer.rate", "0.01", "--steps", "2"),
      everything,
    );
    expect(capped.solution).toMatchObject({ status: "max_steps", steps: 2 });
  });

  it("loads other rows, with or without data of its own", () => {
    const rows = others
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").map(Number));
    const tables = { X: rows.map((row) => row.slice(0, 2)), y: rows.map((row) => row[2]) };
    const packed = { X: { shape: [5, 2], values: tables.X.flat() }, y: tables.y };
    const script = `import * as module from "./problem.mjs";
const { hypergradient } = await module.load(${JSON.stringify({ train: tables, valid: packed })});
console.log(JSON.stringify([Object.keys(module), hypergradient()]));`;
    const expected = json("grad", "ridge.bilevel", "--data", "train=others.csv", "--data", "valid=others.csv");
    const [own, answer] = inNode(compiled("ridge.bilevel"), script);
    expect(own).toEqual(["default", "gradient", "hypergradient", "load", "solve", "value"]);
    expectSame(answer, expected);
    const [names, same] = inNode(compiled("ridge.bilevel", "--without-data"), script);
    expect(names).toEqual(["load"]);
    expectSame(same, expected);
    // Sizes need no data either; that it cannot be read is said.
    const bare = folderWith({ "ridge.bilevel": ridge["ridge.bilevel"] as string });
    const { status, out, err } = bilevel(bare, ["compile", "ridge.bilevel", "--target", "wasm", "--without-data"]);
    expect(status).toBe(0);
    expect(err).toContain("warning[file-missing]");
    writeFileSync(join(bare, "problem.mjs"), out);
    expectSame(inNode(join(bare, "problem.mjs"), script)[1], expected);
  });

  it("says what is wrong with data and points in the model's words", () => {
    const script = `import { load, value } from "./problem.mjs";
const said = [];
for (const attempt of [
  () => load({}),
  () => load({ train: { X: [[1, 2]], y: [1] }, valid: { X: [[1]], y: [1] } }),
  () => load({ train: { X: [[1, 2], [3]], y: [1, 2] }, valid: { X: [[1, 2]], y: [1] } }),
  () => value({ lamda: 1 }),
  () => load({ train: { X: [[1, 2]], y: [1] }, valid: { X: [[1, 2]], y: [1] } }, { rho: 1 }),
]) try { await attempt(); } catch (error) { said.push([error.message, error.diagnostics[0].code]); }
console.log(JSON.stringify(said));`;
    const said = inNode(compiled("ridge.bilevel"), script);
    expect(said.map(([, code]: [string, string]) => code)).toEqual([
      "array-missing",
      "size-mismatch",
      "point-shape",
      "point-name",
      "point-name",
    ]);
    expect(said[2][0]).toContain("train.X");
  });

  it("refuses what the command line refuses, in a few lines", () => {
    const module = compiled("flat.bilevel");
    const script = `import { hypergradient } from "./problem.mjs";
try { hypergradient(); } catch (error) { console.log(JSON.stringify(error.diagnostics.map(({ code }) => code))); }`;
    expect(inNode(module, script)).toEqual(["singular-lower-level"]);
    const uncaught = [
      "--input-type=module",
      "-e",
      `import { hypergradient } from ${JSON.stringify(module)}; hypergradient();`,
    ];
    const { status, stderr } = spawnSync(process.execPath, uncaught, { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain("with 2 flat directions");
    expect(stderr.length).toBeLessThan(5000);
  });

  it.each(["ridge.bilevel", "names.bilevel"])("for TensorFlow.js answers as that engine does: %s", (file) => {
    const result = inNode(compiled(file, "--target", "tfjs"), everything);
    expectSame(result.hypergradient, json("grad", file, "--engine", "tfjs-cpu"));
    expect(result.solution).toMatchObject({ status: "converged", engine: "tfjs-cpu" });
    const double = json("run", file);
    expect(result.solution.value).toBeCloseTo(double.value, 5);
  });

  it("for TensorFlow.js takes another one", () => {
    const script = `import { load } from "./problem.mjs";
import { createRequire } from "node:module";
const require = createRequire(${JSON.stringify(import.meta.url)});
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-wasm");
await tf.setBackend("wasm");
const { hypergradient } = await load({}, {}, tf);
console.log(JSON.stringify(hypergradient().engine));`;
    expect(inNode(compiled("follow.bilevel", "--target", "tfjs"), script)).toBe("tfjs-wasm");
  });

  it("of a lower level alone has a value and a solution", () => {
    const script = `import * as module from "./problem.mjs";
console.log(JSON.stringify([Object.keys(module), module.value(), (await module.solve()).lower.x]));`;
    const [names, value, x] = inNode(compiled("alone.bilevel"), script);
    expect(names).toEqual(["default", "load", "solve", "value"]);
    expect(value).toBeCloseTo(0, 12);
    expect(x).toEqual([3, 4]);
  });

  it("is readable: the model's names, and each expression under its formula", () => {
    const text = readFileSync(compiled("ridge.bilevel"), "utf8");
    const program = text.slice(0, text.indexOf("/** The engine"));
    for (const part of [
      'const lambda = input("lambda", "upper", "d");',
      "const train_X = ",
      "// (2/n) Xᵀ",
      "−2 exp(λ) ⊙ θ ⊙ v",
    ])
      expect(program).toContain(part.replace("Xᵀ", "X_trainᵀ"));
    expect(Math.max(...program.split("\n").map((line) => line.length))).toBeLessThan(200);
  });

  it("has types by the model's names", { timeout: 60_000 }, () => {
    const module = compiled("ridge.bilevel");
    const user = `import { gradient, hypergradient, load, solve, value } from "./problem.mjs";
const at: number = value({ lambda: [0, 1] }) + value({ lambda: 0 }) + value();
const lambda: number[] = hypergradient().gradient.lambda;
const theta: number[] = gradient().lower.theta;
const other = await load({ train: { X: [[at]], y: lambda }, valid: { X: { shape: [1, 1], values: theta }, y: [1] } });
const solved: number[] = (await other.solve({ timeLimit: 1 })).upper.lambda;
// @ts-expect-error an unknown name
value({ lamda: solved });
// @ts-expect-error theta is no upper variable
hypergradient().gradient.theta;
export { solve };
`;
    const place = join(module, "..", "user.mts");
    writeFileSync(place, user);
    const tsc = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
    const flags = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--lib",
      "es2022,dom",
      "--types",
      "",
      "--ignoreConfig",
    ];
    const { stdout } = spawnSync(tsc, [...flags, place], { encoding: "utf8" });
    expect(stdout).toBe("");
  });
});

describe("the command", () => {
  it("prints the module where no file is named", () => {
    const { status, out, err } = bilevel(folder, ["compile", "follow.bilevel", "--target", "wasm"]);
    expect([status, err]).toEqual([0, ""]);
    expect(out).toContain("export const { value, gradient, hypergradient, solve } = problem;");
  });

  it("refuses targets that are not here yet, and leaves nothing behind on failure", () => {
    const empty = mkdtempSync(join(tmpdir(), "bilevel-none-"));
    const attempt = (file: string, ...argv: readonly string[]) =>
      bilevel(folder, ["compile", file, ...argv, "-o", join(empty, "out.js")]);
    for (const target of ["jax", "onnx"]) {
      const { status, err } = attempt("follow.bilevel", "--target", target);
      expect(status).toBe(3);
      expect(err).toContain(`--target ${target} is not available`);
    }
    expect(attempt("follow.bilevel", "--target", "fortran").status).toBe(2);
    expect(attempt("follow.bilevel").status).toBe(2);
    expect(attempt("missing.bilevel", "--target", "wasm").status).toBe(2);
    expect(
      bilevel(folder, ["compile", "follow.bilevel", "--target", "wasm", "-o", join(empty, "no", "out.js")]).status,
    ).toBe(2);
    expect(readdirSync(empty)).toEqual([]);
  });
});

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (browser === undefined) console.info("compile.test: no Chromium in /usr/bin, so modules are not tried in a page");

describe.skipIf(browser === undefined)("in a page", () => {
  it("answers as the command line does", { timeout: 60_000 }, async () => {
    const module = compiled("ridge.bilevel");
    const page = `<!doctype html><title>module</title><script>
const send = (what) => fetch("/answer", { method: "POST", body: JSON.stringify(what) });
addEventListener("error", (event) => send({ error: event.message }));
addEventListener("unhandledrejection", (event) => send({ error: String(event.reason) }));
</script><script type="module">${everything.replace("console.log(JSON.stringify(", "send((")}</script>`;
    const answer = await visit(page, module);
    expectSame(answer.hypergradient, json("grad", "ridge.bilevel"));
    expectSame(answer.solution, json("run", "ridge.bilevel"));
  });
});

/** What a page that imports the module posts back. */
async function visit(page: string, module: string): Promise<Document> {
  const profile = mkdtempSync(join(tmpdir(), "bilevel-browser-"));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => resolve(body));
      return response.end();
    }
    if (request.url === "/problem.mjs")
      return response.setHeader("content-type", "text/javascript").end(readFileSync(module));
    if (request.url === "/") return response.setHeader("content-type", "text/html; charset=utf-8").end(page);
    return response.writeHead(404).end();
  });
  await new Promise<void>((ready) => server.listen(0, "localhost", ready));
  const address = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, address];
  const child = spawn(browser as string, flags, { stdio: "ignore", detached: true });
  child.on("error", reject);
  try {
    return JSON.parse(await promise);
  } finally {
    server.close();
    const closed = new Promise((ended) => child.once("close", ended));
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await closed;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
