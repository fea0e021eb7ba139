import { describe, expect, it } from "vitest";
import { edited, memoryHost, opened, ridge, uri } from "./marked.ts";

const files = { "train.csv": "age,bmi,target\n1,2,3\n", "lib.bilevel": "let a = 1\n" };

async function completed(source: string): Promise<readonly string[]> {
  const { services, cursor } = opened(source, memoryHost(files));
  return (await services.completion(uri, cursor)).map(({ label }) => label);
}

describe("completion", () => {
  it("gives the words that the grammar lets stand there", async () => {
    expect(await completed("¦")).toEqual(expect.arrayContaining(["data", "var", "minimize", "where", "solve"]));
    expect(await completed(`${ridge}\n¦`)).toEqual(expect.arrayContaining(["report", "and"]));
    expect(await completed("var x: real ¦")).toEqual(["in", "init"]);
    expect(await completed("var x: ¦")).toEqual(["real", "int", "bool", "class", "weights"]);
    expect(await completed("var a: real\nminimize a ¦")).toEqual(["over"]);
    expect(await completed("where t minimizes t by ¦")).toEqual(["gradient_flow", "descent"]);
    expect(await completed("minimize a over a s¦")).toContain("subject");
    expect(await completed("function h: real -> real in L2(D) by mlp() ¦")).toContain("adjoint");
  });

  it("gives the names in scope that fit", async () => {
    const over = await completed(ridge.replace("over rho", "over ¦"));
    expect(over).toEqual(["rho"]);
    expect(await completed(ridge.replace("where    theta", "where    ¦"))).toEqual(["theta"]);
    expect(await completed(ridge.replace("real[d]\n\nlet", "real[¦]\n\nlet"))).toEqual(["n", "d"]);
    const inside = await completed(ridge.replace("mean(residual", "mean(¦"));
    expect(inside).toEqual(expect.arrayContaining(["residual", "theta", "train", "exp", "softplus", "E", "pi"]));
    expect(inside).not.toContain("over");
  });

  it("gives fields of tables and rows, and the names of binders, before the statement parses", async () => {
    expect(await completed(`${ridge}report r = train.¦`)).toEqual(["X", "y"]);
    expect(await completed(`${ridge}report r = E[r in train](r.¦`)).toEqual(["X", "y"]);
    expect(await completed(`${ridge}report r = E[r in train](¦`)).toContain("r");
    expect(await completed(`${ridge}report r = E[train](¦`)).toEqual(expect.arrayContaining(["X", "y"]));
    expect(await completed(`${ridge}report r = E[¦`)).toEqual(expect.arrayContaining(["train", "n", "d"]));
    expect(await completed(`${ridge}report r = E[¦`)).not.toContain("theta");
    expect(await completed("let f(abc, b) = ¦")).toContain("abc");
    const tasks = 'data T: { x: real[n] } = npz("T.npz")\nvar v[t in T]: real\n';
    expect(await completed(`${tasks}where v[task] minimizes (v[task] - task.¦`)).toEqual(["x"]);
  });

  it("gives sources, files, columns and the fields that take them", async () => {
    expect(await completed("data a: { x: real[n] } = ¦")).toEqual(expect.arrayContaining(["csv", "npz", "split"]));
    expect(await completed('data a: { x: real[n] } = csv("¦")')).toEqual(["train.csv"]);
    expect(await completed('data a: { x: real[n] } = csv("train.csv", x: "¦")')).toEqual(["age", "bmi", "target"]);
    expect(await completed('data a: { x: real[n] } = csv("train.csv", ¦)\nvar b: real')).toEqual(["x:"]);
    expect(await completed('import "¦')).toEqual(["lib.bilevel"]);
    expect(await completed(`${ridge}data a, b = split(¦`)).toContain("train");
  });

  it("gives the keys, methods and arguments of the solve block with their defaults", async () => {
    expect(await completed("solve {\n  ¦\n}")).toEqual(expect.arrayContaining(["method", "inner", "steps"]));
    expect(await completed("solve { method: ¦ }")).toEqual(expect.arrayContaining(["soba", "aid", "itd"]));
    const { services, cursor } = opened("solve { method: stocbio(¦) }");
    const items = await services.completion(uri, cursor);
    expect(items.find(({ label }) => label === "terms:")?.detail).toBe("terms of the Neumann series; default: 10");
    expect(await completed("network f: real[2] -> real = mlp(activation: ¦)")).toContain("tanh");
    expect(await completed("function h: real[2] -> real in RKHS(¦)")).toContain("gaussian");
    expect(await completed("var x: real[d] in ¦")).toEqual(expect.arrayContaining(["simplex", "box"]));
  });

  it("gives Greek letters by name, with and without a backslash", async () => {
    const { services, cursor, text } = opened("let a = \\lam¦");
    const item = (await services.completion(uri, cursor)).find(({ label }) => label === "λ");
    expect(item?.filterText).toBe("\\lambda");
    expect(edited(text, [item?.textEdit as never])).toBe("let a = λ");
    expect(await completed("let a = Sig¦")).toContain("Σ");
  });

  it("replaces what is written of the word, and gives nothing in comments", async () => {
    const { services, cursor, text } = opened(`${ridge}report r = the¦`);
    const item = (await services.completion(uri, cursor)).find(({ label }) => label === "theta");
    expect(edited(text, [item?.textEdit as never])).toBe(`${ridge}report r = theta`);
    expect(await completed("# about th¦eta\nvar theta: real")).toEqual([]);
  });
});
