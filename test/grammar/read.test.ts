import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../grammar/diagnostics.ts";
import { print } from "../../grammar/print.ts";
import { parse } from "../../grammar/read.ts";
import type { Declaration } from "../../grammar/syntax.ts";
import { keywords, marks } from "../../grammar/tokens.ts";
import { pieces, programs, withoutSpans } from "./programs.ts";

/** A diagnostic as a reader sees it: where, what, and what to do. */
function shown(text: string, { span, code, message, suggestion, notes = [] }: Diagnostic): string {
  const { start, end } = span ?? { start: 0, end: 0 };
  const place =
    start === end
      ? `after ${JSON.stringify(text.slice(0, start).split(/\s+/).at(-1))}`
      : JSON.stringify(text.slice(start, end));
  return [
    `${code} at ${place}: ${message}`,
    ...notes.map((note) => `  ${note.message}`),
    ...(suggestion ? [`  ${suggestion}`] : []),
  ].join("\n");
}

function messages(text: string): string {
  return parse(text, "test.bilevel")
    .diagnostics.map((diagnostic) => shown(text, diagnostic))
    .join("\n");
}

function introduced(declarations: readonly Declaration[]): string[] {
  return declarations.flatMap((d) =>
    "name" in d ? [d.name.text] : d.kind === "data" ? d.names.map(({ text }) => text) : [d.kind],
  );
}

describe("what is read", () => {
  test("spans are offsets in the text as given, names are in NFC", () => {
    const text = "var e\u0301te\u0301: real[2]\r\nlet x = (e\u0301te\u0301 + 1)[0]";
    const { program, diagnostics } = parse(text, "a.bilevel");
    expect(diagnostics).toEqual([]);
    const [first, second] = program.declarations;
    expect(first?.kind === "var" && first.name.text).toBe("été");
    expect(text.slice(second?.span.start, second?.span.end)).toBe("let x = (e\u0301te\u0301 + 1)[0]");
    const value = second?.kind === "let" && second.value.kind === "index" ? second.value : undefined;
    expect(text.slice(value?.object.span.start, value?.object.span.end)).toBe("(e\u0301te\u0301 + 1)");
    expect(program.lineStarts).toEqual([0, 20]);
  });

  test("reserved words are fields, named arguments and solve keys", () => {
    const text =
      "data D: { where: real[n], data: real[n] } = csv(path, data: 1, in: 2)\nlet a = D.where + D.data let b = 2\nsolve { over: D.solve\n where: 2 }";
    const { program, diagnostics } = parse(text, "");
    expect(diagnostics).toEqual([]);
    expect(program.declarations.map(({ kind }) => kind)).toEqual(["data", "let", "let", "solve"]);
  });

  test("`solve`, `sum` and `E` are also called", () => {
    const { program, diagnostics } = parse(
      "let a = solve(A, b) + sum(x, axis: 0) + E(x) + sum[D](x) + E[i in 3](i)",
      "",
    );
    expect(diagnostics).toEqual([]);
    expect(print(program)).toBe("let a = solve(A, b) + sum(x, axis: 0) + E(x) + sum[D](x) + E[i in 3](i)\n");
  });

  test("levels nest by `where` and widen by `and`", () => {
    const { program } = parse(
      "minimize f over u where a minimizes g and b, c maximizes h where d[i] solves d = k(d)",
      "",
    );
    const [problem] = program.declarations;
    const level = problem?.kind === "problem" ? problem.level : undefined;
    expect(level?.clauses.map((clause) => clause.kind)).toEqual(["optimize", "optimize"]);
    expect(level?.deeper?.clauses.map((clause) => clause.kind)).toEqual(["solves"]);
    expect(level?.deeper?.deeper).toBeUndefined();
  });

  test("a product in parentheses after `*` is marked", () => {
    const { program } = parse("let x = a * (B @ c) + d * B @ c", "");
    const [declaration] = program.declarations;
    expect(JSON.stringify(declaration).match(/parenthesized/g)).toHaveLength(1);
  });

  test("strings have the escapes of JSON", () => {
    const { program, diagnostics } = parse(String.raw`import "a\"\\\n\u00e9/b"`, "");
    expect(diagnostics).toEqual([]);
    expect(program.declarations[0]).toMatchObject({ path: 'a"\\\né/b' });
  });
});

