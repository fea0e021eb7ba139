import { describe, expect, it } from "vitest";
import { edited, marked, memoryHost, opened, uri } from "./marked.ts";

/** Every range is a place of the name at the cursor. */
const programs = {
  "an unknown": "var ⟦th¦eta⟧: real[3]\nlet a = sumsq(⟦theta⟧)\nminimize a over ⟦theta⟧",
  "a size": 'data D: { X: real[⟦n⟧, d], y: real[⟦n¦⟧] } = npz("D.npz")\nlet a = zeros(⟦n⟧)',
  "a field":
    'data D: { ⟦X⟧: real[n, d], y: real[n] } = csv("D.csv", y: "y")\nlet a = D.⟦X⟧\nlet b = E[D](⟦¦X⟧[0])\nlet c = E[r in D](r.⟦X⟧[1])',
  "a field of a part":
    'data D: { X: real[n, d], ⟦y⟧: real[n] } = csv("D.csv", ⟦y⟧: "y")\ndata a, b = split(D, 0.5, 0.5)\nlet e = mean(b.⟦y¦⟧)',
  "a binder": "let a = sum[⟦i⟧ in 3](⟦i⟧ * ⟦i¦⟧)",
  "an argument": "let f(⟦x⟧, y) = ⟦x⟧ + y * ⟦¦x⟧\nlet a = f(1, 2)",
  "an argument of what is used nowhere": "let f(⟦x⟧) = E[r in ⟦x⟧](r.a) + ⟦x¦⟧",
  "a name beside mistakes": "var ⟦a⟧: real\nlet b = sum[i in nowhere](⟦a⟧ * i) + ⟦a¦⟧ + missing(⟦a⟧)",
  "a name above a syntax error": "var ⟦a⟧: real\nlet b = ⟦a⟧\nlet c = ⟦a¦⟧ + 1\nlet d = (",
  "an index":
    'data T: { x: real[n] } = npz("T.npz")\nvar v[t in T]: real\nvar w: real\nminimize w over w\nwhere v[⟦¦t⟧] minimizes (v[⟦t⟧] - ⟦t⟧.x)^2',
} as const;

describe("the places of a name", () => {
  it.each(Object.entries(programs))("%s", (_, source) => {
    const { services, cursor, ranges } = opened(source);
    expect(services.references(uri, cursor, true).map(({ range }) => range)).toEqual(ranges);
    expect(services.highlights(uri, cursor).map(({ range }) => range)).toEqual(ranges);
    expect(services.definition(uri, cursor)?.range).toEqual(ranges[0]);
    expect(services.references(uri, cursor, false)).toHaveLength(ranges.length - 1);
  });

  it("are found in every file that sees it", () => {
    const host = memoryHost({
      "lib.bilevel": "let shared(x) = x^2\n",
      "other.bilevel": 'import "lib.bilevel"\nlet b = shared(2)\n',
    });
    const { services, cursor } = opened('import "lib.bilevel"\nlet a = sh¦ared(1)', host);
    const found = services.references(uri, cursor, true).map((each) => each.uri);
    expect(found).toEqual(["memory:/lib.bilevel", uri, "memory:/other.bilevel"]);
    expect(services.definition(uri, cursor)?.uri).toBe("memory:/lib.bilevel");
    expect(services.definition(uri, { line: 0, character: 10 })?.uri).toBe("memory:/lib.bilevel");
  });
});

describe("rename", () => {
  const renamed = (source: string, to: string): string => {
    const { services, cursor, text } = opened(source);
    const result = services.rename(uri, cursor, to);
    return "refused" in result ? `refused: ${result.refused}` : edited(text, result.changes?.[uri] ?? []);
  };

  it("changes every place", () => {
    for (const source of Object.values(programs).slice(0, -2))
      expect(renamed(source, "other")).toBe(source.replaceAll("¦", "").replace(/⟦[^⟧]*⟧/g, "other"));
  });

  it("reaches through imports", () => {
    const host = memoryHost({ "lib.bilevel": "let shared(x) = x^2\n" });
    const { services, cursor } = opened('import "lib.bilevel"\nlet a = sh¦ared(1)', host);
    const result = services.rename(uri, cursor, "squared");
    expect(Object.keys(("changes" in result && result.changes) || {})).toEqual(["memory:/lib.bilevel", uri]);
  });

  it.each([
    ["var a¦: real\nvar b: real\nlet c = a + b", "b", "b already stands for something else"],
    ["var a: real\nlet f(x¦) = x + a", "a", "a already stands for something else"],
    ["var a¦: real\nlet f(x) = x + a\nlet b = f(1)", "x", "x already stands for something else"],
    ["var a¦: real", "where", "where is a reserved word"],
    ["var a¦: real", "exp", "exp is a name of the language"],
    ["var a¦: real", "1st", "1st is no name"],
    ["var a¦: real\nlet b = (", "c", "has syntax errors"],
    ['data D: { X¦: real[n, d] } = npz("D.npz")', "Y", "X is what D.npz calls the array"],
    ["let a = 1 ¦+ 2", "c", "no name that this program declares"],
  ])("is refused where it would change a meaning: %s → %s", (source, to, why) => {
    expect(renamed(source, to)).toContain(why);
  });

  it("says beforehand what it would change", () => {
    const { services, cursor, ranges } = opened("var ⟦al¦pha⟧: real");
    expect(services.prepareRename(uri, cursor)).toEqual({ range: ranges[0], placeholder: "alpha" });
    expect(marked("a").cursors).toEqual([]);
  });
});
