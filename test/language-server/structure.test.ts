import { describe, expect, it } from "vitest";
import { legend } from "../../language-server/semantic-tokens.ts";
import { memoryHost, opened, ridge, uri } from "./marked.ts";

const whole = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };

describe("semantic tokens", () => {
  it("say what each word is", () => {
    const { services, text } = opened("## Doc.\nvar theta: real[3]\nlet f(x) = exp(x) + theta # end");
    const { data } = services.semanticTokens(uri);
    const lines = text.split("\n");
    const shown: string[] = [];
    let [line, column] = [0, 0];
    for (let i = 0; i < data.length; i += 5) {
      const [down = 0, right = 0, length = 0, type = 0, flags = 0] = data.slice(i, i + 5);
      column = down === 0 ? column + right : right;
      line += down;
      const modifiers = legend.tokenModifiers.filter((_, bit) => flags & (1 << bit));
      shown.push([lines[line]?.slice(column, column + length), legend.tokenTypes[type], ...modifiers].join(" "));
    }
    expect(shown).toEqual([
      "## Doc. comment documentation",
      "var keyword",
      "theta variable declaration",
      "real type defaultLibrary",
      "3 number",
      "let keyword",
      "f function declaration",
      "x parameter declaration",
      "= operator",
      "exp function defaultLibrary",
      "x parameter",
      "+ operator",
      "theta variable",
      "# end comment",
    ]);
  });
});

describe("the outline", () => {
  it("lists the declarations with their types, and the fields of tables", () => {
    const symbols = opened(ridge).services.documentSymbols(uri);
    expect(symbols.map(({ name, detail }) => `${name} ${detail ?? ""}`.trim())).toEqual([
      "train",
      "rho real",
      "theta real[d]",
      "residual real[n]",
      "minimize over rho",
    ]);
    expect(symbols[0]?.children?.map(({ name }) => name)).toEqual(["X", "y"]);
  });

  it("is searched in all programs", () => {
    const { services } = opened(ridge, memoryHost({ "lib.bilevel": "let residue = 1\n" }));
    expect(services.workspaceSymbols("rsd").map(({ name }) => name)).toEqual(["residual", "residue"]);
  });
});

describe("signature help", () => {
  const helped = (source: string): string => {
    const { services, cursor } = opened(source);
    const help = services.signatureHelp(uri, cursor);
    const [signature] = help?.signatures ?? [];
    return `${signature?.label} | ${signature?.parameters?.[help?.activeParameter ?? 0]?.label}`;
  };

  it("shows what a call takes, and which argument is being written", () => {
    expect(helped("let a = clip(1, ¦")).toBe("clip(x, low, high) | low");
    expect(helped("let a = mean(clip(1, 2, 3), axis: ¦0)")).toBe("mean(x, axis: all) | axis: all");
    expect(helped("let f(u, v) = u + v\nlet a = f(exp(1), ¦")).toBe("f(u, v) | v");
    expect(helped("solve { method: stocbio(terms: ¦) }")).toContain("terms: 10");
    expect(helped('data a: { x: real[n] } = csv("a.csv", x: ¦')).toBe("csv(path, x: column) | x: column");
    expect(helped("network f: real[2] -> real = mlp(hidden: [¦])")).toContain("| hidden: [50, 50]");
  });
});

describe("hints and structure", () => {
  it("inlay hints show inferred shapes, levels and sizes", async () => {
    const facts = {
      sizes: new Map([
        ["n", 442],
        ["d", 10],
      ]),
      diagnostics: [],
    };
    const { services } = opened(ridge, memoryHost({}, facts));
    await services.thoroughDiagnostics(uri);
    expect(services.inlayHints(uri, whole).map(({ label }) => label)).toEqual([
      " (n = 442, d = 10)",
      " (upper level)",
      " (lower level)",
      ": real[n]",
    ]);
  });

  it("folds declarations and comments of several lines", () => {
    const { services } = opened("# a\n# b\nlet c = [\n  1,\n  2,\n]\n\nsolve {\n  steps: 1\n}");
    expect(services.foldingRanges(uri).map(({ startLine, endLine }) => [startLine, endLine])).toEqual([
      [2, 5],
      [7, 9],
      [0, 1],
    ]);
  });

  it("selects construct by construct", () => {
    const { services, cursor, text } = opened("let a = f(x + ¦y) * 2");
    const texts: string[] = [];
    for (let at = services.selectionRanges(uri, [cursor])[0]; at !== undefined; at = at.parent)
      texts.push(text.slice(at.range.start.character, at.range.end.character));
    expect(texts).toEqual(["y", "x + y", "f(x + y)", "f(x + y) * 2", "let a = f(x + y) * 2"]);
  });

  it("offers to run, explain and check the gradient above the problem", () => {
    const lenses = opened(ridge).services.codeLenses(uri);
    expect(lenses.map(({ command, range }) => [command?.command, command?.arguments, range.start.line])).toEqual([
      ["bilevel.run", [uri], 8],
      ["bilevel.explain", [uri], 8],
      ["bilevel.gradcheck", [uri], 8],
    ]);
  });
});
