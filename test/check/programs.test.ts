import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Model, ModelClause, Term } from "../../compiler/check/model.ts";
import { partsOf, termsIn } from "../../compiler/check/terms.ts";
import { showType } from "../../compiler/check/types.ts";
import { messages, modelOf } from "./helpers.ts";

const programs = new URL("../programs/", import.meta.url);
const imports = (path: string) => ({ text: readFileSync(new URL(path, programs), "utf8"), file: path });

const tables = `data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "y")
data valid: { X: real[m, d], y: real[m] } = csv("valid.csv", y: "y")
`;
const ridge = `${tables}var lambda: real[d] init -4
var theta: real[d]
minimize mean((valid.X @ theta - valid.y)^2) over lambda
where theta minimizes mean((train.X @ theta - train.y)^2) + sum(exp(lambda) * theta^2)`;

/** The type of the one report of a program. */
const typeOf = (declarations: string, expression: string): string => {
  const [report] = modelOf(`${declarations}\nreport r = ${expression}`).reports as [Model["reports"][number]];
  return showType(report.value.type);
};

const firstClause = (source: string): ModelClause => modelOf(source).level?.clauses[0] as ModelClause;

describe("whole programs", () => {
  it.each(readdirSync(programs))("%s checks", (file) => {
    expect(messages(readFileSync(new URL(file, programs), "utf8"), { imports })).toBe("");
  });

  it("declares the sizes that data types name, in the table that settles them", () => {
    const { dims } = modelOf(ridge);
    expect(dims.map((d) => (d.kind === "data" ? `${d.name} of ${d.table}` : d.name))).toEqual([
      "n of train",
      "d of train",
      "m of valid",
    ]);
  });

  it("gives every unknown its start, level and type", () => {
    const model = modelOf(ridge);
    expect(model.unknowns.map((u) => `${u.name}: ${showType(u.type)}`)).toEqual(["lambda: real[d]", "theta: real[d]"]);
    expect(model.upper?.over).toEqual(["lambda"]);
    expect(model.level?.clauses.map((c) => (c.kind === "optimize" ? c.unknowns.map((u) => u.name) : []))).toEqual([
      ["theta"],
    ]);
  });

  it("keeps deeper levels under shallower ones, and simultaneous clauses together", () => {
    const model = modelOf(`var u: real
var y: real
var z: real
var w: real
minimize y + z + w over u
where y minimizes (y - u)^2 and z minimizes (z - y)^2
where w minimizes (w - z)^2`);
    expect(model.level?.clauses).toHaveLength(2);
    expect(model.level?.deeper?.clauses).toHaveLength(1);
  });
});

describe("sizes", () => {
  it("a name of the data against a number is left to the data", () => {
    const { requirements } = modelOf(`${tables}var theta: real[3]
minimize mean((train.X @ theta - train.y)^2) over theta`);
    expect(requirements.map((r) => r.kind === "equal-sizes" && `${r.left.key} = ${r.right.key}`)).toEqual(["d = 3"]);
  });

  it("two names agree when a dim proves it", () => {
    expect(
      messages(`${tables}dim e = d\nvar theta: real[e]\nminimize mean((train.X @ theta - train.y)^2) over theta`),
    ).toBe("");
    expect(
      messages(`${tables}dim e = d + 1\nvar theta: real[e]\nminimize mean((train.X @ theta - train.y)^2) over theta`),
    ).toContain("shape-mismatch");
    expect(messages(`${tables}dim e = d + 1\nvar w: real[e]\nminimize mean((train.X @ w[:d] - w[d])^2) over w`)).toBe(
      "",
    );
  });

  it("a dim may be replaced", () => {
    const source = "dim k = 3\nvar x: real[k]\nminimize sumsq(x - [1, 2, 3]) over x";
    expect(messages(source)).toBe("");
    expect(messages(source, { replaced: new Map([["k", 4]]) })).toContain("shape-mismatch");
  });

  it("parts of a table have their own rows", () => {
    const model = modelOf(`data all: { x: real[n, 2] } = csv("a.csv")
data a, b = split(all, 0.75, 0.25, seed: 0)
data cv = folds(all, k: 5)
var w: real[2]
minimize sum(softplus(a.x @ w)) + sum(softplus(b.x @ w)) + E[fold in cv](E[fold.valid](softplus(x @ w))) over w`);
    expect(model.dims.map((d) => d.name)).toEqual(["n", "rows(a)", "rows(b)", "rows(cv.train)", "rows(cv.valid)"]);
  });

  it("classes of a field are a size that reading it settles", () => {
    const model = modelOf(`data train: { x: real[n, p], label: class[n] } = csv("a.csv", label: "label")
dim k = classes(train.label)
var W: real[p, k]
minimize E[train](cross_entropy(W' @ x, label)) + sumsq(W) over W`);
    expect(model.dims.map((d) => `${d.kind} ${d.name}`)).toContain("classes classes(train.label)");
    expect(
      model.requirements.map((r) => r.kind === "labels-below" && `${r.table}.${r.field} < ${r.classes.key}`),
    ).toEqual(["train.label < k"]);
  });
});

