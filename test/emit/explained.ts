/** A program's explanation, without its data. */
import { compile } from "../../compiler/compile.ts";
import { type Explanation, explain } from "../../compiler/emit/explanation.ts";
import { renderText } from "../../compiler/emit/text.ts";
import type { SizeBindings } from "../../compiler/ir/size.ts";
import { planOf } from "../../compiler/plan/plan.ts";

export function explanationOf(program: string, sizes: SizeBindings = new Map()): Explanation {
  const compiled = compile(program, "problem.bilevel");
  const { model, problem, derivation } = compiled;
  if (model === undefined || problem === undefined || derivation === undefined)
    throw new Error(compiled.diagnostics.map((own) => own.message).join("\n"));
  return explain(compiled, planOf(problem.graph, derivation, model.solve, sizes), sizes);
}

const derived: ReadonlySet<string> = new Set([
  "Problem",
  "Found",
  "Path",
  "Stationarity",
  "Curvature",
  "Adjoint",
  "Hypergradient",
]);

/** The equations and what was found, as text. */
export function equationsOf(program: string, sizes: SizeBindings = new Map()): string {
  const explanation = explanationOf(program, sizes);
  return `\n${renderText({ ...explanation, sections: explanation.sections.filter((section) => derived.has(section.title)) }, { width: 130 })}`;
}