describe("messages", () => {
  test.each([
    ["a string in single quotes", "data D = csv('a.csv', y: \"t\")"],
    ["a power as in Python", "let a = x**2"],
    ["an elementwise operator as in Julia", "let a = x .^ 2\nlet b = x.^2"],
    ["British spelling", "minimise f(x) over x"],
    ["the verb of the problem in a clause", "minimize f over u where a, b minimize g"],
    ["the verb of a clause in the problem", "minimizes f over u"],
    ["a missing `var`", "dim n = 3\ntheta: real[n]"],
    ["a missing `let`", "dim n = 3\na = n + 1"],
    ["a missing `where`", "minimize f over u\ny minimizes g"],
    ["a missing `minimize`", "dim n = 3\nf(x) over x"],
    ["a missing `over`", "minimize f(x) x where y minimizes g"],
    ["a misspelt keyword", "var x: real\nvra y: real\nvar z: real ini 3"],
    ["a bracket that is not closed", "let a = f(x, g(y)\nlet b = 2"],
    ["a bracket that closes nothing", "let a = f(x))\nlet b = 2"],
    ["brackets that do not match", "let a = f(x[0)]"],
    ["a comparison chain", "let a = 0 <= x <= 1"],
    ["`=` for a constraint", "minimize f over x subject to sum(x) = 1"],
    ["`==` for an equation", "where x solves x == f(x)"],
    ["something that is no constraint", "minimize f over x subject to x, x < 1"],
    ["a call of a number", "let a = 2(x + 1)"],
    ["a product without `*`", "let a = 2x\nlet b = x y"],
    ["a call of a call", "let a = f(x)(y)"],
    ["an entry of a list", "let a = [1, 2][0]"],
    ["numbers without a digit beside the point", "let a = .5\nlet b = 5. + 1"],
    ["a reserved word as a name", "var data: real\nlet a = 1 + report"],
    ["words for operators", "let a = x or y\nlet b = not x\nlet c = x and y"],
    ["an unterminated string", 'let a = csv("a.csv)\nlet b = 1'],
    ["an unknown escape", String.raw`let a = csv("C:\data")`],
    ["characters from elsewhere", "let a = 2 × x\nlet b = x ≤ 1\nlet c = $"],
    ["an unknown type", "var x: reel[2]\nvar w: weight(f)\nvar v: string"],
    ["positional after named", "let a = f(k: 1, 2)"],
    ["a missing value", "let a =\nlet b = 2"],
    ["a missing comma", "let a = f(x y)"],
    ["a selection by something unknown", "where x minimizes f by newton"],
    ["`and` without `where`", "minimize f over x\nreport r = 1\nand y minimizes g"],
    ["two unknowns of one equation", "where x, y solves x = f(y)"],
    ["a modifier twice", "var x: real init 1 init 2"],
    ["a type for two tables", "data a, b: { x: real[n] } = split(D, 0.5, 0.5)"],
    ["a reducer that is not called", "let a = E[D] x"],
    ["nothing but a mark", "+"],
  ])("%s", (_, text) => {
    expect(messages(text)).toMatchSnapshot();
  });

  test("two mistakes are two messages, in the order of the text", () => {
    const text = "let a = f(x\nvar y real\nlet ok = 1\nminimize f over over\nwhere z minimizs g\nwhere w minimizes h)";
    const { program, diagnostics } = parse(text, "");
    expect(diagnostics.map(({ code }) => code)).toEqual([
      "unclosed-bracket",
      "syntax-error",
      "syntax-error",
      "unknown-keyword",
      "unmatched-bracket",
    ]);
    expect(introduced(program.declarations)).toEqual(["ok", "problem"]);
    expect(program.unread).toEqual(["a", "y", "z", "w"]);
  });
});