describe("types of expressions", () => {
  const declared = "var a: real[3]\nvar B: real[3, 4]\nvar c: real[4]\nvar T: real[2, 3, 4]";
  it.each([
    ["a @ B", "real[4]"],
    ["B @ c", "real[3]"],
    ["B'", "real[4, 3]"],
    ["T @ c", "real[2, 3]"],
    ["B' @ B", "real[4, 4]"],
    ["outer(a, c)", "real[3, 4]"],
    ["sum(T, axis: -1)", "real[2, 3]"],
    ["mean(B, axis: 0) + c", "real[4]"],
    ["softmax(B)", "real[3, 4]"],
    ["argmax(B, axis: 1)", "int[3]"],
    ["T[0]", "real[3, 4]"],
    ["T[1, :, 0:2]", "real[3, 2]"],
    ["B[[0, 2]]", "real[2, 4]"],
    ["select(a > 0, a, 0)", "real[3]"],
    ["a > 0 && a < 1", "bool[3]"],
    ["concat(a, c)", "real[7]"],
    ["stack(a, a, axis: 1)", "real[3, 2]"],
    ["reshape(B, 2, 6)", "real[2, 6]"],
    ["one_hot([0, 2], 3)", "real[2, 3]"],
    ["diag(a)", "real[3, 3]"],
    ["solve(diag(a), B)", "real[3, 4]"],
    ["[a, a]", "real[2, 3]"],
    ["2 * 3", "int"],
    ["2 / 3", "real"],
    ["huber(a)", "real[3]"],
    ["normal(2, 3, seed: 1)", "real[2, 3]"],
    ["uniform(-1, 2.5, 2, 3, seed: 1)", "real[2, 3]"],
    ["max(B, 0)", "real[3, 4]"],
    ["max(B)", "real"],
  ])("%s is %s", (expression, type) => {
    expect(typeOf(declared, expression)).toBe(type);
  });

  it("a map is applied over extra leading axes", () => {
    const source =
      'data obs: { z: real[n, 2], y: real[n] } = csv("a.csv", y: "y")\nnetwork f: real[2] -> real[3] = mlp(hidden: [4])';
    expect(typeOf(source, "f(obs.z)")).toBe("real[n, 3]");
    expect(typeOf(source, "E[obs](f(z))")).toBe("real[3]");
    expect(typeOf(source, "sumsq(f)")).toBe("real");
  });

  it("what the program declares comes before a function of the language", () => {
    expect(typeOf("var a: real[3]\nlet norm(v) = 2 * v", "norm(a)")).toBe("real[3]");
  });
});