export const programs = {
  ridge: `
    data train: { X: real[n, d], y: real[n] } = csv("a.csv", y: "y")
    data valid: { X: real[m, d], y: real[m] } = csv("b.csv", y: "y")
    var lambda: real
    var theta: real[d]
    minimize mean((valid.X @ theta - valid.y)^2)
    over     lambda
    where    theta minimizes mean((train.X @ theta - train.y)^2) + exp(lambda) * sumsq(theta)`,
  ridgePerFeature: `
    data train: { X: real[n, d], y: real[n] } = csv("a.csv", y: "y")
    data valid: { X: real[m, d], y: real[m] } = csv("b.csv", y: "y")
    var lambda: real[d] init -4
    var theta: real[d]
    minimize mean((valid.X @ theta - valid.y)^2)
    over     lambda
    where    theta minimizes mean((train.X @ theta - train.y)^2) + sum(exp(lambda) * theta^2)`,
  logistic: `
    data train: { X: real[n, d], y: class[n] } = csv("a.csv", y: "y")
    data valid: { X: real[m, d], y: class[m] } = csv("b.csv", y: "y")
    var lambda: real
    var theta: real[d]
    let loss(S) = E[S](logistic_loss(X @ theta, y))
    minimize loss(valid) over lambda
    where theta minimizes loss(train) + 0.5 * exp(lambda) * sumsq(theta)`,
  cleaning: `
    data train: { x: real[n, p], label: class[n] } = csv("a.csv", label: "label")
    data valid: { x: real[m, p], label: class[m] } = csv("b.csv", label: "label")
    dim k = classes(train.label)
    var weight: real[n] init 0
    var W: real[p, k]
    minimize E[valid](cross_entropy(W' @ x, label))
    over     weight
    where    W minimizes E[r in train](sigmoid(weight[r]) * cross_entropy(W' @ r.x, r.label)) + 5e-5 * sumsq(W)`,
  factorisation: `
    data seen: { T: real[n, m] } = npy("a.npy")
    data held: { T: real[n, m] } = npy("b.npy")
    dim r = 5
    var U: real[n, r]
    var V: real[m, r]
    minimize sumsq(held.T - U @ V')
    over     V
    where    U minimizes sumsq(seen.T - U @ V') + 0.1 * sumsq(U)`,
  sideBySide: `
    dim k = 3
    var u: real[k]
    var y: real[k]
    var z: real[k]
    minimize sumsq(z - 1) + sumsq(u)
    over     u
    where    y minimizes sumsq(y - u) + sum(y^4)
    and      z minimizes sumsq(z - y * u) + sumsq(z)`,
  equilibrium: `
    dim k = 2
    var tax: real
    var a: real[k]
    var b: real[k]
    maximize tax * (sum(a) + sum(b))
    over     tax
    where    a minimizes sumsq(a - 1) + 0.1 * a @ b + tax * sum(a)
    and      b minimizes sumsq(b - 2) + 0.2 * a @ b + tax * sum(b)`,
  solves: `
    data s: { A: real[n, n], b: real[n] } = npz("s.npz")
    var t: real
    var x: real[n]
    maximize s.b @ x - t^2
    over     t
    where    x solves s.A @ x + t * x^3 = s.b`,
  danskin: `
    data s: { c: real[n] } = npz("s.npz")
    var t: real[n]
    var x: real[n]
    minimize t @ x - 0.5 * x @ x + sumsq(t - s.c)
    over     t
    where    x maximizes t @ x - 0.5 * x @ x`,
  deepEquilibrium: `
    data train: { X: real[n, k], y: real[n] } = npz("a.npz")
    var W: real[k, k] init normal(seed: 0)
    var b: real[k]
    var Z: real[n, k]
    minimize mean((Z @ b - train.y)^2) + 1e-3 * sumsq(W)
    over     W, b
    where    Z solves Z = tanh(Z @ W + train.X + b)`,
  lasso: `
    data train: { X: real[n, d], y: real[n] } = csv("a.csv", y: "y")
    var lambda: real init -2
    var b: real[d]
    minimize sumsq(b)
    over     lambda
    where    b minimizes 0.5 * mean((train.X @ b - train.y)^2) + exp(lambda) * norm1(b)`,
  elasticNet: `
    data train: { X: real[n, d], y: real[n] } = csv("a.csv", y: "y")
    var lambda: real init -2
    var b: real[d]
    minimize sumsq(b)
    over     lambda
    where    b maximizes -mean((train.X @ b - train.y)^2) - sum(abs(b - lambda)) - sumsq(b)`,
  simplex: `
    dim k = 3
    var u: real[k]
    var W: real[2, k] in simplex
    minimize sumsq(W) + sum(u)
    over     u
    where    W minimizes sumsq(W - u)`,
  bounds: `
    dim k = 3
    var u: real[k]
    var w: real[k] in box(0, 1)
    var z: real[k] in nonnegative
    minimize sumsq(w) + sum(z)
    over     u
    where    w minimizes sumsq(w - u) + sum(exp(w))
    and      z minimizes sumsq(z - w)`,
  ball: `
    dim k = 3
    var u: real[k]
    var w: real[k] in ball(2)
    minimize sumsq(w - 1)
    over     u
    where    w minimizes sum(sin(w)) + u @ w`,
  constrained: `
    data s: { A: real[n, k] } = npz("s.npz")
    var b: real[n]
    var x: real[k]
    minimize sumsq(x)
    over     b
    where    x minimizes sumsq(x - 1) subject to s.A @ x <= b, sum(x) == 1`,
  descent: `
    data train: { X: real[n, d], y: real[n] } = csv("a.csv", y: "y")
    var rate: real init 0.1
    var y: real[d]
    var theta: real[d]
    minimize sumsq(theta)
    over     rate
    where    y minimizes sumsq(y - rate)
    and      theta minimizes mean(softplus(train.X @ theta)) + y @ theta selected from y by descent(steps: 10, rate: rate)`,
  flow: `
    data train: { X: real[n, d], y: real[n] } = csv("a.csv", y: "y")
    var theta0: real[d]
    var w: real
    var theta: real[d]
    minimize sumsq(theta - 1)
    over     theta0, w
    where    theta minimizes mean((train.X @ theta - w * train.y)^2) selected from theta0 by gradient_flow`,
  curvedFlow: `
    dim k = 2
    var w: real
    var z: real[k]
    minimize sumsq(z - 1)
    over     w
    where    z minimizes (sumsq(z) - exp(w))^2 selected from previous by gradient_flow`,
  nested: `
    dim k = 2
    var u: real[k]
    var y: real[k]
    var z: real[k]
    minimize sumsq(y + z) + sumsq(u)
    over     u
    where    y minimizes sumsq(y - u) + y @ z
    where    z minimizes sumsq(z - y) + sum(exp(z))`,
  tasks: `
    data tasks: { y: real[T, s] } = npz("t.npz")
    var w: real
    var v[task in tasks]: real[s]
    minimize E[task in tasks](sumsq(v[task]))
    over     w
    where    v[task] minimizes sumsq(v[task] - task.y) + exp(w) * sumsq(v[task])`,
  stoppedCopy: `
    var w: real
    var y: real
    minimize y
    over     w
    where    y minimizes (y - 0.5 * stop(y) - w)^2`,
} as const;