describe("one mistake", () => {
  const isWord = (image: string) => Object.hasOwn(keywords, image);
  const swapped = (image: string) => `${image[1]}${image[0]}${image.slice(2)}`;

  /** Each keyword, operator and bracket left out; keywords misspelt in two ways; brackets doubled. */
  function mutations(text: string): { readonly what: string; readonly at: number; readonly text: string }[] {
    return pieces(text).flatMap(({ image, start, end }) => {
      const instead = isWord(image)
        ? image.length > 3
          ? ["", swapped(image), image.slice(0, -1)]
          : [""]
        : Object.hasOwn(marks, image)
          ? [""]
          : [];
      if (/^[)\]}]$/.test(image)) instead.push(image + image);
      return instead.map((by) => ({
        what: `${image} -> ${by} at ${start}`,
        at: start,
        text: text.slice(0, start) + by + text.slice(end),
      }));
    });
  }

  test.each(programs)("in $name is at most one message and costs no other declaration", ({ text }) => {
    const { declarations } = parse(text, "").program;
    for (const mutation of mutations(text)) {
      const { program, diagnostics } = parse(mutation.text, "");
      expect(diagnostics.length, mutation.what).toBeLessThanOrEqual(1);
      const others = declarations.filter(({ span }) => mutation.at < span.start || span.end <= mutation.at);
      const left = new Set(program.declarations.map((declaration) => JSON.stringify(withoutSpans(declaration))));
      for (const other of others) expect(left.has(JSON.stringify(withoutSpans(other))), mutation.what).toBe(true);
    }
  });

  test("in a bracket is always noticed, and a second one further down too", () => {
    for (const { text } of programs) {
      const brackets = mutations(text).filter(({ what }) => /^[()[\]{}]/.test(what));
      for (const { what, text: broken } of brackets) {
        expect(parse(broken, "").diagnostics.length, what).toBe(1);
        expect(
          parse(`${broken}\nlet last = (1`, "").diagnostics.map(({ code }) => code),
          what,
        ).toContain("unclosed-bracket");
        expect(parse(`${broken}\nlet last = (1`, "").diagnostics.length, what).toBe(2);
      }
    }
  });
});

describe("any input", () => {
  test("nesting is limited and chains too, without overflowing the stack", () => {
    const codes = (text: string) => parse(text, "").diagnostics.map(({ code }) => code);
    const deep = (open: string, close: string, n: number) => `let a = ${open.repeat(n)}x${close.repeat(n)}\nlet b = 1`;
    for (const [open, close] of [
      ["(", ")"],
      ["[", "]"],
      ["f(", ")"],
      ["-", ""],
      ["!", ""],
      ["x^", ""],
      ["x[", "]"],
      ["E[D](", ")"],
    ] as const) {
      expect(codes(deep(open, close, 100)), open).toEqual([]);
      expect(codes(deep(open, close, 20_000)), open).toEqual(["too-deep"]);
      expect(introduced(parse(deep(open, close, 20_000), "").program.declarations)).toContain("b");
    }
    expect(codes(`let a = x${" + x".repeat(500)}`)).toEqual([]);
    expect(codes(`let a = x${" + x".repeat(20_000)}`)).toEqual(["too-deep"]);
    expect(codes(`let a = x${"'".repeat(20_000)}`)).toEqual(["too-deep"]);
    expect(codes(`let a = [${"x, ".repeat(20_000)}]`)).toEqual([]);
    expect(codes("where x minimizes f\n".repeat(20_000))).toEqual(["too-deep"]);
    const longest = `let a = x${" + (x".repeat(200)}${")".repeat(200)}${" * x - x".repeat(300)}`;
    expect(codes(longest)).toEqual([]);
    expect(codes(print(parse(longest, "").program))).toEqual([]);
  });

  test("soups of words and marks never throw, and what is read prints", () => {
    const soup = fc.array(
      fc.constantFrom(
        ...Object.keys(keywords),
        ...Object.keys(marks),
        "x",
        "y",
        "1",
        '"s"',
        "'",
        "\n",
        "# c\n",
        "## d\n",
        "adjoint",
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(soup, (words) => {
        const text = words.join(" ");
        const { program, diagnostics } = parse(text, "");
        const printed = print(program);
        if (diagnostics.length === 0)
          expect(withoutSpans(parse(printed, "").program.declarations)).toEqual(withoutSpans(program.declarations));
        for (const { span } of diagnostics) {
          expect(span?.start).toBeLessThanOrEqual(span?.end ?? -1);
          expect(span?.end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("any characters never throw", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ maxLength: 40 }), (odd, ascii) => {
        for (const text of [odd, ascii, `let a = ${ascii}`]) print(parse(text, "").program);
      }),
      { numRuns: 1000 },
    );
  });
});