describe("maps and kernels", () => {
  const offline = `data logged: { s: real[n, 3], a: class[n], r: real[n] } = csv("log.csv", a: "a", r: "r")
network f: real[3] -> real = mlp(hidden: [8])
function h: real[3] -> real[4] in L2(logged) by mlp(hidden: [8])
`;

  it("a function's value at a class, and a frozen copy by a definition", () => {
    const model = modelOf(`${offline}let g = stop(h)
minimize E[logged]((h(s)[a] - r)^2) over f
where h minimizes E[logged]((h(s)[a] - f(s) - 0.9 * max(g(s)))^2)`);
    expect(model.requirements.map((r) => r.kind === "labels-below" && r.classes.key)).toEqual(["4"]);
    const clause = model.level?.clauses[0];
    const frozen =
      clause?.kind === "optimize" ? [...termsIn([clause.objective])].filter((t) => t.kind === "apply" && t.frozen) : [];
    expect(frozen).toHaveLength(1);
  });

  it("a start copies an unknown of a shallower level, also per index", () => {
    const tasks = `data tasks: { x: real[T, s, 3], y: real[T, s] } = npz("tasks.npz")
network f: real[3] -> real = linear()
var w: weights(f)
var v[task in tasks]: weights(f) init w
`;
    const clause = "v[task] minimizes mean((f(task.x; v[task]) - task.y)^2)";
    expect(
      messages(`${tasks}minimize E[task in tasks](mean(f(task.x; v[task]))) + sumsq(w) over w\nwhere ${clause}`),
    ).toBe("");
    expect(messages(`${tasks}minimize E[task in tasks](mean(f(task.x; v[task]))) over v`)).toContain(
      "unoptimised-unknown",
    );
  });

  it("kernels are combined, and may be named", () => {
    const model = modelOf(`data obs: { x: real[n, 1], y: real[n] } = csv("obs.csv", y: "y")
var s: real
let k = gaussian(bandwidth: exp(s)) + 0.5 * linear() * matern(nu: 2.5)
function h: real[1] -> real in RKHS(k)
minimize E[obs]((h(x) - y)^2) over s
where h minimizes E[obs]((h(x) - y)^2) + normsq(h)`);
    const space = model.functions[0]?.space;
    expect(space?.kind === "RKHS" && space.kernel.kind).toBe("sum");
  });
});

describe("expansion", () => {
  it("shares a definition without arguments", () => {
    const lines = Array.from({ length: 60 }, (_, i) => `let a${i + 1} = a${i} + a${i}`);
    const model = modelOf(`var x: real\nlet a0 = x\n${lines.join("\n")}\nminimize a60^2 over x`);
    expect(termsIn([model.upper?.objective as Term]).size).toBeLessThan(200);
  });

  it("a body is read where it is written, with tables and functions as arguments", () => {
    const clause = firstClause(`${tables}var lambda: real
var theta: real[d]
let loss(S, l) = E[S](l(X @ theta, y))
let square(a, b) = (a - b)^2
minimize loss(valid, square) over lambda
where theta minimizes loss(train, square) + exp(lambda) * sumsq(theta)`);
    const reduce =
      clause.kind === "optimize" ? [...termsIn([clause.objective])].find((t) => t.kind === "reduce") : undefined;
    expect(reduce?.kind === "reduce" && reduce.binders[0]?.name).toBe("train");
    expect(reduce && partsOf(reduce)).toHaveLength(1);
  });

  it("a name bound by a reducer, or a field, is not the definition around it", () => {
    expect(
      messages(`${tables}let y = E[train](y)\nlet r = E[r in train](r.y)\nvar u: real\nminimize (u - y - r)^2 over u`),
    ).toBe("");
  });

  it("ends, however wide or deep definitions nest", () => {
    const chain = (body: (f: string) => string, length: number): string =>
      `var x: real\nlet f0(t) = t + 1\n${Array.from({ length }, (_, i) => `let f${i + 1}(t) = ${body(`f${i}(t)`)}`).join("\n")}\nminimize f${length}(x)^2 over x`;
    expect(messages(chain((f) => `${f} + ${f}`, 60))).toContain("expansion-too-large");
    expect(messages(chain((f) => `1 + ${f}`, 5000))).toContain("expansion-too-large");
    expect(messages(chain((f) => `1 + ${f}`, 100))).toBe("");
  });

  it("reads ten thousand declarations in any order", () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `let a${i + 1} = a${i} + 1`).reverse();
    expect(messages(`minimize x^2 + 0 * a1 over x\n${lines.join("\n")}\nlet a0 = x\nvar x: real`)).toBe("");
  });
});
