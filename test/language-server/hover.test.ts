import { describe, expect, it } from "vitest";
import type { MarkupContent } from "vscode-languageserver-types";
import { memoryHost, opened, ridge, uri } from "./marked.ts";

async function hovered(source: string, sizes: Record<string, number> = {}): Promise<string> {
  const { services, cursor } = opened(
    source,
    memoryHost({}, { sizes: new Map(Object.entries(sizes)), diagnostics: [] }),
  );
  await services.thoroughDiagnostics(uri);
  const found = services.hover(uri, cursor);
  return found === null ? "" : (found.contents as MarkupContent).value;
}

describe("hover", () => {
  it("shows a type, the level, the sizes that the data settle and the comment", async () => {
    expect(await hovered(ridge.replace("sumsq(theta) over", "sumsq(the¦ta) over"), { d: 10 })).toBe(
      "```bilevel\nvar theta: real[d]\n```\n\nlower level; d = 10",
    );
    expect(await hovered(ridge.replace("exp(rho)", "exp(¦rho)"))).toBe(
      "```bilevel\nvar rho: real\n```\n\nupper level\n\nThe penalty, as a logarithm.",
    );
    expect(await hovered(ridge.replace("train.X", "train.¦X"), { n: 442, d: 10 })).toBe(
      "```bilevel\nfield train.X: real[n, d]\n```\n\nn = 442, d = 10",
    );
    expect(await hovered(ridge.replace("mean(residual", "mean(¦residual"))).toContain("let residual: real[n]");
  });

  it("shows what was derived at the word in front of an objective", async () => {
    const upper = await hovered(ridge.replace("minimize sumsq", "mini¦mize sumsq"));
    expect(upper).toContain("Hypergradient");
    expect(upper).toContain("df/dρ");
    const lower = await hovered(ridge.replace("minimizes", "mini¦mizes"));
    expect(lower).toContain("Stationarity");
    expect(lower).toContain("= 0");
  });

  it("shows signatures and formulas of functions, methods, families, sources and keys", async () => {
    expect(await hovered("let a = soft¦plus(1)")).toBe("```bilevel\nsoftplus(x)\n```\n\nlog(1 + e^x)");
    expect(await hovered("let f(a, b) = a * b\nlet c = ¦f(1, 2)")).toContain("let f(a, b) = a * b");
    expect(await hovered("solve { method: so¦ba(batch: 3) }")).toContain("stochastic steps on all levels");
    expect(await hovered("solve { met¦hod: soba }")).toContain("how the hypergradient is found");
    expect(await hovered('data a: { x: real[n] } = cs¦v("a.csv")')).toContain("a comma-separated file");
    expect(await hovered("network f: real[2] -> real = ml¦p()")).toContain("hidden: [50, 50]");
  });

  it("has nothing to say of blanks, comments and numbers", async () => {
    expect(await hovered("# mean¦ of it\nlet a = 1")).toBe("");
    expect(await hovered("let a = 1¦2")).toBe("");
  });
});
