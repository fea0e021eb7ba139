import { describe, expect, it } from "vitest";
import { edited, opened, uri } from "./marked.ts";

/** The texts that the actions at the cursor lead to, by their titles. */
function repaired(source: string): Readonly<Record<string, string>> {
  const { services, cursor, text } = opened(source);
  const actions = services.codeActions(uri, { start: cursor, end: cursor });
  return Object.fromEntries(
    actions.map(({ title, edit }) => [title, edited(text, edit?.changes?.[uri] ?? [])] as const),
  );
}

const data = 'data D: { X: real[n, d], y: real[n] } = npz("D.npz")\nvar theta: real[d]\n';

describe("quick fixes", () => {
  it("replace a name by the one that was meant", () => {
    expect(repaired("var theta: real\nlet a = thet¦ + 1")).toMatchObject({
      "replace by theta": "var theta: real\nlet a = theta + 1",
    });
  });

  it("declare a name that nothing declares", () => {
    expect(repaired("# top\nlet a = lambd¦a + 1")).toEqual({
      "declare var lambda: real": "# top\nvar lambda: real\nlet a = lambda + 1",
      "declare param lambda: real = 1": "# top\nparam lambda: real = 1\nlet a = lambda + 1",
    });
    expect(repaired("## Doc.\nvar v: real[kk¦]")).toEqual({
      "declare dim kk = 10": "dim kk = 10\n## Doc.\nvar v: real[kk]",
    });
    const unknown = repaired("let a = 1\nminimize a over ww¦");
    expect(Object.values(unknown)).toEqual(["let a = 1\nvar ww: real\n\nminimize a over ww"]);
  });

  it("transpose or reorder a product where its shapes then agree", () => {
    expect(Object.values(repaired(`${data}let a = D.X ¦@ D.y`))).toEqual([`${data}let a = D.X' @ D.y`]);
    expect(Object.values(repaired(`${data}let a = theta ¦@ D.X`))).toEqual([`${data}let a = theta @ D.X'`]);
    expect(Object.values(repaired(`${data}let a = (D.X + 1) ¦@ D.y`))).toEqual([`${data}let a = (D.X + 1)' @ D.y`]);
    expect(Object.values(repaired(`${data}let a = D.X ¦* D.y`))).toEqual([`${data}let a = D.X' * D.y`]);
  });

  it("repair syntax", () => {
    expect(repaired("let a = 'x¦'")).toMatchObject({ 'Replace with `"x"`': 'let a = "x"' });
  });
});

describe("rewritings", () => {
  it.each([
    ["log(1 + exp(x))", "softplus(x)"],
    ["log(1 + x)", "log1p(x)"],
    ["exp(x) - 1", "expm1(x)"],
    ["log(sigmoid(x))", "log_sigmoid(x)"],
    ["log(sum(exp(x)))", "logsumexp(x)"],
  ])("%s is computed as %s", (written, better) => {
    expect(Object.values(repaired(`var x: real[3]\nlet a = 2 * (¦${written})`))).toEqual([
      `var x: real[3]\nlet a = 2 * ${better}`,
    ]);
  });

  it("select a solution of a lower level", () => {
    const program = "var w: real\nvar t: real[2]\nminimize sumsq(t) over w\nwhere t minimizes (t[0] - w)^2";
    expect(repaired(program.replace("minimizes", "minimi¦zes"))).toEqual({
      "select the t that gradient flow reaches from its start": `${program} by gradient_flow`,
    });
    expect(repaired(`${program} by gradient¦_flow`)).toEqual({});
  });
});
